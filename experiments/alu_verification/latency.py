"""How long one arithmetic operation takes, alone and in a batch.

`torch_neural` is timed at its arithmetic unit: words in, words out, the networks evaluated in between. The other machines
have no unit that could be called; they are timed at a loop of 30 times the operation and two instructions that count, less a
single turn of it, per operation (so that a fifteenth of the time is the loop's). Every figure is the median of repetitions
with the lower and upper quartile.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from backends.core import isa
from backends.interface import Backend, Batch, MachineConfig, Program
from backends.torch_neural import TorchNeural
from backends.torch_neural.units import evaluation
from experiments.alu_verification.schema import TABLES

_BODY = 30  # operations in one turn of the loop
_LEAST_S, _MOST_TURNS = 0.01, 1 << 20  # a timed run takes at least so long, or so many turns
_REPETITIONS = 15
_BUDGET_S = 0.05  # per operation and batch; there are at least three repetitions


def latency(
    name: str, backend: Backend, batches: Sequence[int], seed: int, operations: Sequence[str] = isa.ARITHMETIC,
    device: str = "cpu",
) -> pd.DataFrame:  # fmt: skip
    """The table `latency`: seconds for the batch; low and high are quartiles."""
    rows = []
    for batch in batches:
        a, b = np.random.default_rng(seed).integers(0, 1 << 32, (2, batch), dtype=np.uint32)
        for operation in operations:
            prepare = _unit if isinstance(backend, TorchNeural) else _loop
            low, median, high = np.quantile(_repeat(prepare(backend, operation, a, b, device)), (0.25, 0.5, 0.75))
            rows.append((name, operation, batch, median, low, high))
    return TABLES["latency"].frame(rows)


def _repeat(timer: Callable[[], float]) -> list[float]:
    """Measured times after one run that warms up."""
    timer()
    start = time.perf_counter()
    times: list[float] = []
    while len(times) < 3 or (len(times) < _REPETITIONS and time.perf_counter() - start < _BUDGET_S):
        times.append(timer())
    return times


def _unit(backend: Backend, operation: str, a: np.ndarray, b: np.ndarray, device: str) -> Callable[[], float]:
    assert isinstance(backend, TorchNeural)
    units, calls = backend.units(device), max(1, 64 // len(a))

    def timer() -> float:
        with evaluation():
            start = time.perf_counter()
            for _ in range(calls):
                units.operate(operation, a, b)
            return (time.perf_counter() - start) / calls

    return timer


def _loop(backend: Backend, operation: str, a: np.ndarray, b: np.ndarray, device: str) -> Callable[[], float]:
    words = [isa.encode(operation, 12, 10, 11)] * _BODY + [isa.encode("addi", 5, 5, imm=-1)]
    words += [isa.encode("bne", rs1=5, rs2=0, imm=-4 * len(words)), isa.encode("ebreak")]
    program, config = (Program(np.array(words, "<u4").view(np.uint8), 0, 0), MachineConfig(memory_bytes=256, device=device))

    def run(turns: int) -> float:
        registers = np.zeros((len(a), 16), np.uint32)
        registers[:, 10], registers[:, 11], registers[:, 5] = a, b, turns
        start = time.perf_counter()
        backend.run(program, Batch(registers), config, turns * (_BODY + 2) + 1)
        return time.perf_counter() - start

    fastest = lambda turns: min(run(turns) for _ in range(3))  # noqa: E731 -- what disturbs a run makes it slower
    run(1)
    single, turns = fastest(1), 3
    while turns < _MOST_TURNS and fastest(turns) < max(_LEAST_S, 2 * single):
        turns *= 2
    return lambda: (run(turns) - single) / (_BODY * (turns - 1))
