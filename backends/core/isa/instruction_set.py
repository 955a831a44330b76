"""An instruction set as an object: a base with its registers, and the operations that extend it.

An extension is an operation on two registers, or on a register and an immediate, with one result. Those on two registers lie in
the opcode custom-0, told apart by funct3 and funct7, those with an immediate in custom-1, told apart by funct3: the space
that the RISC-V manual leaves to everybody. Their numbers begin at FIRST_EXTENSION, so that those of the base never move.
"""

from dataclasses import dataclass, replace

import numpy as np

from backends.core.isa.encoding import Decoded, decode, encode_operation, encodings
from backends.core.isa.meanings import Meaning
from backends.core.isa.table import ATOMICS, FIRST_ATOMIC, FUNCT3, FUNCT7, NUMBER, OPERATIONS, Operation
from backends.interface import REGISTERS, MachineConfig, UserError

FIRST_EXTENSION = 80
_OPCODES = {"R": 0x0B, "I": 0x2B}
_ROOM = {"R": 1 << 10, "I": 1 << 3}


@dataclass(frozen=True)
class Isa:
    """registers: how many. extensions: operations beyond the base, as `extended` adds them."""

    name: str
    registers: int
    extensions: tuple[Operation, ...] = ()

    @property
    def operations(self) -> tuple[Operation, ...]:
        return OPERATIONS + (ATOMICS if self.atomic else ()) + self.extensions

    @property
    def atomic(self) -> bool:
        """Whether it has the operations of extension A."""
        return self.name.endswith("a")

    def operation(self, name: str) -> Operation:
        """The row of that name. Raises UserError where there is none."""
        for row in self.operations:
            if row.name == name:
                return row
        raise UserError(f"{self.name} has no operation '{name}'")

    def numbered(self, number: int) -> Operation:
        """The row of a legal `op`."""
        if number >= FIRST_EXTENSION:
            return self.extensions[number - FIRST_EXTENSION]
        return OPERATIONS[number] if number < FIRST_ATOMIC else ATOMICS[number - FIRST_ATOMIC]

    def decode(self, words: np.ndarray) -> Decoded:
        """Decode words `[W]` uint32; a register that this instruction set lacks makes a word illegal."""
        beyond = self.atomic or self.extensions
        return decode(words, self.registers, encodings(self.operations)) if beyond else decode(words, self.registers)

    def encode(self, name: str, rd: int = 0, rs1: int = 0, rs2: int = 0, imm: int = 0) -> int:
        """The 32-bit word of one instruction. Raises ValueError where the immediate or a register does not fit."""
        return encode_operation(self.operation(name), rd, rs1, rs2, imm)

    def extended(
        self, name: str, meaning: Meaning, *, format: str = "R", commutative: bool = False, description: str = ""
    ) -> "Isa":
        """With one more operation, `meaning(w, a, b)` of rs1 and rs2 (format R) or of rs1 and the immediate (I).

        Raises UserError where the name is taken, the format is another one, or its encoding space is full.
        """
        used = [row for row in self.extensions if row.format == format]
        if name in NUMBER or any(row.name == name for row in self.extensions):
            raise UserError(f"{self.name} has an operation '{name}' already: give another name")
        if format not in _OPCODES:
            raise UserError(f"operation {name} of format '{format}': give R (two registers) or I (one and an immediate)")
        if len(used) == _ROOM[format]:
            raise UserError(f"no room for {name}: {_ROOM[format]} operations of format {format} are there already")
        match = _OPCODES[format] | (len(used) & 7) << 12 | (len(used) >> 3) << 25
        mask, kind = (FUNCT7, "alu") if format == "R" else (FUNCT3, "alu_imm")
        row = Operation(
            FIRST_EXTENSION + len(self.extensions), name, format, kind, match, mask, description, register_form=name,
            meaning=meaning, commutative=commutative,
        )  # fmt: skip
        return replace(self, extensions=(*self.extensions, row))


def named(name: str) -> Isa:
    """The base of that name, one of `interface.REGISTERS`."""
    return Isa(name, REGISTERS[name])


def of(config: MachineConfig) -> Isa:
    """The instruction set of a machine."""
    return Isa(config.isa, config.registers, config.extensions)
