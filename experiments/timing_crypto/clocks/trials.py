"""The dudect procedure on the native build, and on every machine as seen from outside, by who can only time its runs."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backends.interface import Backend
from experiments.harness import progress
from experiments.timing_crypto import programs
from experiments.timing_crypto.clocks import native
from experiments.timing_crypto.clocks.dudect import Measurements, classes, dudect
from experiments.timing_crypto.programs import TIMED, compare_functions, sized
from experiments.timing_crypto.schema import TABLES

NATIVE = (
    ("compare_early", False, 10), ("compare_constant", False, 1), ("aes_ttable", False, 1), ("aes_ttable", True, 1),
    ("aes_bitsliced", False, 1),
)  # fmt: skip
"""What is timed on the host: implementation, whether its tables are flushed, and by what its measurements are divided."""
COMPARISONS = ("compare_early", "compare_constant")
COMPARED_BYTES = {"gpu_compute": 4096, "jax_tensor": 4096, "torch_neural": 4}
"""By machine, so that comparing takes a good part of a run, and a run takes milliseconds."""
_OTHERWISE_BYTES = 256
_WARM_UP = 10


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


def wall_clock(name: str, machine: Backend, function: str, measurements: int, seed: int, device: str = "cpu") -> Measurements:
    """Single runs of a comparison, timed from outside. Fixed: the secret equals what is given; random: it does not. The classes
    alternate at random. name: of the machine."""
    noise, size = np.random.default_rng(seed), COMPARED_BYTES.get(name, _OTHERWISE_BYTES)
    call = sized(function, compare_functions(size)).prepare(function).on(device=device)
    given, length = noise.integers(0, 256, (1, size), np.uint8), np.array([size], np.uint32)
    fixed = classes(measurements, noise)
    timed = np.zeros(measurements)
    for k in range(-_WARM_UP, measurements):  # negative ones, which compile and warm up, are written over
        drawn = noise.integers(0, 256, given.shape, np.uint8)  # in both classes: what comes before a run must be alike
        batch = call.batch({"a": np.where(fixed[max(k, 0)], given, drawn), "b": given, "n": length})
        start = time.perf_counter_ns()
        programs.run(machine, call, batch)
        timed[k] = time.perf_counter_ns() - start
    return Measurements(timed, fixed, "monotonic")


def variance(implementations: Sequence[str], inputs: int, calls: int, seed: int) -> pd.DataFrame:
    """The table `variance`, of the native build."""
    names = [i for i in TIMED if i in implementations]
    tables = [native.variance(i, inputs, calls, seed) for i in progress.track(names, "variance", len(names))]
    return pd.concat(tables or [TABLES["variance"].frame([])], ignore_index=True)
