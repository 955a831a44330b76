"""Timing that can be compared: pairs run in turn, medians with bootstrap intervals, programs of a stated length."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from backends.core import catalog, toolchain
from backends.interface import Batch, MachineConfig, Program

HERE = Path(__file__).parent
ENDLESS = 0x7FFFFFFF
"""Rounds for a program that is to run until `max_steps`."""


@dataclass(frozen=True)
class Load:
    """A program, a machine that holds it, and one instance to run."""

    program: Program
    config: MachineConfig
    one: Batch

    def batch(self, size: int, rounds: int | None = None) -> Batch:
        """`size` copies of the instance; rounds: what it finds in a0."""
        registers = np.repeat(self.one.registers, size, axis=0)
        if rounds is not None:
            registers[:, 10] = rounds
        return Batch(registers)

    def work(self, backend: str, size: int, steps: int) -> Callable[[], object]:
        """A run of `size` instances that ends after `steps` instructions of each."""
        machine, batch = catalog.create(backend), self.batch(size)
        return lambda: machine.run(self.program, batch, self.config, steps)


@cache
def load(name: str, device: str = "cpu") -> Load:
    """`benchmarks/programs/<name>.c`, which runs for ever unless told how many rounds, in a memory of its size and a
    1 KiB stack, so that thousands of instances fit."""
    program, isa = toolchain.load(HERE / "programs" / f"{name}.c", "rv32em")
    config = toolchain.machine_for(program, isa, (len(program.image) + 15 & ~15) + 1024, device=device)
    return Load(program, config, Batch(toolchain.initial_registers(config, {10: ENDLESS})))


def steps_for(backend: str, load_: Load, batch: int, seconds: float, least: int = 64) -> int:
    """Instructions per instance that keep the machine busy for about `seconds`; runs it, so that it is compiled."""
    elapsed(load_.work(backend, batch, least))
    steps = least
    while (spent := elapsed(load_.work(backend, batch, steps))) < seconds / 4:
        steps = int(steps * min(16.0, max(2.0, seconds / 2 / spent)))
    return max(least, int(steps * seconds / spent))


def elapsed(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def interval(samples: list[float], seed: int = 0, resamples: int = 2000) -> tuple[float, float, float]:
    """Median and its 95 % bootstrap interval (percentile method)."""
    values = np.asarray(samples, np.float64)
    chosen = np.random.default_rng(seed).integers(0, len(values), (resamples, len(values)))
    low, high = np.percentile(np.median(values[chosen], axis=1), [2.5, 97.5])
    return float(np.median(values)), float(low), float(high)
