"""Compilation and launch of the step: Numba threads on CPU cores, one CUDA thread an instance on a GPU.

On a GPU the registers of a block's instances lie in shared memory while the kernel runs, register after register, so that the
32 lanes of a warp never meet in one bank: in the arrays of the state, 32 instances have one register in 32 lines of the cache.

Timing and observation are arguments that are None where they are not asked for; each combination is a function of its own.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from numba import cuda

from backends.core import cores
from backends.core.isa.packing import REGISTER_FILE
from backends.core.observation import Shadow
from backends.core.state import NO_TOHOST
from backends.gpu_compute.arguments import Caches, Extensions, Instances, Instructions, Profiles, Shadows, instance_of
from backends.gpu_compute.arithmetic import extensions_of
from backends.gpu_compute.compiling import entry, inner
from backends.gpu_compute.step import advance
from backends.interface import State

THREADS_PER_BLOCK = 128
SHARED_BYTES = REGISTER_FILE * THREADS_PER_BLOCK * 4
"""Of shared memory, of a block."""
_CHUNKS_PER_THREAD = 8  # instances of unequal length even out


advance_cpu = inner(advance)


@entry
def _advance_range(span, instructions, all_, caches, traces, shadows, profiles, extensions):
    first, last = span
    for k in range(first, last):
        code = instructions.code[instructions.rows[k]]
        all_.status[k], all_.pc[k], all_.retired[k], all_.stalls[k], all_.cause[k], all_.address[k] = advance_cpu(
            code, instance_of(all_, k, all_.x[k], instructions.base), k, caches, traces, shadows, profiles, extensions
        )


@cache
def devices() -> tuple[str, ...]:
    """Where instances can run here: CPU cores always, `cuda` where Numba finds a GPU."""
    return ("cpu", "cuda") if cuda.is_available() else ("cpu",)


def advance_all(
    state: State, shadow: Shadow, code: np.ndarray, rows: np.ndarray, group: np.ndarray, max_steps: np.ndarray
) -> None:
    """Advance the instances `group` `[k]` of the state; instance k runs the instruction memory `code[rows[k]]`."""
    extensions = extensions_of(state.config.extensions, len(group))
    with laid_out(state, shadow, code, rows, group, max_steps) as (instructions, instances, caches, *observers):
        if state.config.device == "cuda":
            there = Resident(instructions, instances, caches, extensions)
            there.advance(instances.max_steps)
            there.download()
        else:
            arguments = instructions, instances, caches, *observers, extensions
            spread(lambda part: _advance_range((part.start, part.stop), *arguments), len(group))


def spread(work: Callable[[slice], object], count: int) -> None:
    """`work` on slices of `count` instances, on all cores."""
    threads = cores.threads()
    cores.share(work, count, min(count, threads * _CHUNKS_PER_THREAD) if threads > 1 else 1)


@contextmanager
def laid_out(
    state: State, shadow: Shadow, code: np.ndarray, rows: np.ndarray, group: np.ndarray, max_steps: np.ndarray
) -> Iterator[tuple[Instructions, Instances, Caches | None, tuple[np.ndarray, ...] | None, Shadows | None, Profiles | None]]:
    """What the step takes of the instances `group`, as it takes it; at the end the state has what is in there."""
    counts = state.retired.view(np.int64), state.stalls.view(np.int64)
    own = (state.memory, state.reserved, state.pc, *counts, state.status, state.cause, state.address, state.lines)
    seen = (shadow.memory, shadow.executed, shadow.leaks, shadow.callers, shadow.calls, shadow.depth)
    base, cache, tracked = state.config.memory_base, state.config.cache, bool(shadow.watch.secrets)
    with (
        _rows(group, *own) as (memory, reserved, pc, retired, stalls, *ends, lines),
        _rows(group, *(shadow.pcs, shadow.accesses) if shadow.watch.trace else ()) as traces,
        _rows(group, *seen if tracked else ()) as seen_rows,
        _rows(group, *(shadow.counts, shadow.entered) if shadow.watch.counts else ()) as profiles,
        _widened(group, state.registers) as x,
        _widened(group, shadow.registers) as taints,
    ):
        costs = np.uint32(cache.line_shift), np.int64(cache.hit_cycles), np.int64(cache.miss_cycles)
        caches = Caches(lines, *costs) if state.config.timing == "cache" else None
        tohost = np.where(state.tohost == NO_TOHOST, 0xFFFFFFFF, state.tohost - base).astype(np.uint32)[group]
        limits = np.minimum(max_steps[group], np.uint64(np.iinfo(np.int64).max)).astype(np.int64)
        yield (
            Instructions(code, rows, np.uint32(base)),
            Instances(x, memory, memory.view(np.uint32), tohost, reserved, pc, retired, stalls, limits, *ends),
            caches, traces or None, Shadows(taints, *seen_rows) if tracked else None, Profiles(*profiles) if profiles else None,
        )  # fmt: skip


@contextmanager
def _rows(group: np.ndarray, *arrays: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    """The rows `group` of the arrays, put back at the end; the arrays themselves where those are all."""
    whole = all(len(group) == len(array) for array in arrays)
    taken = arrays if whole else tuple(array[group] for array in arrays)
    yield taken
    if not whole:
        for array, rows in zip(arrays, taken, strict=True):
            array[group] = rows


@contextmanager
def _widened(group: np.ndarray, registers: np.ndarray) -> Iterator[np.ndarray]:
    """The rows `group` of registers `[B, R]` with room for the scratch register, put back at the end."""
    x = np.zeros((len(group), REGISTER_FILE), np.uint32)
    x[:, : registers.shape[1]] = registers[group]
    yield x
    registers[group] = x[:, : registers.shape[1]]


@cache
def kernel(cached: bool, extended: bool):
    """The CUDA kernel: the same `advance`, one instance a thread; with caches and extensions, or without a trace of them."""
    advance_gpu = cuda.jit(device=True)(advance)

    @cuda.jit
    def run(instructions, all_, caches, extensions):
        registers = cuda.shared.array((REGISTER_FILE, THREADS_PER_BLOCK), np.uint32)
        k = cuda.grid(1)
        if k < len(all_.pc):
            x = registers[:, cuda.threadIdx.x]
            for r in range(REGISTER_FILE):
                x[r] = all_.x[k, r]
            code = instructions.code[instructions.rows[k]]
            all_.status[k], all_.pc[k], all_.retired[k], all_.stalls[k], all_.cause[k], all_.address[k] = advance_gpu(
                code,
                instance_of(all_, k, x, instructions.base),
                k,
                caches if cached else None,
                None,
                None,
                None,
                extensions if extended else None,
            )
            for r in range(REGISTER_FILE):
                all_.x[k, r] = x[r]

    return run


_NO_CACHES = Caches(np.zeros((1, 1, 1), np.uint32), np.uint32(0), np.int64(0), np.int64(0))
_NO_EXTENSIONS = Extensions(np.zeros((1, 1, 3), np.uint32), np.zeros(1, int), np.zeros(1, bool), np.zeros((1, 1), np.uint32))


class Resident:
    """Instances on the GPU: they are brought there once, and stay between launches. Sources, and where results are put, are
    the arrays of `instances` and `caches`."""

    def __init__(
        self, instructions: Instructions, instances: Instances, caches: Caches | None, extensions: Extensions | None = None
    ) -> None:
        self.here, self.held, self.cached = instances, caches or _NO_CACHES, caches is not None
        self.instructions = instructions._replace(
            code=cuda.to_device(instructions.code), rows=cuda.to_device(instructions.rows)
        )
        there = {name: cuda.to_device(array) for name, array in instances._asdict().items() if name != "words"}
        self.instances: Any = Instances(**there, words=there["memory"].view(np.uint32))
        self.caches: Any = self.held._replace(lines=cuda.to_device(self.held.lines))
        self.extended = extensions is not None
        self.extensions: Any = Extensions(*map(cuda.to_device, extensions or _NO_EXTENSIONS))

    def advance(self, max_steps: np.ndarray) -> None:
        """Launch the step on all of them. max_steps: `[k]` int64, instructions that each may have retired in all."""
        self.instances.max_steps.copy_to_device(max_steps)
        blocks = (len(max_steps) + THREADS_PER_BLOCK - 1) // THREADS_PER_BLOCK
        launched = kernel(self.cached, self.extended)[blocks, THREADS_PER_BLOCK]
        launched(self.instructions, self.instances, self.caches, self.extensions)

    def download(self) -> None:
        """Put what changed back."""
        for name, array in self.instances._asdict().items():
            if name not in ("words", "tohost", "max_steps"):
                array.copy_to_host(getattr(self.here, name))
        self.caches.lines.copy_to_host(self.held.lines)
