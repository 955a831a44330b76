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
from backends.gpu_compute.launch import OPTIONS, advance_cpu, sources
from backends.gpu_compute.packing import PC_RELATIVE, SCRATCH, UNDECODED

REGISTER_FILE = SCRATCH + 1
"""Words of the register array that a run needs: 32 registers and the one that a write to x0 goes to."""

_EBREAK, _UNDECODED = np.uint64(isa.NUMBER["ebreak"]), np.uint64(UNDECODED)
_PC_RELATIVE = np.isin(np.arange(len(isa.OPERATIONS)), PC_RELATIVE)
_STORES = np.array([op.kind == "store" for op in isa.OPERATIONS])
_NO_TOHOST = np.uint32(0xFFFFFFFF)

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


@inner
def run_code(packed, registers, memory, words, base, steps, x):
    """Run a packed code from registers `[R]` uint32 in memory `[M]` uint8 (`words` `[M / 4]` uint32, the same bytes) that
    starts at address `base`, for at most `steps` instructions. x: `[REGISTER_FILE]` uint32, zeros at first; the registers
    at the end.

    Returns whether it ended, and how many instructions it executed; one that trapped is among them.
    """
    for r in range(len(registers)):
        x[r] = registers[r]
    status, _, retired, _, _, _ = advance_cpu(
        packed, x, memory, words, base, _NO_TOHOST, base, np.int64(0), np.int64(0), np.int64(steps + 1),
        0, None, None, None,
    )  # fmt: skip
    return status == HALTED, retired - (status == HALTED) + (status == TRAPPED)
