"""Packed instructions: one 64-bit word each, decoded once, so that a step is one load, shifts and one jump.

    bits 0-7 operation, 8-13 destination, 14-18 first source, 19-23 second source, 32-63 immediate

What can be computed before the run is: `auipc` becomes `lui` of its sum, a destination x0 becomes the scratch register 32,
a branch's immediate becomes its target. Targets are offsets from the memory base, rotated right by two bits, so that one
comparison with the number of slots rejects both misaligned and distant ones.
"""

import numpy as np

from backends.core import isa

SCRATCH = 32
UNDECODED = isa.ILLEGAL + 1
"""Marks slots that the host must look at: beyond the decoded window, or different from instance to instance."""

PC_RELATIVE = [op.number for op in isa.OPERATIONS if op.kind == "branch" or op.name == "jal"]


def pack(words: np.ndarray, base: int, registers: int) -> np.ndarray:
    """`[W + 1]` uint64 from the instruction words `[W]` uint32 at `base`; the last slot is UNDECODED."""
    distinct, where = np.unique(words, return_inverse=True)
    decoded = isa.decode(distinct, registers)
    op, imm = decoded.op[where], decoded.imm[where].astype(np.int64)
    offset = 4 * np.arange(len(words), dtype=np.int64)
    upper = op == isa.NUMBER["auipc"]
    imm = np.where(upper, imm + base + offset, imm)
    op = np.where(upper, isa.NUMBER["lui"], op)
    target = imm + offset & 0xFFFFFFFF
    imm = np.where(np.isin(op, PC_RELATIVE), target >> 2 | (target & 3) << 30, imm & 0xFFFFFFFF)
    rd = np.where(decoded.rd == 0, SCRATCH, decoded.rd)[where]
    fields = op | rd << 8 | decoded.rs1[where] << 14 | decoded.rs2[where] << 19
    packed = np.full(len(words) + 1, UNDECODED, np.uint64)
    packed[:-1] = fields.astype(np.uint64) | imm.astype(np.uint64) << np.uint64(32)
    return packed
