"""Compilation and launch of the step: Numba threads on CPU cores, one CUDA thread an instance on a GPU.

Timing and observation are arguments that are None where they are not asked for; each combination is a function of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
from numba import cuda

from backends.core import cores
from backends.core.environment import State
from backends.core.isa.packing import REGISTER_FILE
from backends.core.observation import Shadow, Watch
from backends.gpu_compute.compiling import entry, inner
from backends.gpu_compute.step import advance

_THREADS_PER_BLOCK = 128
_CHUNKS_PER_THREAD = 8  # instances of unequal length even out


advance_cpu = inner(advance)


@entry
def _advance_range(
    first, last, code, rows, x, memory, words, base, tohost, pc, retired, stalls, max_steps, status, cause, address,
    caches, traces, shadows,
):  # fmt: skip
    for k in range(first, last):
        status[k], pc[k], retired[k], stalls[k], cause[k], address[k] = advance_cpu(
            code[rows[k]], x[k], memory[k], words[k], base, tohost[k], pc[k], retired[k], stalls[k], max_steps,
            k, caches, traces, shadows,
        )  # fmt: skip


def devices() -> tuple[str, ...]:
    """Where instances can run here: CPU cores always, `cuda` where Numba finds a GPU."""
    return ("cpu", "cuda") if _has_cuda() else ("cpu",)


@cache
def _has_cuda() -> bool:
    return cuda.is_available()


def advance_all(
    state: State, watch: Watch, shadow: Shadow, code: np.ndarray, rows: np.ndarray, group: np.ndarray, tohost: np.ndarray,
    max_steps: int,
) -> None:  # fmt: skip
    """Advance the instances `group` `[k]` of the state; instance k runs the instruction memory `code[rows[k]]`."""
    counts = state.retired.view(np.int64), state.stalls.view(np.int64)
    own = (state.memory, state.pc, *counts, state.status, state.cause, state.address, state.lines)
    seen = (shadow.memory, shadow.executed, shadow.leaks, shadow.callers, shadow.calls, shadow.depth)
    hashes = (shadow.pcs, shadow.accesses)
    launch = _launch_cuda if state.config.device == "cuda" else _launch_cpu
    with (
        _rows(group, *own) as (memory, pc, retired, stalls, status, cause, address, lines),
        _rows(group, *hashes if watch.trace else ()) as traces,
        _rows(group, *seen if watch.secrets else ()) as seen_rows,
        _widened(group, state.registers) as x,
        _widened(group, shadow.registers) as taints,
    ):
        cached = (lines, *_geometry(state)) if state.config.timing == "cache" else None
        launch(
            len(group), code, rows, x, memory, memory.view(np.uint32), np.uint32(state.config.memory_base), tohost[group],
            pc, retired, stalls, np.int64(max_steps), status, cause, address,
            cached, traces or None, (taints, *seen_rows) if watch.secrets else None,
        )  # fmt: skip


def _geometry(state: State) -> tuple[np.uint32, np.int64, np.int64]:
    cache = state.config.cache
    return np.uint32(cache.line_shift), np.int64(cache.hit_cycles), np.int64(cache.miss_cycles)


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


def _launch_cpu(count: int, *arrays) -> None:
    threads = cores.threads()
    pieces = min(count, threads * _CHUNKS_PER_THREAD) if threads > 1 else 1
    cores.share(lambda part: _advance_range(part.start, part.stop, *arrays), count, pieces)


@cache
def _kernel(cached: bool):
    """The CUDA kernel: the same `advance`, one instance a thread; with a cache, or without a trace of it."""
    advance_gpu = cuda.jit(device=True)(advance)

    @cuda.jit
    def kernel(
        code, rows, x, memory, words, base, tohost, pc, retired, stalls, max_steps, status, cause, address, lines,
        line_shift, hit_cycles, miss_cycles,
    ):  # fmt: skip
        k = cuda.grid(1)
        if k < len(pc):
            status[k], pc[k], retired[k], stalls[k], cause[k], address[k] = advance_gpu(
                code[rows[k]], x[k], memory[k], words[k], base, tohost[k], pc[k], retired[k], stalls[k], max_steps,
                k, (lines, line_shift, hit_cycles, miss_cycles) if cached else None, None, None,
            )  # fmt: skip

    return kernel


def _launch_cuda(
    count, code, rows, x, memory, words, base, tohost, pc, retired, stalls, max_steps, status, cause, address, cached, *_,
) -> None:  # fmt: skip
    lines, *geometry = cached or (np.zeros((1, 1, 1), np.uint32), np.uint32(0), np.int64(0), np.int64(0))
    written = (x, pc, retired, stalls, status, cause, address, lines, memory)
    there = [cuda.to_device(array) for array in written]
    x_, pc_, retired_, stalls_, status_, cause_, address_, lines_, memory_ = there
    _kernel(cached is not None)[(count + _THREADS_PER_BLOCK - 1) // _THREADS_PER_BLOCK, _THREADS_PER_BLOCK](
        cuda.to_device(code), cuda.to_device(rows), x_, memory_, memory_.view(np.uint32), base, cuda.to_device(tohost),
        pc_, retired_, stalls_, max_steps, status_, cause_, address_, lines_, *geometry,
    )  # fmt: skip
    for host, array in zip(written, there, strict=True):
        array.copy_to_host(host)
