"""Words to decoded instructions and back. An encoding matches an operation when `word & mask == match`."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from backends.core.isa.table import FORMATS, ILLEGAL, NUMBER, OPERATIONS, Operation


def immediate(word: np.ndarray, format: str) -> np.ndarray:
    """Immediate of `word` `[...]` uint32 read in a format, sign-extended, uint32."""
    w = word.astype(np.uint32)
    signed = w.astype(np.int64) - ((w.astype(np.int64) >> 31) << 32)
    if format == "I":
        value = signed >> 20
    elif format == "S":
        value = (signed >> 25 << 5) | (signed >> 7 & 0x1F)
    elif format == "B":
        value = (signed >> 31 << 12) | (signed >> 7 & 1) << 11 | (signed >> 25 & 0x3F) << 5 | (signed >> 8 & 0xF) << 1
    elif format == "U":
        value = signed & 0xFFFFF000
    elif format == "J":
        value = (signed >> 31 << 20) | (signed & 0xFF000) | (signed >> 20 & 1) << 11 | (signed >> 21 & 0x3FF) << 1
    elif format == "shift":
        value = signed >> 20 & 0x1F
    else:
        value = signed * 0
    return value.astype(np.uint64).astype(np.uint32)


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
    word = row.match | rd << 7 | rs1 << 15 | rs2 << 20 | _scatter(imm, row.format)
    back = decode(np.array([word], dtype=np.uint32), 32, encodings((row,)))
    if (back.op[0], back.rd[0], back.rs1[0], back.rs2[0], int(back.imm[0])) != (row.number, rd, rs1, rs2, imm):
        raise ValueError(f"{row.name} rd={rd} rs1={rs1} rs2={rs2} imm={imm:#x} has no encoding")
    return word


def _scatter(imm: int, format: str) -> int:
    """Immediate bits at the places where the format has them."""
    if format == "I":
        return (imm & 0xFFF) << 20
    if format == "shift":
        return (imm & 0x1F) << 20
    if format == "S":
        return (imm >> 5 & 0x7F) << 25 | (imm & 0x1F) << 7
    if format == "B":
        return (imm >> 12 & 1) << 31 | (imm >> 5 & 0x3F) << 25 | (imm >> 1 & 0xF) << 8 | (imm >> 11 & 1) << 7
    if format == "U":
        return imm & 0xFFFFF000
    if format == "J":
        return (imm >> 20 & 1) << 31 | (imm >> 1 & 0x3FF) << 21 | (imm >> 11 & 1) << 20 | (imm & 0xFF000)
    return 0
