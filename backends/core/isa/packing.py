"""A decoded instruction packed into one word of 64 bits, so that a step is one load, shifts and one jump.

    bits 0-7 operation, 8-13 destination, 14-18 first source, 19-23 second source, 32-63 immediate

What can be computed before the run is: `auipc` becomes `lui` of its sum, a destination x0 becomes the scratch register 32,
a branch's immediate becomes its target. Targets are offsets from the memory base, rotated right by two bits, so that one
comparison with the number of slots rejects both misaligned and distant ones.

The functions on single words are plain Python on NumPy scalars, for compilers as much as for Python.
"""

import numpy as np

from backends.core.isa.instruction_set import Isa
from backends.core.isa.table import ILLEGAL, NUMBER, OPERATIONS

SCRATCH = 32
REGISTER_FILE = SCRATCH + 1
"""Words of the register array that packed instructions need: 32 registers and the one that a write to x0 goes to."""
UNDECODED = ILLEGAL + 1
"""Marks slots that the host must look at: beyond the decoded window, or different from instance to instance."""
PC_RELATIVE = np.array([op.kind == "branch" or op.name == "jal" for op in OPERATIONS])
"""`[N]` bool: the immediate is a target."""
RD_BITS, RS1_BITS, RS2_BITS, IMM_BITS = (np.uint64(m) for m in (63 << 8, 31 << 14, 31 << 19, 0xFFFFFFFF << 32))


def op_of(packed):
    """The operation's number."""
    return packed & np.uint64(0xFF)


def rd_of(packed):
    """The destination, SCRATCH for x0."""
    return packed >> np.uint64(8) & np.uint64(63)


def rs1_of(packed):
    """The first source."""
    return packed >> np.uint64(14) & np.uint64(31)


def rs2_of(packed):
    """The second source."""
    return packed >> np.uint64(19) & np.uint64(31)


def imm_of(packed):
    """The immediate, or the target."""
    return np.uint32(packed >> np.uint64(32))


def joined(op, rd, rs1, rs2, imm):
    """The packed word of fields as they are packed (rd: SCRATCH for x0; imm: uint32, a target where there is one)."""
    return np.uint64(op | rd << 8 | rs1 << 14 | rs2 << 19) | np.uint64(imm) << np.uint64(32)


def target_of(distance, slot):
    """The packed target of a branch in a slot, `distance` bytes away."""
    target = np.uint32(distance + 4 * slot)
    return target >> np.uint32(2) | target << np.uint32(30)


def pack(words: np.ndarray, base: int, of: Isa) -> np.ndarray:
    """`[..., W + 1]` uint64 from the instruction words `[..., W]` uint32 at `base`; the last slot is UNDECODED."""
    distinct, where = np.unique(words, return_inverse=True)
    where = where.reshape(words.shape)
    decoded = of.decode(distinct)
    op, imm = decoded.op[where], decoded.imm[where].astype(np.int64)
    slot = np.arange(words.shape[-1], dtype=np.int64)
    upper = op == NUMBER["auipc"]
    imm = np.where(upper, imm + base + 4 * slot, imm)
    op = np.where(upper, NUMBER["lui"], op)
    relative = PC_RELATIVE[np.minimum(op, ILLEGAL - 1)] & (op < ILLEGAL)
    imm = np.where(relative, target_of(imm, slot), imm & 0xFFFFFFFF)
    rd = np.where(decoded.rd == 0, SCRATCH, decoded.rd)[where]
    packed = np.full((*words.shape[:-1], words.shape[-1] + 1), UNDECODED, np.uint64)
    packed[..., :-1] = joined(op, rd, decoded.rs1[where], decoded.rs2[where], imm)
    return packed


def unpack(packed: np.ndarray) -> np.ndarray:
    """Fields `[..., W, 5]` int32 (op, rd, rs1, rs2, imm) of packed words `[..., W]` uint64; targets as distances."""
    op, rd, rs1, rs2 = (of(packed).astype(np.int32) for of in (op_of, rd_of, rs1_of, rs2_of))
    imm = (packed >> np.uint64(32)).astype(np.uint32)
    distance = (imm << np.uint32(2) | imm >> np.uint32(30)).view(np.int32) - 4 * np.arange(op.shape[-1], dtype=np.int32)
    imm = np.where(PC_RELATIVE[op], distance, imm.view(np.int32))
    return np.stack([op, np.where(rd == SCRATCH, 0, rd), rs1, rs2, imm], axis=-1)
