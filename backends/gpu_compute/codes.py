"""The step for whoever runs many short programs: codes packed from decoded fields, run one after another without a host.

A code is `[L, 5]` integers, the decoded form `(op, rd, rs1, rs2, imm)` of each instruction, immediates of branches and jumps
in bytes from the instruction. It lies at address 0, apart from memory; behind its last slot stands an `ebreak`, so that it ends
by running or jumping there. What is no slot, and memory outside the window, traps. Everything here is compiled and can be
called from compiled code.
"""

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numba
import numpy as np

from backends.core import isa
from backends.core.environment import HALTED, TRAPPED
from backends.gpu_compute.launch import OPTIONS, sources
from backends.gpu_compute.packing import PC_RELATIVE, SCRATCH, UNDECODED
from backends.gpu_compute.step import advance

REGISTER_FILE = SCRATCH + 1
"""Words of the register array that a run needs: 32 registers and the one that a write to x0 goes to."""

_EBREAK, _UNDECODED = np.uint64(isa.NUMBER["ebreak"]), np.uint64(UNDECODED)
_PC_RELATIVE = np.isin(np.arange(len(isa.OPERATIONS)), PC_RELATIVE)
_STORES = np.array([op.kind == "store" for op in isa.OPERATIONS])
NO_TOHOST = np.uint32(0xFFFFFFFF)

_advance = numba.njit(forceinline=True, **OPTIONS)(advance)  # a call costs as much as eight instructions

inner = partial(numba.njit, **OPTIONS)
"""Compile a function that other compiled functions call."""


def entry(function: Callable) -> Any:
    """Compile a function that Python calls, and keep it on disk until a source of the machine or of its own folder changes."""
    folder = Path(function.__code__.co_filename).parent
    text = b"".join(file.read_bytes() for file in sorted(folder.glob("*.py")))
    function.__qualname__ += sources() + hashlib.sha256(text).hexdigest()[:16]  # part of the cached file's name
    return numba.njit(cache=True, **OPTIONS)(function)


@inner
def pack_slot(op, rd, rs1, rs2, imm, slot):
    """The packed word (uint64) of one instruction in a slot."""
    word = np.uint32(imm)
    if _PC_RELATIVE[op]:
        target = np.uint32(imm + 4 * slot)
        word = target >> np.uint32(2) | target << np.uint32(30)
    to = rd if rd != 0 else SCRATCH
    return np.uint64(op | to << 8 | rs1 << 14 | rs2 << 19) | np.uint64(word) << np.uint64(32)


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
    word = packed[:, :-2].astype(np.uint64)
    op, rd, rs1, rs2 = (
        (word >> np.uint64(at) & np.uint64(mask)).astype(np.int32)
        for at, mask in ((0, 255), (8, 63), (14, 31), (19, 31))
    )
    imm = (word >> np.uint64(32)).astype(np.uint32)
    distance = (imm << np.uint32(2) | imm >> np.uint32(30)).astype(np.int32) - 4 * np.arange(
        op.shape[1], dtype=np.int32
    )
    imm = np.where(_PC_RELATIVE[op], distance, imm.view(np.int32))
    return np.stack([op, np.where(rd == SCRATCH, 0, rd), rs1, rs2, imm], axis=2)


@inner
def run_code(packed, registers, memory, words, base, steps, x):
    """Run a packed code from registers `[R]` uint32 in memory `[M]` uint8 (`words` `[M / 4]` uint32, the same bytes) that
    starts at address `base`, for at most `steps` instructions. x: `[REGISTER_FILE]` uint32, zeros at first; the registers
    at the end.

    Returns whether it ended, and how many instructions it executed; one that trapped is among them.
    """
    for r in range(len(registers)):
        x[r] = registers[r]
    status, _, retired, _, _, _ = _advance(
        packed, x, memory, words, base, NO_TOHOST, base, np.int64(0), np.int64(0), np.int64(steps + 1),
        0, None, None, None,
    )  # fmt: skip
    return status == HALTED, retired - (status == HALTED) + (status == TRAPPED)
