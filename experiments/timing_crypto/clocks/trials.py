"""Noisy clocks: the native build on the processor's counter, and the machines as seen from outside, by the dudect procedure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from backends.interface import Backend
from experiments.harness import progress
from experiments.timing_crypto.clocks import native
from experiments.timing_crypto.clocks.dudect import Measurements, dudect
from experiments.timing_crypto.clocks.outside import wall_clock
from experiments.timing_crypto.schema import TABLES

NATIVE = (
    ("compare_early", False, 10), ("compare_constant", False, 1), ("aes_ttable", False, 1), ("aes_ttable", True, 1),
    ("aes_bitsliced", False, 1),
)  # fmt: skip
"""What is timed on the host: implementation, whether its tables are flushed, and by what its measurements are divided."""
COMPARISONS = ("compare_early", "compare_constant")


@dataclass(frozen=True)
class Trials:
    """Measurements of a native test, of a machine's wall clock, and how many seeds."""

    native: int
    wall_clock: int
    seeds: int


def noisy(
    implementations: Sequence[str], machines: Mapping[str, Backend], trials: Trials, seed: int, device: str = "cpu"
) -> pd.DataFrame:
    """The table `dudect`: a row a clock, condition, seed and number of measurements. max_t: of all croppings and orders so far;
    mean_difference: at the end."""
    rows: list[tuple] = []
    seeds = range(seed, seed + trials.seeds)
    runs = [(*c, s) for c in NATIVE if c[0] in implementations for s in seeds]
    for implementation, flush, less, number in progress.track(runs, "native clock", len(runs)):
        measured = native.measure(implementation, max(2, trials.native // less), number, flush=flush)
        rows += _points("native", implementation, ", flushed" if flush else "", number, measured)
    outside = [(m, c, s) for m in machines for c in COMPARISONS if c in implementations for s in seeds]
    for name, implementation, number in progress.track(outside, "wall clock", len(outside)):
        measured = wall_clock(name, machines[name], implementation, trials.wall_clock, number, device)
        rows += _points(name, implementation, "", number, measured)
    return TABLES["dudect"].frame(rows)


def _points(machine: str, implementation: str, cache: str, seed: int, measured: Measurements) -> Iterator[tuple]:
    found, condition = dudect(measured.cycles, measured.classes), implementation.replace("_", " ") + cache
    for count, t in zip(found.measurements, found.t, strict=True):
        yield machine, implementation, condition, measured.clock, seed, int(count), float(t), found.mean_difference


def variance(implementations: Sequence[str], inputs: int, calls: int, seed: int) -> pd.DataFrame:
    """The table `variance`, of the native build."""
    names = [i for i in native.CALLS if i in implementations]
    tables = [native.variance(i, inputs, calls, seed) for i in progress.track(names, "variance", len(names))]
    return pd.concat(tables or [TABLES["variance"].frame([])], ignore_index=True)
