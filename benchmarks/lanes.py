"""The floor of the compiled machine on a GPU: 32-bit operations a second that all its lanes do, and how full they are."""

from dataclasses import dataclass

import numpy as np
from numba import cuda

ROUNDS, UNROLLED = 4096, 8
OPERATIONS = 2 * UNROLLED * ROUNDS
"""Of one lane: an addition and an exclusive or each, on which the next ones depend."""


def chains(out, seed):
    """Independent chains of dependent integer operations, one a thread; `out` `[n]` uint32."""
    k = cuda.grid(1)
    if k < len(out):
        a, b = np.uint32(seed + k), np.uint32(k | 1)
        for _ in range(ROUNDS):
            for _ in range(UNROLLED):
                a = np.uint32(a + b)
                b = np.uint32(b ^ a)
        out[k] = a ^ b


@dataclass(frozen=True)
class Occupancy:
    """registers: of a thread. threads: that a multiprocessor holds at once, of `most`."""

    registers: int
    threads: int
    most: int

    @property
    def share(self) -> float:
        return self.threads / self.most


def occupancy(registers: int, threads_per_block: int, shared_bytes: int) -> Occupancy:
    """Of a kernel, as its registers and its shared memory, of a block, limit it on the current device.

    Source: CUDA C++ Programming Guide, Compute Capabilities.
    """
    device = cuda.get_current_device()
    most, room = device.MAX_THREADS_PER_MULTIPROCESSOR, device.MAX_REGISTERS_PER_MULTIPROCESSOR
    per_warp = -(-registers * 32 // 256) * 256  # registers are given to warps, 256 at a time
    blocks = room // per_warp // (threads_per_block // 32)
    blocks = min(blocks, device.MAX_SHARED_MEMORY_PER_MULTIPROCESSOR // (shared_bytes + 1024))  # the system takes 1 KiB of each
    return Occupancy(registers, min(most, blocks * threads_per_block), most)
