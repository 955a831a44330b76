"""How long one arithmetic operation takes, alone and in a batch.

`torch_neural` is timed at its arithmetic unit: words in, words out, the networks evaluated in between. The other machines
have no unit that could be called; they are timed at runs of a line of the operation, less the runs of a shorter line, per
instruction. Every figure is the median of repetitions with the lower and upper quartile.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from backends.core import isa
from backends.interface import Backend, Batch, MachineConfig, Program
from backends.torch_neural import TorchNeural
from backends.torch_neural.units import evaluation

_LONG, _SHORT = 48, 16  # instructions of the two lines
_REPETITIONS = 15
_BUDGET_S = 1.0  # per operation and batch; there are at least three repetitions


def latency(
    name: str,
    backend: Backend,
    batches: Sequence[int],
    seed: int,
    operations: Sequence[str] = isa.ARITHMETIC,
    device: str = "cpu",
) -> pd.DataFrame:
    """Columns backend, operation, batch, median_s, low_s, high_s: seconds for the batch; low and high: quartiles."""
    rows = []
    for batch in batches:
        a, b = np.random.default_rng(seed).integers(0, 1 << 32, (2, batch), dtype=np.uint32)
        for operation in operations:
            timer = (
                _unit(backend, operation, a, b, device)
                if isinstance(backend, TorchNeural)
                else _lines(backend, operation, a, b, device)
            )
            low, median, high = np.quantile(_repeat(timer), (0.25, 0.5, 0.75))
            rows.append((name, operation, batch, median, low, high))
    return pd.DataFrame(rows, columns=["backend", "operation", "batch", "median_s", "low_s", "high_s"])


def _repeat(timer: Callable[[], float]) -> list[float]:
    """Measured times after one run that warms up."""
    timer()
    start = time.perf_counter()
    times: list[float] = []
    while len(times) < 3 or (len(times) < _REPETITIONS and time.perf_counter() - start < _BUDGET_S):
        times.append(timer())
    return times


def _unit(backend: TorchNeural, operation: str, a: np.ndarray, b: np.ndarray, device: str) -> Callable[[], float]:
    units, calls = backend.units(device), max(1, 64 // len(a))

    def timer() -> float:
        with evaluation():
            start = time.perf_counter()
            for _ in range(calls):
                units.operate(operation, a, b)
            return (time.perf_counter() - start) / calls

    return timer


def _lines(backend: Backend, operation: str, a: np.ndarray, b: np.ndarray, device: str) -> Callable[[], float]:
    registers = np.zeros((len(a), 16), np.uint32)
    registers[:, 10], registers[:, 11] = a, b
    config = MachineConfig(memory_bytes=4 * (_LONG + 1), device=device)

    def run(count: int) -> float:
        words = np.array([isa.encode(operation, 12, 10, 11)] * count + [isa.encode("ebreak")], "<u4")
        start = time.perf_counter()
        backend.run(Program(words.view(np.uint8), 0, 0), Batch(registers), config, count + 1)
        return time.perf_counter() - start

    return lambda: max(run(_LONG) - run(_SHORT), 0.0) / (_LONG - _SHORT)
