"""The programs that are searched for: RISC-V instructions as integers, and the space that they come from.

A *code* is `[L, 5]` int32: operation (`isa.NUMBER`), rd, rs1, rs2, immediate; fields that the operation's format does not have
are 0, and the immediate of a branch or jump is the distance in bytes. It starts at its first slot and ends when it reaches
the slot behind its last, by running or by jumping there. Many codes are `[P, L, 5]`.
"""

import math
from dataclasses import dataclass

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
