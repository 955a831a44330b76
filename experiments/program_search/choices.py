"""What the slots of a space may hold, as tables over its operations for compiled code; and random codes."""

from functools import cache
from typing import NamedTuple

import numpy as np

from backends.core import isa
from experiments.program_search.space import IMM, OP, OPERATION, RD, RS2, Space

NEVER = np.float32(-1e9)
"""Logit of what may not be chosen."""
_POWER = 3.0
"""The last of the immediates of an operation is drawn a third as often as if they were drawn uniformly."""
_SHIFTS = (31, 1, 2, 16, 8, 4, 24)


class Choices(NamedTuple):
    """Over the N operations of a space:

    numbers `[N]` int32; has `[N, 3]` bool, whether rd, rs1 and rs2 are drawn; registers `[R]` int32 and those that may be
    written, written `[D]` int32; immediates `[L, N, C]` int32, those that programs are full of in front, of which the first
    counts `[L, N]` int64 are choices. peers `[N, N]` int64: operations of which the first peer_counts `[N]` take the same
    operands. place_of: from an operation's number to its place among the N. powers `[N]` float64: a uniform number to this
    power, times their count, is the place of the immediate to draw.
    """

    numbers: np.ndarray
    has: np.ndarray
    registers: np.ndarray
    written: np.ndarray
    counts: np.ndarray
    immediates: np.ndarray
    peers: np.ndarray
    peer_counts: np.ndarray
    place_of: np.ndarray
    powers: np.ndarray


@cache
def choices(space: Space) -> Choices:
    """The tables of a space."""
    rows = [OPERATION[name] for name in space.operations]
    numbers, registers = np.array([row.number for row in rows], np.int32), np.array(space.registers, np.int32)
    groups = [[k for k, other in enumerate(rows) if (other.format, other.kind) == (row.format, row.kind)] for row in rows]
    peers, peer_counts = _padded([groups])
    usual = [[_usual_first(row, space.immediates(row.name, slot)) for row in rows] for slot in range(space.length)]
    immediates, counts = _padded(usual)
    place_of = np.zeros(len(isa.OPERATIONS), np.int64)
    place_of[numbers] = np.arange(len(numbers))
    return Choices(
        numbers, np.array([space.fields(row.name) for row in rows]), registers, registers[registers != 0], counts,
        immediates.astype(np.int32), peers[0], peer_counts[0], place_of,
        np.array([1.0 if row.format in "BJ" else _POWER for row in rows]),
    )  # fmt: skip


def _usual_first(row: isa.Operation, immediates: tuple[int, ...]) -> list[int]:
    """Those near 0 in front; of shift amounts powers of two and 31."""
    if row.format == "shift":
        return sorted(immediates, key=lambda c: _SHIFTS.index(c) if c in _SHIFTS else c + 32)
    return sorted(immediates, key=abs)


def _padded(table: list[list[list[int]]]) -> tuple[np.ndarray, np.ndarray]:
    """`[A, B, C]` int64 of rows of unequal length, with zeros behind, and their lengths `[A, B]`."""
    counts = np.array([[len(row) for row in rows] for rows in table], np.int64)
    padded = np.zeros((*counts.shape, counts.max()), np.int64)
    for at in np.ndindex(*counts.shape):
        padded[at][: counts[at]] = table[at[0]][at[1]]
    return padded, counts


def random_codes(space: Space, rng: np.random.Generator, count: int) -> np.ndarray:
    """`[count, L, 5]` int32, random codes: of each instruction the operation first, then each field it has, uniformly."""
    table = choices(space)
    shape, slot = (count, space.length), np.arange(space.length)
    chosen = rng.integers(len(table.numbers), size=shape)
    codes = np.empty((*shape, 5), np.int32)
    codes[..., OP] = table.numbers[chosen]
    drawn = rng.integers(len(table.registers), size=(*shape, 3))
    codes[..., RD : RS2 + 1] = np.where(table.has[chosen], table.registers[drawn], 0)
    codes[..., IMM] = table.immediates[slot, chosen, rng.integers(table.counts[slot, chosen])]
    return codes
