"""Packed instructions out of a space's choices, compiled.

Jumps in packed codes name their target's slot, so an instruction that is moved still goes where it went.
"""

import numpy as np

from backends.core import isa
from backends.gpu_compute.codes import pack, pack_slot
from backends.gpu_compute.compiling import inlined, inner
from experiments.program_search.random_numbers import below, uniform
from experiments.program_search.space import IMM, NOTHING, RD, RS1, RS2

PACKED_NOTHING = pack(np.array([[NOTHING]], np.int32))[0, 0]
_LEAST = 2.0**-50
_SHIFTS = np.array([op.format == "shift" for op in isa.OPERATIONS])


def empty_code(length: int) -> np.ndarray:
    """A packed code `[length + 2]` uint64 that does nothing."""
    return pack(np.array([[NOTHING] * length], np.int32))[0]


@inner
def random_instruction(random, slot, k, choices):
    """A random packed instruction for a slot, with the k-th operation of the space."""
    registers, written, count = choices.registers, choices.written, len(choices.registers)
    rd = np.int64(written[below(random, len(written))]) if choices.has[k, 0] else 0
    rs1 = np.int64(registers[below(random, count)]) if choices.has[k, 1] else 0
    rs2 = np.int64(registers[below(random, count)]) if choices.has[k, 2] else 0
    place = uniform(random) ** choices.powers[k] * (1 - _LEAST)
    imm = np.int64(choices.immediates[slot, k, np.int64(place * choices.counts[slot, k])])
    return pack_slot(np.int64(choices.numbers[k]), rd, rs1, rs2, imm, slot)


@inlined
def pack_fields(k, fields, slot, choices):
    """The packed instruction of the k-th operation with the other fields of `[5]`, and 0 in those that it does not have."""
    op, has, imm = np.int64(choices.numbers[k]), choices.has, np.int64(fields[IMM])
    if choices.counts[slot, k] == 1:
        imm = np.int64(choices.immediates[slot, k, 0])
    elif _SHIFTS[op]:
        imm &= 31
    return pack_slot(
        op, np.int64(fields[RD]) if has[k, 0] else 0, np.int64(fields[RS1]) if has[k, 1] else 0,
        np.int64(fields[RS2]) if has[k, 2] else 0, imm, slot,
    )  # fmt: skip
