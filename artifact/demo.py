"""`make demo`: six lines that show the suite, run for real, and a picture of what the terminal showed."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from backends.core.errors import exit_code
from backends.interface import UserError
from experiments.harness import record
from experiments.harness.provenance import ROOT

OUT = ROOT / "figures" / "demo.svg"
EXAMPLES = "in.a0,out.a0\n5,4\n8,0\n12,8\n7,6\n96,64\n1,0\n255,254\n80,64\n6,4\n3,2\n"
CHECK = "python -m experiments.timing_crypto check programs/crypto/compare.c --secret a:16 --public b:16 --public n"
SHOWN = {
    "A C program, multiplied by trained networks: 5! is the exit code": (
        "python -m backends run programs/factorial.c --backend torch_neural"
    ),
    "Does its time tell the secret? The line that does": f"{CHECK} --function compare_early",
    "And the repaired one: a proof": f"{CHECK} --function compare_constant",
    "A program from examples: clear the lowest set bit": (
        "python -m experiments.synthesis solve {folder}/lowest.csv --length 3 --budget-s 60"
    ),
    "Does the compiled machine agree with the specification?": (
        "python -m backends conform --backend gpu_compute --scale smoke"
    ),
    "A published claim, judged by recorded tables": "python -m artifact.claims ncpu-mul-12x",
}
"""What a line shows, and the line."""


def run(command: str, folder: str) -> str:
    """What a command prints on both streams, and its exit code. Raises UserError where it cannot run."""
    words = command.format(folder=folder).split()
    done = subprocess.run(
        [sys.executable, *words[1:]], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "110"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False,
    )  # fmt: skip
    if done.returncode == 2:
        raise UserError(f"'{command}' failed: {done.stdout.strip()}")
    return f"{done.stdout}exit code {done.returncode}".replace(folder, ".")


def demonstrate(out: Path) -> int:
    """Run all, show them on the terminal, and write the picture."""
    console = Console(record=True, width=120)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "lowest.csv").write_text(EXAMPLES, encoding="utf-8")
        for what, command in SHOWN.items():
            console.print(Text(f"# {what}", style="dim"))
            console.print(Text(f"$ {command.format(folder='.')}", style="bold"))
            console.print(Text(run(command, folder)), "")
    record.write_files(out.parent, {out.name: console.export_svg(title="Differentiable Computers", unique_id="demo")})
    print(out)
    return 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m artifact.demo", description="Six lines that show the suite.")
    parser.add_argument("--out", type=Path, default=OUT, help="the picture (default: figures/demo.svg)")
    options = parser.parse_args(arguments)
    return exit_code(lambda: demonstrate(options.out))


if __name__ == "__main__":
    sys.exit(main())
