"""`python -m benchmarks.gpu_kit`: what `benchmarks.gpu` needs and a GPU machine cannot make.

These are programs, compiled, and random ones, which Hypothesis generates.
"""

import argparse
import lzma
import pickle
import sys
from dataclasses import dataclass
from pathlib import Path

from backends.conformance.cases import Suite
from backends.core.errors import exit_code
from backends.core.sources import ROOT
from backends.interface import REGISTERS, UserError
from benchmarks.measure import Load

FOLDER = ROOT / "build" / "gpu-kit"
FILE = "kit.pickle.xz"
RANDOM_PROGRAMS = 100


@dataclass(frozen=True)
class Kit:
    """suite: of conformance. loads: of the benchmarks, by name."""

    suite: Suite
    loads: dict[str, Load]


def make() -> Kit:
    """Compile and generate everything."""
    from backends.conformance import cases, generate
    from backends.conformance.table import SCALES
    from benchmarks import gpu_stages, measure

    files = {name: cases.file_cases(name) for name in SCALES["quick"].isas}
    random = {name: generate.some(name, RANDOM_PROGRAMS) for name in REGISTERS}
    return Kit(Suite(files, random), {name: measure.load(name) for name in gpu_stages.PROGRAMS})


def write(folder: Path) -> Path:
    """Make the kit and write it; returns its file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    kit = make()
    file.write_bytes(lzma.compress(pickle.dumps((kit.suite, kit.loads))))
    return file


def read(folder: Path) -> Kit:
    """The kit in a folder. It is code: read none that you did not make. Raises UserError where there is none."""
    file = folder / FILE
    if not file.is_file():
        raise UserError(f"no kit in {folder}: make gpu-kit, where there is a compiler, and bring {file.name} here")
    try:
        return Kit(*pickle.loads(lzma.decompress(file.read_bytes())))
    except (lzma.LZMAError, pickle.UnpicklingError, EOFError, AttributeError, ImportError) as error:
        raise UserError(f"{file} is damaged or of other code ({error}): make gpu-kit again") from None


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_kit", description="Make the kit of a GPU machine.")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder (default: build/gpu-kit)")
    options = parser.parse_args(arguments)

    def made() -> int:
        file = write(options.out)
        print(f"{file}: {file.stat().st_size:,} bytes")
        return 0

    return exit_code(made)


if __name__ == "__main__":
    sys.exit(main())
