"""Compilation and launch of the step: Numba threads on CPU cores, one CUDA thread an instance on a GPU.

Timing and observation are arguments that are None where they are not asked for; each combination is a function of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
from numba import cuda

from backends.core import cores
from backends.core.isa.packing import REGISTER_FILE
from backends.core.observation import Shadow
from backends.core.state import NO_TOHOST
from backends.gpu_compute.arguments import Caches, Instances, Instructions, Shadows, instance_of
from backends.gpu_compute.compiling import entry, inner
from backends.gpu_compute.step import advance
from backends.interface import State

_THREADS_PER_BLOCK = 128
_CHUNKS_PER_THREAD = 8  # instances of unequal length even out


advance_cpu = inner(advance)


@entry
def _advance_range(first, last, instructions, all_, caches, traces, shadows):
    for k in range(first, last):
        instance = instance_of(all_, k)
        code = instructions.code[instructions.rows[k]]
        all_.status[k], all_.pc[k], all_.retired[k], all_.stalls[k], all_.cause[k], all_.address[k] = advance_cpu(
            code, instance, instructions.base, k, caches, traces, shadows
        )


@cache
def devices() -> tuple[str, ...]:
    """Where instances can run here: CPU cores always, `cuda` where Numba finds a GPU."""
    return ("cpu", "cuda") if cuda.is_available() else ("cpu",)


def advance_all(
    state: State, shadow: Shadow, code: np.ndarray, rows: np.ndarray, group: np.ndarray, max_steps: np.ndarray
) -> None:
    """Advance the instances `group` `[k]` of the state; instance k runs the instruction memory `code[rows[k]]`."""
    counts = state.retired.view(np.int64), state.stalls.view(np.int64)
    own = (state.memory, state.pc, *counts, state.status, state.cause, state.address, state.lines)
    seen = (shadow.memory, shadow.executed, shadow.leaks, shadow.callers, shadow.calls, shadow.depth)
    base, tracked = state.config.memory_base, bool(shadow.watch.secrets)
    with (
        _rows(group, *own) as (memory, pc, retired, stalls, status, cause, address, lines),
        _rows(group, *(shadow.pcs, shadow.accesses) if shadow.watch.trace else ()) as traces,
        _rows(group, *seen if tracked else ()) as seen_rows,
        _widened(group, state.registers) as x,
        _widened(group, shadow.registers) as taints,
    ):
        tohost = np.where(state.tohost == NO_TOHOST, 0xFFFFFFFF, state.tohost - base).astype(np.uint32)[group]
        limits = np.minimum(max_steps[group], np.uint64(np.iinfo(np.int64).max)).astype(np.int64)
        launch = _launch_cuda if state.config.device == "cuda" else _launch_cpu
        launch(
            Instructions(code, rows, np.uint32(base)),
            Instances(x, memory, memory.view(np.uint32), tohost, pc, retired, stalls, limits, status, cause, address),
            _caches(state, lines), traces or None, Shadows(taints, *seen_rows) if tracked else None,
        )  # fmt: skip


def _caches(state: State, lines: np.ndarray) -> Caches | None:
    cache = state.config.cache
    if state.config.timing != "cache":
        return None
    return Caches(lines, np.uint32(cache.line_shift), np.int64(cache.hit_cycles), np.int64(cache.miss_cycles))


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


def _launch_cpu(instructions: Instructions, instances: Instances, *observers) -> None:
    count, threads = len(instances.pc), cores.threads()
    pieces = min(count, threads * _CHUNKS_PER_THREAD) if threads > 1 else 1
    cores.share(lambda part: _advance_range(part.start, part.stop, instructions, instances, *observers), count, pieces)


@cache
def kernel(cached: bool):
    """The CUDA kernel: the same `advance`, one instance a thread; with caches, or without a trace of them."""
    advance_gpu = cuda.jit(device=True)(advance)

    @cuda.jit
    def run(instructions, all_, caches):
        k = cuda.grid(1)
        if k < len(all_.pc):
            instance = instance_of(all_, k)
            code = instructions.code[instructions.rows[k]]
            all_.status[k], all_.pc[k], all_.retired[k], all_.stalls[k], all_.cause[k], all_.address[k] = advance_gpu(
                code, instance, instructions.base, k, caches if cached else None, None, None
            )

    return run


_NO_CACHES = Caches(np.zeros((1, 1, 1), np.uint32), np.uint32(0), np.int64(0), np.int64(0))


def _launch_cuda(instructions: Instructions, instances: Instances, caches: Caches | None, *_) -> None:
    code, rows = cuda.to_device(instructions.code), cuda.to_device(instructions.rows)
    there = {name: cuda.to_device(array) for name, array in instances._asdict().items() if name != "words"}
    held = caches or _NO_CACHES
    lines = cuda.to_device(held.lines)
    blocks = (len(instances.pc) + _THREADS_PER_BLOCK - 1) // _THREADS_PER_BLOCK
    kernel(caches is not None)[blocks, _THREADS_PER_BLOCK](
        Instructions(code, rows, instructions.base),
        Instances(**there, words=there["memory"].view(np.uint32)),
        held._replace(lines=lines),
    )
    for name, array in there.items():
        if name not in ("tohost", "max_steps"):
            array.copy_to_host(getattr(instances, name))
    lines.copy_to_host(held.lines)
