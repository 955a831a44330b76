"""Compilation and launch of the step: Numba threads on CPU cores, one CUDA thread an instance on a GPU."""

from functools import cache

import numba
import numpy as np
from numba import cuda

from backends.core import cores
from backends.core.environment import State
from backends.gpu_compute.packing import SCRATCH
from backends.gpu_compute.step import advance

_THREADS_PER_BLOCK = 128
_CHUNKS_PER_THREAD = 8  # instances of unequal length even out

_advance_cpu = numba.njit(nogil=True, cache=True, boundscheck=False)(advance)


@numba.njit(nogil=True, cache=True, boundscheck=False)
def _advance_range(
    first, last, code, rows, x, memory, words, base, tohost, pc, retired, max_steps, status, cause, address
):
    for k in range(first, last):
        status[k], pc[k], retired[k], cause[k], address[k] = _advance_cpu(
            code[rows[k]], x[k], memory[k], words[k], base, tohost[k], pc[k], retired[k], max_steps
        )


def devices() -> tuple[str, ...]:
    """Where instances can run here: CPU cores always, `cuda` where Numba finds a GPU."""
    return ("cpu", "cuda") if _has_cuda() else ("cpu",)


@cache
def _has_cuda() -> bool:
    return cuda.is_available()


def advance_all(
    state: State, code: np.ndarray, rows: np.ndarray, group: np.ndarray, tohost: np.ndarray, max_steps: int
) -> None:
    """Advance the instances `group` `[k]` of the state; instance k runs the instruction memory `code[rows[k]]`."""
    whole = len(group) == len(state.pc)
    memory = state.memory if whole else state.memory[group]
    x = np.zeros((len(group), SCRATCH + 1), np.uint32)
    x[:, : state.registers.shape[1]] = state.registers[group]
    pc, retired = state.pc[group], state.retired[group].astype(np.int64)
    status, cause, address = state.status[group], state.cause[group], state.address[group]
    launch = _launch_cuda if state.config.device == "cuda" else _launch_cpu
    launch(
        len(group), code, rows, x, memory, memory.view(np.uint32), np.uint32(state.config.memory_base), tohost[group],
        pc, retired, np.int64(max_steps), status, cause, address,
    )  # fmt: skip
    if not whole:
        state.memory[group] = memory
    state.registers[group] = x[:, : state.registers.shape[1]]
    state.pc[group], state.retired[group] = pc, retired.astype(np.uint64)
    state.status[group], state.cause[group], state.address[group] = status, cause, address


def _launch_cpu(count: int, *arrays) -> None:
    threads = cores.threads()
    pieces = min(count, threads * _CHUNKS_PER_THREAD) if threads > 1 else 1
    cores.share(lambda part: _advance_range(part.start, part.stop, *arrays), count, pieces)


@cache
def _kernel():
    """The CUDA kernel: the same `advance`, one instance a thread."""
    advance_gpu = cuda.jit(device=True)(advance)

    @cuda.jit
    def kernel(code, rows, x, memory, words, base, tohost, pc, retired, max_steps, status, cause, address):
        k = cuda.grid(1)
        if k < len(pc):
            status[k], pc[k], retired[k], cause[k], address[k] = advance_gpu(
                code[rows[k]], x[k], memory[k], words[k], base, tohost[k], pc[k], retired[k], max_steps
            )

    return kernel


def _launch_cuda(
    count, code, rows, x, memory, words, base, tohost, pc, retired, max_steps, status, cause, address
) -> None:
    memory_there = cuda.to_device(memory)
    words_there = memory_there.view(np.uint32)
    written = [cuda.to_device(array) for array in (x, pc, retired, status, cause, address)]
    x_, pc_, retired_, status_, cause_, address_ = written
    _kernel()[(count + _THREADS_PER_BLOCK - 1) // _THREADS_PER_BLOCK, _THREADS_PER_BLOCK](
        cuda.to_device(code), cuda.to_device(rows), x_, memory_there, words_there, base, cuda.to_device(tohost),
        pc_, retired_, max_steps, status_, cause_, address_,
    )  # fmt: skip
    memory_there.copy_to_host(memory)
    for host, there in zip((x, pc, retired, status, cause, address), written, strict=True):
        there.copy_to_host(host)
