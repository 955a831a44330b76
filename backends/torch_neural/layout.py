"""What the decoder's components have to learn, derived from the instruction table of `backends/core/isa`.

A word is classified by opcode, funct3 and funct7 (17 bits). Two classes need more of the word: environment calls, which are
one word each, and counters, which name a register in the upper 12 bits and have no source. Classes, formats and operations
are numbers of few bits; what a number does not name is illegal.
"""

from collections.abc import Callable

import numpy as np

from backends.core import isa

UPPER = [op for op in isa.OPERATIONS if op.name in ("ecall", "ebreak") or op.kind == "counter"]
_MAJOR = [op for op in isa.OPERATIONS if op not in UPPER]
ENVIRONMENT, COUNTER, NO_CLASS = len(_MAJOR), len(_MAJOR) + 1, len(_MAJOR) + 2
NO_UPPER = len(UPPER)
FORMATS = ("none", "I", "S", "B", "U", "J", "shift")
KEY = [*range(7), *range(12, 15), *range(25, 32)]


def to_number(bits: tuple[int, ...]) -> int:
    """The number whose bits, lowest first, are given."""
    return sum(bit << i for i, bit in enumerate(bits))


def classes() -> np.ndarray:
    """The class of each of the 2^17 patterns of opcode, funct3 and funct7, `[131072]` int64."""
    patterns = np.arange(1 << len(KEY), dtype=np.uint32)
    words = sum((patterns >> i & 1) << bit for i, bit in enumerate(KEY))
    found = np.full(len(words), NO_CLASS, np.int64)
    for number, row in enumerate(_MAJOR):
        found[(words & row.mask) == row.match] = number
    found[(words & 0x707F) == 0x73] = ENVIRONMENT
    found[(words & 0x207F) == 0x2073] = COUNTER
    return found


def upper(*bits: int) -> int:
    """Bits 31..20 of a word to the place in `UPPER`, NO_UPPER where there is none."""
    return next((i for i, row in enumerate(UPPER) if row.match >> 20 == to_number(bits)), NO_UPPER)


def operation(*bits: int) -> int:
    """Class (6 bits), which of `UPPER` (4), whether rs1 and rd are zero, to the operation's number."""
    number, which, rs1_zero, rd_zero = to_number(bits[:6]), to_number(bits[6:10]), bits[10], bits[11]
    if number < len(_MAJOR):
        return _MAJOR[number].number
    if which < NO_UPPER and rs1_zero:
        row = UPPER[which]
        if row.kind == "counter" if number == COUNTER else number == ENVIRONMENT and rd_zero and row.kind != "counter":
            return row.number
    return isa.ILLEGAL


def format_of(*bits: int) -> int:
    """Operation to whether it has rd, rs1, rs2 (bits 0..2) and the number of its immediate's format (3 bits)."""
    number = to_number(bits)
    if number >= isa.ILLEGAL:
        return 0
    name = isa.OPERATIONS[number].format
    used = sum(flag << i for i, flag in enumerate(isa.FORMATS[name]))
    return used | (FORMATS.index(name) if name in FORMATS else 0) << 3


def beyond(*bits: int) -> int:
    """Used fields (3 bits) and their top bits (3) to whether one names a register beyond 16."""
    return int(any(used and top for used, top in zip(bits[:3], bits[3:], strict=True)))


def immediate(*bits: int) -> int:
    """Immediate bit (5 bits) and format (3) to the word bit that it is, one output each; output 32 is zero."""
    bit, name = to_number(bits[:5]), FORMATS[min(to_number(bits[5:]), len(FORMATS) - 1)]
    if to_number(bits[5:]) >= len(FORMATS):
        return 1 << 32
    words = np.uint32(1) << np.arange(32, dtype=np.uint32)
    hits = np.flatnonzero(isa.immediate(words, name) >> np.uint32(bit) & 1)
    return 1 << (int(hits[0]) if len(hits) else 32)


SPECIFICATIONS: dict[str, Callable[..., int]] = {
    "upper": upper,
    "operation": operation,
    "format": format_of,
    "beyond": beyond,
    "immediate": immediate,
}
