"""The programs that are searched for: RISC-V instructions as integers, the space they are drawn from, and their text.

A *code* is `[L, 5]` int32: operation (`isa.NUMBER`), rd, rs1, rs2, immediate; fields that the operation's format does not have
are 0, and the immediate of a branch or jump is the distance in bytes. It starts at its first slot and ends when it reaches
the slot behind its last, by running or by jumping there. Many codes are `[P, L, 5]`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

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

_KIND = {op.name: op.kind for op in isa.OPERATIONS}
_FORMAT = {op.name: op.format for op in isa.OPERATIONS}
SEARCHABLE = tuple(
    name for name in isa.SOFT_OPERATIONS if _KIND[name] not in ("system",) and name not in ("auipc", "jalr")
)
"""Operations that a search may use: those whose effect does not depend on where the program lies."""

CONSTANTS = tuple(
    sorted({*range(-32, 33), *(s * (1 << k) + d for k in range(5, 11) for s in (1, -1) for d in (-1, 0, 1)), 0x55, 0x33, 0x0F})
)  # fmt: skip
"""Immediates of 12 bits that discrete methods draw: small ones, powers of two and their neighbours, byte patterns."""


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
        return not any(_KIND[name] in ("branch", "jump") for name in self.operations)

    @property
    def has_memory(self) -> bool:
        return any(_KIND[name] in ("load", "store") for name in self.operations)

    def immediates(self, operation: str, slot: int) -> tuple[int, ...]:
        """Immediates to draw for an operation in a slot; (0,) where its format has none."""
        form = _FORMAT[operation]
        if form == "shift":
            return tuple(range(32))
        if form in ("B", "J"):
            return tuple(4 * (target - slot) for target in range(self.length + 1) if target != slot)
        if form == "U":
            return tuple(c << 12 for c in self.constants)
        if form in ("I", "S") and _KIND[operation] in ("load", "store"):
            near = tuple(c for c in self.constants if -32 <= c <= 32 and c % 4 == 0)
            return near + tuple(c for c in self.addresses if c not in near)
        return self.constants if form == "I" else (0,)

    def fields(self, operation: str) -> tuple[bool, bool, bool]:
        """Whether rd, rs1 and rs2 of an operation are to be drawn. A jump's rd is x0: a link tells where the code lies."""
        return isa.FORMATS[_FORMAT[operation]] if _KIND[operation] != "jump" else (False, False, False)

    def size(self) -> float:
        """How many codes the space holds."""
        choices = 1.0
        for slot in range(self.length):
            choices *= sum(
                float(len(self.registers)) ** sum(self.fields(name)) * len(self.immediates(name, slot))
                for name in self.operations
            )
        return choices

    def random(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """`[count, L, 5]` int32, random codes: of each instruction the operation first, then each field it has, uniformly."""
        table = choices(self)
        shape, slot = (count, self.length), np.arange(self.length)
        chosen = rng.integers(len(table.numbers), size=shape)
        codes = np.empty((*shape, 5), np.int32)
        codes[..., OP] = table.numbers[chosen]
        drawn = rng.integers(len(table.registers), size=(*shape, 3))
        codes[..., RD : RS2 + 1] = np.where(table.fields[chosen], table.registers[drawn], 0)
        codes[..., IMM] = table.immediates[slot, chosen, rng.integers(table.counts[slot, chosen])]
        return codes


@dataclass(frozen=True)
class Choices:
    """What the slots of a space may hold, as tables over its N operations.

    numbers `[N]` int32; fields `[N, 3]` bool, whether rd, rs1 and rs2 are drawn; registers `[R]` int32; immediates
    `[L, N, C]` int32, of which the first `counts` `[L, N]` int64 are to be drawn.
    """

    numbers: np.ndarray
    fields: np.ndarray
    registers: np.ndarray
    counts: np.ndarray
    immediates: np.ndarray


@cache
def choices(space: Space) -> Choices:
    """The tables of a space."""
    rows = [[space.immediates(name, slot) for name in space.operations] for slot in range(space.length)]
    counts = np.array([[len(row) for row in slot] for slot in rows], np.int64)
    immediates = np.zeros((*counts.shape, counts.max()), np.int32)
    for slot, operation in np.ndindex(*counts.shape):
        immediates[slot, operation, : counts[slot, operation]] = rows[slot][operation]
    numbers = np.array([isa.NUMBER[name] for name in space.operations], np.int32)
    fields = np.array([space.fields(name) for name in space.operations])
    return Choices(numbers, fields, np.array(space.registers, np.int32), counts, immediates)


def canonical(code: np.ndarray) -> np.ndarray:
    """The code with fields that its operations do not have set to 0."""
    made = code.copy()
    for number in np.unique(code[..., OP]):
        row = isa.OPERATIONS[number]
        here = code[..., OP] == number
        for field, used in zip((RD, RS1, RS2), isa.FORMATS[row.format], strict=True):
            if not used:
                made[here, field] = 0
        if row.format in ("R", "none"):
            made[here, IMM] = 0
    return made


def words(code: np.ndarray) -> np.ndarray:
    """`[L]` uint32, the instruction words. Raises ValueError where an immediate has no encoding."""
    return np.array(
        [isa.encode(isa.OPERATIONS[op].name, int(rd), int(a), int(b), int(imm)) for op, rd, a, b, imm in code],
        np.uint32,
    )


def encodable(code: np.ndarray) -> bool:
    """Whether every instruction of the code exists as a word."""
    try:
        words(code)
    except ValueError:
        return False
    return True


def assemble(lines: Iterable[tuple]) -> np.ndarray:
    """A code `[L, 5]` from tuples such as ("addi", "a0", "a0", -1), ("lw", "t0", 0, "a0"), ("bne", "a0", "zero", -8).

    Operands in the order of assembly text, with distances in bytes as branch targets.
    """
    return np.array([_assemble(*line) for line in lines], np.int32).reshape(-1, 5)


def _assemble(name: str, *operands) -> tuple[int, int, int, int, int]:
    form, number = _FORMAT[name], isa.register_number
    if form == "R":
        rd, rs1, rs2 = map(number, operands)
        return isa.NUMBER[name], rd, rs1, rs2, 0
    if form == "S":
        rs2, imm, rs1 = operands
        return isa.NUMBER[name], 0, number(rs1), number(rs2), imm
    if form == "B":
        rs1, rs2, imm = operands
        return isa.NUMBER[name], 0, number(rs1), number(rs2), imm
    if _KIND[name] == "load":
        rd, imm, rs1 = operands
        return isa.NUMBER[name], number(rd), number(rs1), 0, imm
    if form in ("I", "shift"):
        rd, rs1, imm = operands
        return isa.NUMBER[name], number(rd), number(rs1), 0, imm
    rd, imm = operands
    return isa.NUMBER[name], number(rd), 0, 0, imm


def text(code: np.ndarray) -> list[str]:
    """Assembly of a code, one line per slot; branch targets as labels `.L<slot>` with `<label>:` on lines of their own."""
    targets = sorted(
        {slot + imm // 4 for slot, (op, *_, imm) in enumerate(code) if _FORMAT[isa.OPERATIONS[op].name] in "BJ"}
    )
    lines = []
    for slot, fields in enumerate(code.tolist()):
        lines += [f".L{slot}:"] * (slot in targets) + ["    " + _line(slot, *fields)]
    return lines + [f".L{len(code)}:"] * (len(code) in targets)


def _line(slot: int, op: int, rd: int, rs1: int, rs2: int, imm: int) -> str:
    row, name = isa.OPERATIONS[op], isa.REGISTER_NAMES
    if row.format == "R":
        return f"{row.name} {name[rd]}, {name[rs1]}, {name[rs2]}"
    if row.format == "S":
        return f"{row.name} {name[rs2]}, {imm}({name[rs1]})"
    if row.format == "B":
        return f"{row.name} {name[rs1]}, {name[rs2]}, .L{slot + imm // 4}"
    if row.kind == "load":
        return f"{row.name} {name[rd]}, {imm}({name[rs1]})"
    if row.format == "J":
        return f"{row.name} {name[rd]}, .L{slot + imm // 4}"
    if row.format == "U":
        return f"{row.name} {name[rd]}, {(imm & 0xFFFFFFFF) >> 12:#x}"
    return f"{row.name} {name[rd]}, {name[rs1]}, {imm}"
