"""The programs that are searched for: RISC-V instructions as integers, and the space that they come from.

A *code* is `[L, 5]` int32: operation (`isa.NUMBER`), rd, rs1, rs2, immediate; fields that the operation's format does not have
are 0, and the immediate of a branch or jump is the distance in bytes. It starts at its first slot and ends when it reaches
the slot behind its last, by running or by jumping there. Many codes are `[P, L, 5]`. `Choices` are what slots may hold, as
tables for compiled code.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from backends.core import isa
from backends.interface import UserError

OP, RD, RS1, RS2, IMM = range(5)
NOTHING = (isa.NUMBER["addi"], 0, 0, 0, 0)
"""The instruction that does nothing; codes shorter than their space are filled up with it."""

LOGIC = ("and", "or", "xor", "andi", "ori", "xori")
SUMS = ("add", "sub", "addi")
SHIFTS = ("sll", "srl", "sra", "slli", "srli", "srai")
COMPARISONS = ("slt", "sltu", "slti", "sltiu")
STRAIGHT = SUMS + LOGIC + SHIFTS + COMPARISONS
"""What RV32E computes from words without multiplying."""
BRANCHES = ("beq", "bne", "blt", "bge", "bltu", "bgeu")

OPERATION = {op.name: op for op in isa.OPERATIONS}
"""Rows of the table of instructions by name."""
SEARCHABLE = tuple(name for name in isa.SOFT_OPERATIONS if OPERATION[name].kind != "system" and name not in ("auipc", "jalr"))
"""Operations that a search may use: those whose effect does not depend on where the program lies."""

CONSTANTS = tuple(
    sorted({*range(-32, 33), *(s * (1 << k) + d for k in range(5, 11) for s in (1, -1) for d in (-1, 0, 1)), 0x55, 0x33, 0x0F})
)  # fmt: skip
"""Immediates of 12 bits that discrete methods draw: small ones, powers of two and their neighbours, byte patterns."""

NEVER = np.float32(-1e9)
"""Logit of what may not be chosen."""
_POWER = 3.0
"""The last of the immediates of an operation is drawn a third as often as if they were drawn uniformly."""
_SHIFTS = (31, 1, 2, 16, 8, 4, 24)


@dataclass(frozen=True)
class Space:
    """Codes of `length` slots over these operations and registers.

    registers: numbers that an instruction may name, x0 among them. constants: 12-bit immediates to draw from; shift amounts are
    0 … 31 and jumps go to any slot but their own, always. addresses: more immediates of 12 bits for loads and stores, whose
    others are the multiples of 4 near 0.
    """

    operations: tuple[str, ...]
    registers: tuple[int, ...]
    length: int
    constants: tuple[int, ...] = CONSTANTS
    addresses: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        unknown = [name for name in self.operations if name not in SEARCHABLE]
        if unknown or not self.operations:
            what = f"unknown operation '{unknown[0]}'" if unknown else "no operations"
            raise UserError(f"{what}: a search may use {', '.join(SEARCHABLE)}")
        if self.length < 1:
            raise UserError(f"programs of length {self.length}: give 1 or more")

    @property
    def straight(self) -> bool:
        """Whether every code runs from its first slot to its last."""
        return not any(OPERATION[name].kind in ("branch", "jump") for name in self.operations)

    @property
    def has_memory(self) -> bool:
        return any(OPERATION[name].width for name in self.operations)

    def immediates(self, operation: str, slot: int) -> tuple[int, ...]:
        """Immediates to draw for an operation in a slot; (0,) where its format has none."""
        form = OPERATION[operation].format
        if form == "shift":
            return tuple(range(32))
        if form in ("B", "J"):
            return tuple(4 * (target - slot) for target in range(self.length + 1) if target != slot)
        if form == "U":
            return tuple(c << 12 for c in self.constants)
        if OPERATION[operation].width:
            near = tuple(c for c in self.constants if -32 <= c <= 32 and c % 4 == 0)
            return near + tuple(c for c in self.addresses if c not in near)
        return self.constants if form == "I" else (0,)

    def fields(self, operation: str) -> tuple[bool, bool, bool]:
        """Whether rd, rs1 and rs2 of an operation are to be drawn. A jump's rd is x0: a link tells where the code lies."""
        return isa.FORMATS[OPERATION[operation].format] if OPERATION[operation].kind != "jump" else (False, False, False)

    def size(self) -> float:
        """How many codes the space holds."""
        registers = float(len(self.registers))
        return math.prod(
            sum(registers ** sum(self.fields(name)) * len(self.immediates(name, slot)) for name in self.operations)
            for slot in range(self.length)
        )


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


def minimise(code: np.ndarray, right: Callable[[np.ndarray], bool]) -> np.ndarray:
    """The code `[L, 5]` less instructions, one at a time, as long as `right` says yes of the rest; at least one stays."""
    slot = len(code)
    while slot > 0 and len(code) > 1:
        slot -= 1
        shorter = without(code, slot)
        if right(shorter):
            code, slot = shorter, len(shorter)
    return code


def without(code: np.ndarray, slot: int) -> np.ndarray:
    """The code less one slot. Branches go where they went; those to the slot that is gone go to the one behind it."""
    made = code.copy()
    for at, fields in enumerate(code):
        if isa.OPERATIONS[fields[OP]].format in ("B", "J"):
            target = at + int(fields[IMM]) // 4
            made[at, IMM] = 4 * (target - (target > slot) - (at - (at > slot)))
    return np.delete(made, slot, axis=0)
