"""`python -m benchmarks.gpu`: everything that a GPU should be asked, most important first, each result written at once.

It needs NumPy, Numba, torch, JAX and pandas, and the kit of `benchmarks.gpu_kit`. Tables are those of the experiments
`conformance` and `benchmarks`, in a set of results of their own. `--device cpu --tiny` goes the same way anywhere.
"""

import argparse
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from backends.conformance import table
from backends.core import catalog
from backends.core.errors import exit_code
from backends.core.sources import ROOT
from benchmarks import gpu_kit, gpu_stages, measure
from benchmarks.measure import Load
from experiments.harness import record, schema

MACHINES = ("gpu_compute", "jax_tensor", "torch_neural")
Row = tuple[str, str, dict[str, Any]]
"""Experiment, table, and the columns of a row."""
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # three frameworks share the GPU's memory


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
        rows = self.rows | {row[:2]: [*self.rows.get(row[:2], []), columns]}
        tables = {t: pd.DataFrame(found) for (e, t), found in rows.items() if e == experiment}
        schema.check_all(experiment, tables)
        self.rows = rows
        scale = "smoke" if self.tiny else "quick"
        config = {"experiment": {"name": experiment}, "scale": scale, "seed": 0, "device": self.device}
        facts = record.describe(config, "gpu", [], self.started, time.time() - self.started)
        record.write(self.out / experiment, facts, tables)
        print(f"{experiment}/{name}:", *(f"{v:,.4g}" if isinstance(v, float) else v for v in columns.values()))

    def there(self, name: str) -> Load:
        """A load of the kit, on the device."""
        load = self.kit.loads[name]
        return replace(load, config=replace(load.config, device=self.device))

    def rate(self, amount: float, work: Callable[[], object]) -> dict[str, float]:
        """`amount` a second, with its interval; the first call is not counted."""
        work()
        value, low, high = measure.interval([amount / measure.elapsed(work) for _ in range(self.rounds)])
        return {"value": value, "low": low, "high": high}


def conformance(run: Run, machine: str, kinds: tuple[str, ...]) -> Iterator[Row]:
    """Cases of some kinds against `reference`."""
    scale = replace(table.SCALES["quick"], isas=("rv32em",))
    if run.tiny:
        scale = replace(scale, vectors=4, soft_programs=1, gradients=1, programs=25)
    checker = table.Checker(machine, scale, run.device, run.kit.suite)
    for kind in checker.kinds():
        if kind in kinds:
            row = checker.row(kind)
            if row.failed:
                run.failed.append(f"{machine} {kind}: {row.first_failure}")
            yield "conformance", "cases", asdict(row)


def stages(device: str) -> list[tuple[str, str, Callable[[Run], Iterator[Row]]]]:
    """What is done on a device, in this order: a name, the machine that it concerns, and the rows."""
    own, slow = MACHINES[0], MACHINES[1:]
    speed = partial(gpu_stages.throughput, machine=own) if device == "cpu" else gpu_stages.compiled
    hard = ("value", "trap", "timing")
    return [
        ("hardware", own, gpu_stages.hardware),
        (f"conformance of {own}", own, partial(conformance, machine=own, kinds=hard)),
        (f"throughput of {own}", own, speed),
        ("evaluations for search", own, gpu_stages.evaluations),
        *((f"conformance of {m}", m, partial(conformance, machine=m, kinds=hard)) for m in slow),
        *((f"gradients of {m}", m, partial(conformance, machine=m, kinds=("gradient",))) for m in slow),
        ("coprocessor", "torch_neural", gpu_stages.coprocessor),
        ("neural addition", "torch_neural", gpu_stages.addition),
        *((f"throughput of {m}", m, partial(gpu_stages.throughput, machine=m)) for m in slow),
        ("soft steps of jax_tensor", slow[0], partial(gpu_stages.soft_steps, machine=slow[0])),
        *((f"soft limit of {m}", m, partial(conformance, machine=m, kinds=("soft limit",))) for m in slow),
        ("soft steps of torch_neural", slow[1], partial(gpu_stages.soft_steps, machine=slow[1])),  # minutes each
    ]


def everything(run: Run) -> int:
    """All stages as far as the time goes; 1 where a machine does not conform or a stage fails."""
    lacking = {m: why for m in MACHINES if isinstance(why := catalog.describe(m, run.device), str)}
    for machine, why in lacking.items():
        print(f"{machine} is not run: {why}", file=sys.stderr)
    for name, machine, stage in stages(run.device):
        left = run.until - time.monotonic()
        if machine in lacking:
            continue
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
        catalog.create(MACHINES[0], options.device)  # without it there is nothing to say
        kit, until = gpu_kit.read(options.kit), time.monotonic() + 60 * options.minutes
        return everything(Run(kit, options.device, options.tiny, options.out, until, 2 if options.tiny else 5))

    return exit_code(run)


if __name__ == "__main__":
    sys.exit(main())
