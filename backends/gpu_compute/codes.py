"""The step for whoever runs many short programs: codes packed from decoded fields, run one after another without a host.

A code is `[L, 5]` integers, the decoded form `(op, rd, rs1, rs2, imm)` of each instruction, immediates of branches and jumps
in bytes from the instruction. It lies at address 0, apart from memory; behind its last slot stands an `ebreak`, so that it ends
by running or jumping there. What is no slot, and memory outside the window, traps. Everything here is compiled and can be
called from compiled code.
"""

import numba
import numpy as np

from backends.core import isa
from backends.core.isa import packing
from backends.core.isa.packing import PC_RELATIVE, SCRATCH, UNDECODED
from backends.core.state import HALTED, TRAPPED
from backends.gpu_compute.arguments import Instance
from backends.gpu_compute.compiling import OPTIONS, entry, inner, joined, target_of
from backends.gpu_compute.step import advance

_EBREAK, _UNDECODED = np.uint64(isa.NUMBER["ebreak"]), np.uint64(UNDECODED)
_STORES = np.array([op.kind == "store" for op in isa.OPERATIONS])
NO_TOHOST = np.uint32(0xFFFFFFFF)

_advance = numba.njit(forceinline=True, **OPTIONS)(advance)  # a call costs as much as eight instructions


@inner
def pack_slot(op, rd, rs1, rs2, imm, slot):
    """The packed word (uint64) of one instruction in a slot."""
    word = target_of(imm, slot) if PC_RELATIVE[op] else np.uint32(imm)
    return joined(op, rd if rd != 0 else SCRATCH, rs1, rs2, word)


@inner
def pack_code(code, packed):
    """Pack a code `[L, 5]` int32 into `packed` `[L + 2]` uint64. Returns whether it can store."""
    length, stores = len(code), False
    for slot in range(length):
        op = np.int64(code[slot, 0])
        packed[slot] = pack_slot(
            op, np.int64(code[slot, 1]), np.int64(code[slot, 2]), np.int64(code[slot, 3]), np.int64(code[slot, 4]), slot
        )
        stores |= _STORES[op]
    packed[length], packed[length + 1] = _EBREAK, _UNDECODED
    return stores


@entry
def _pack_all(codes, packed):
    for p in range(len(codes)):
        pack_code(codes[p], packed[p])


def pack(codes: np.ndarray) -> np.ndarray:
    """`[P, L + 2]` uint64, codes `[P, L, 5]` int32 packed."""
    packed = np.empty((len(codes), codes.shape[1] + 2), np.uint64)
    _pack_all(codes, packed)
    return packed


def unpack(packed: np.ndarray) -> np.ndarray:
    """The codes `[P, L, 5]` int32 that were packed into `[P, L + 2]` uint64."""
    return packing.unpack(packed[:, :-2])


@inner
def run_code(packed, registers, memory, words, base, steps, x):
    """Run a packed code from registers `[R]` uint32 in memory `[M]` uint8 (`words` `[M / 4]` uint32, the same bytes) that
    starts at address `base`, for at most `steps` instructions. x: `[REGISTER_FILE]` uint32, zeros at first; the registers
    at the end.

    Returns whether it ended, and how many instructions it executed; one that trapped is among them.
    """
    for r in range(len(registers)):
        x[r] = registers[r]
    instance = Instance(x, memory, words, NO_TOHOST, x[SCRATCH:], base, np.int64(0), np.int64(0), np.int64(steps + 1), base)
    status, _, retired, _, _, _ = _advance(packed, instance, 0, None, None, None, None, None)
    return status == HALTED, retired - (status == HALTED) + (status == TRAPPED)
