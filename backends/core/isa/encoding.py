"""Words to decoded instructions and back. An encoding matches an operation when `word & mask == match`."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from backends.core.isa.table import FORMATS, ILLEGAL, NUMBER, OPERATIONS, Operation

_PIECES: dict[str, tuple[tuple[int, int, int], ...]] = {
    "I": ((20, 12, 0),),
    "shift": ((20, 5, 0),),
    "S": ((7, 5, 0), (25, 7, 5)),
    "B": ((8, 4, 1), (25, 6, 5), (7, 1, 11), (31, 1, 12)),
    "U": ((12, 20, 12),),
    "J": ((21, 10, 1), (20, 1, 11), (12, 8, 12), (31, 1, 20)),
}
"""By format, the pieces of an immediate: lowest bit in the word, bits, lowest bit in the immediate. The last holds the sign."""


def immediate(word: np.ndarray, format: str) -> np.ndarray:
    """Immediate of `word` `[...]` uint32 read in a format, sign-extended, uint32."""
    value, top = np.zeros(word.shape, np.uint32), 0
    for low, width, place in _PIECES.get(format, ()):
        value |= (word.astype(np.uint32) >> np.uint32(low) & np.uint32((1 << width) - 1)) << np.uint32(place)
        top = place + width
    unused = np.uint32(0 if format == "shift" or not top else 32 - top)
    return ((value << unused).view(np.int32) >> unused.view(np.int32)).view(np.uint32)


@dataclass(frozen=True)
class Decoded:
    """Decoded instructions, all `[W]`: op (ILLEGAL where no row matches) int64, rd, rs1, rs2 int64, imm uint32."""

    op: np.ndarray
    rd: np.ndarray
    rs1: np.ndarray
    rs2: np.ndarray
    imm: np.ndarray


class Encodings(NamedTuple):
    """Of K operations, and behind them of an illegal word: masks, matches `[K]` uint32; numbers `[K + 1]`; uses `[K + 1, 3]`,
    whether there is a rd, rs1, rs2; formats `[K + 1]`, places in FORMATS."""

    masks: np.ndarray
    matches: np.ndarray
    numbers: np.ndarray
    uses: np.ndarray
    formats: np.ndarray


@lru_cache(maxsize=256)
def encodings(operations: tuple[Operation, ...]) -> Encodings:
    masks, matches = (np.array([getattr(row, name) for row in operations], np.uint32) for name in ("mask", "match"))
    formats = [*(row.format for row in operations), "none"]
    numbers = np.array([*(row.number for row in operations), ILLEGAL])
    uses = np.array([FORMATS[name] for name in formats], np.int64)
    return Encodings(masks, matches, numbers, uses, np.array([_FORMATS.index(name) for name in formats]))


_FORMATS = tuple(FORMATS)
_SHIFTS = np.array([7, 15, 20], np.uint32)
_CHUNK = 1 << 14
_BASE = encodings(OPERATIONS)


def decode(words: np.ndarray, registers: int, table: Encodings = _BASE) -> Decoded:
    """Decode words `[W]` uint32. A register field that names a register beyond `registers` makes the word illegal."""
    w = np.asarray(words, dtype=np.uint32)
    row = np.concatenate([_rows(w[i : i + _CHUNK], table) for i in range(0, len(w), _CHUNK)] or [np.zeros(0, np.int64)])
    fields = (w[:, None] >> _SHIFTS & np.uint32(31)) * table.uses[row]
    illegal = (fields >= registers).any(axis=1)
    row[illegal], fields[illegal] = len(table.masks), 0
    imm, formats = np.zeros(w.shape, np.uint32), table.formats[row]
    for number in set(formats.tolist()):
        chosen = formats == number
        imm[chosen] = immediate(w[chosen], _FORMATS[number])
    rd, rs1, rs2 = fields.T
    return Decoded(table.numbers[row], rd, rs1, rs2, imm)


def _rows(words: np.ndarray, table: Encodings) -> np.ndarray:
    """`[W]`, the operation that each word is; no two match the same."""
    hits = words[:, None] & table.masks == table.matches
    return np.where(hits.any(axis=1), hits.argmax(axis=1), len(table.masks))


def encode(name: str, rd: int = 0, rs1: int = 0, rs2: int = 0, imm: int = 0) -> int:
    """The 32-bit word of one instruction. Raises ValueError where the immediate or a register does not fit."""
    return encode_operation(OPERATIONS[NUMBER[name]], rd, rs1, rs2, imm)


def encode_operation(row: Operation, rd: int = 0, rs1: int = 0, rs2: int = 0, imm: int = 0) -> int:
    """`encode` for a row of any table."""
    imm &= 0xFFFFFFFF
    word = row.match | rd << 7 | rs1 << 15 | rs2 << 20
    for low, width, place in _PIECES.get(row.format, ()):
        word |= (imm >> place & (1 << width) - 1) << low
    back = decode(np.array([word], dtype=np.uint32), 32, encodings((row,)))
    if (back.op[0], back.rd[0], back.rs1[0], back.rs2[0], int(back.imm[0])) != (row.number, rd, rs1, rs2, imm):
        raise ValueError(f"{row.name} rd={rd} rs1={rs1} rs2={rs2} imm={imm:#x} has no encoding")
    return word
