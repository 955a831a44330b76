"""`python -m benchmarks.gpu`: everything that a GPU should be asked, most important first, each result written at once.

It needs NumPy, Numba, torch, JAX and pandas, and the kit of `benchmarks.gpu_kit`. Tables are those of the experiments
`conformance` and `benchmarks`, in a set of results of their own. `--device cpu --tiny` goes the same way anywhere.
"""

import argparse
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from backends.conformance import table
from backends.core import catalog
from backends.core.errors import exit_code
from backends.core.sources import ROOT
from backends.interface import UserError
from benchmarks import gpu_kit, gpu_stages, measure
from experiments.harness import record, schema

MACHINES = ("gpu_compute", "jax_tensor", "torch_neural")
Row = tuple[str, str, dict[str, Any]]
"""Experiment, table, and the columns of a row."""


@dataclass
class Run:
    """What is asked, and what is known so far. until: `time.monotonic` when it must end."""

    kit: gpu_kit.Kit
    device: str
    tiny: bool
    out: Path
    until: float
    rounds: int = 5
    started: float = field(default_factory=time.time)
    rows: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def keep(self, row: Row) -> None:
        """Write a result, beside those of its experiment that are there."""
        experiment, name, columns = row
        self.rows.setdefault((experiment, name), []).append(columns)
        tables = {t: pd.DataFrame(found) for (e, t), found in self.rows.items() if e == experiment}
        schema.check_all(experiment, tables)
        scale = "smoke" if self.tiny else "quick"
        config = {"experiment": {"name": experiment}, "scale": scale, "seed": 0, "device": self.device}
        facts = record.describe(config, "gpu", [], self.started, time.time() - self.started)
        record.write(self.out / experiment, facts, tables)
        print(f"{experiment}/{name}:", *(f"{v:,.4g}" if isinstance(v, float) else v for v in columns.values()))

    def rate(self, amount: float, work: Callable[[], object]) -> dict[str, float]:
        """`amount` a second, with its interval; the first call is not counted."""
        work()
        value, low, high = measure.interval([amount / measure.elapsed(work) for _ in range(self.rounds)])
        return {"value": value, "low": low, "high": high}


def conformance(run: Run, machine: str, kinds: tuple[str, ...]) -> Iterator[Row]:
    """Cases of some kinds against `reference`."""
    scale = table.SCALES["smoke"]
    if run.tiny:
        scale = replace(scale, vectors=4, soft_programs=1, gradients=1, programs=25, isas=("rv32em",))
    checker = table.Checker(machine, scale, run.device, run.kit.suite)
    for kind in checker.kinds():
        if kind in kinds:
            row = checker.row(kind)
            if row.failed:
                run.failed.append(f"{machine} {kind}: {row.first_failure}")
            yield "conformance", "cases", asdict(row)


def stages() -> list[tuple[str, Callable[[Run], Iterator[Row]]]]:
    """What is done, in this order."""
    hard, soft = ("value", "trap", "timing"), ("soft limit", "gradient")
    return [
        ("hardware", gpu_stages.hardware),
        *((f"conformance of {m}", lambda run, m=m: conformance(run, m, hard)) for m in MACHINES),
        ("throughput of gpu_compute", lambda run: gpu_stages.throughput(run, "gpu_compute", gpu_kit.PROGRAMS, 20)),
        ("throughput of jax_tensor", lambda run: gpu_stages.throughput(run, "jax_tensor", ("loop", "mixed"), 14)),
        ("throughput of torch_neural", lambda run: gpu_stages.throughput(run, "torch_neural", ("loop", "mixed"), 14)),
        ("soft steps", gpu_stages.soft_steps),
        *((f"soft conformance of {m}", lambda run, m=m: conformance(run, m, soft)) for m in MACHINES[1:]),
        ("evaluations for search", gpu_stages.evaluations),
        ("neural addition", gpu_stages.addition),
    ]


def everything(run: Run) -> int:
    """All stages as far as the time goes; 1 where a machine does not conform or a stage fails."""
    for name, stage in stages():
        left = run.until - time.monotonic()
        if left <= 0:
            print(f"{name}: not run, the time is over", file=sys.stderr)
            continue
        print(f"-- {name} ({left:.0f} s left)", flush=True)
        try:
            for row in stage(run):
                run.keep(row)
                if time.monotonic() > run.until:
                    break
        except Exception as error:  # whatever a GPU does to one stage, the others are worth having
            traceback.print_exc()
            run.failed.append(f"{name}: {type(error).__name__}: {error}")
    for line in run.failed:
        print(f"error: {line}", file=sys.stderr)
    return int(bool(run.failed))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description="Conformance and benchmarks on a GPU.")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="default: cuda")
    parser.add_argument("--kit", type=Path, default=gpu_kit.FOLDER, help="made by make gpu-kit (default: build/gpu-kit)")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "gpu", help="results folder (default: results/gpu)")
    parser.add_argument("--minutes", type=float, default=7.0, help="begin nothing later (default: 7)")
    parser.add_argument("--tiny", action="store_true", help="the smallest sizes, to see that all of it works")
    options = parser.parse_args(arguments)

    def run() -> int:
        for machine in MACHINES:
            known = catalog.describe(machine)
            if isinstance(known, str) or options.device not in known.devices:
                has = known if isinstance(known, str) else f"it has {', '.join(known.devices)}"
                raise UserError(f"{machine} has no device '{options.device}' here: {has}")
        kit, until = gpu_kit.read(options.kit), time.monotonic() + 60 * options.minutes
        return everything(Run(kit, options.device, options.tiny, options.out, until, 2 if options.tiny else 5))

    return exit_code(run)


if __name__ == "__main__":
    sys.exit(main())
