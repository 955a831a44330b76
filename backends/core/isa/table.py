"""The instruction set RV32EM / RV32IM in one table: formats, encodings, what is read, written and accessed, and meanings.

The decoded form is `(op, rd, rs1, rs2, imm)`; fields that a format does not have are 0. Shift amounts and counter numbers
are immediates. Source: The RISC-V Instruction Set Manual, volume I (RV32I 2.1, RV32E 2.0, M 2.0, Zifencei 2.0, Zicntr 2.0).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from backends.core.isa import meanings
from backends.core.isa.meanings import Meaning

# format: (has rd, has rs1, has rs2)
FORMATS = {
    "R": (True, True, True),
    "I": (True, True, False),
    "shift": (True, True, False),
    "S": (False, True, True),
    "B": (False, True, True),
    "U": (True, False, False),
    "J": (True, False, False),
    "counter": (True, False, False),
    "none": (False, False, False),
}
FUNCT3, FUNCT7 = 0x0000707F, 0xFE00707F
"""Masks of encodings that are told by the opcode and funct3, and by funct7 too."""
_COMMUTATIVE = ("add", "xor", "or", "and", "mul", "mulh", "mulhu", "beq", "bne")


@dataclass(frozen=True)
class Operation:
    """One row of the table.

    number: the value of the decoded field `op`. width: bytes that a load or store accesses, else 0. signed: a load extends
    the sign. register_form: of an operation with an immediate, the one that computes the same from two registers; else its own
    name. meaning: `(w, a, b)`, of `alu` and `branch` operations on rs1 and rs2, of `alu_imm` on rs1 and the immediate.
    """

    number: int
    name: str
    format: str
    kind: str
    match: int
    mask: int
    description: str
    width: int = 0
    signed: bool = False
    register_form: str = ""
    meaning: Meaning = meanings.undefined
    commutative: bool = False

    @property
    def writes(self) -> bool:
        """Whether it has a destination register."""
        return FORMATS[self.format][0]

    @property
    def reads(self) -> tuple[str, ...]:
        """The source registers that it has: rs1, rs2."""
        return tuple(field for field, has in zip(("rs1", "rs2"), FORMATS[self.format][1:], strict=True) if has)

    @property
    def computes(self) -> bool:
        """Whether its result is a word computed from words alone."""
        return self.kind in ("alu", "alu_imm")


def _row(
    name: str, format: str, kind: str, match: int, mask: int, description: str, *, width: int = 0, signed: bool = False
) -> Operation:
    form = "sltu" if name == "sltiu" else name.removesuffix("i") if kind == "alu_imm" else name
    meaning = (meanings.BRANCHES | meanings.ARITHMETIC).get(form, meanings.undefined)
    commutative = name in _COMMUTATIVE
    return Operation(-1, name, format, kind, match, mask, description, width, signed, form, meaning, commutative)


def _control() -> Iterator[Operation]:
    yield _row("lui", "U", "upper", 0x37, 0x7F, "rd = imm")
    yield _row("auipc", "U", "upper", 0x17, 0x7F, "rd = pc + imm")
    yield _row("jal", "J", "jump", 0x6F, 0x7F, "rd = pc + 4; pc = pc + imm")
    yield _row("jalr", "I", "jump", 0x67, FUNCT3, "rd = pc + 4; pc = (rs1 + imm) & ~1")
    for funct3, name, sign in (
        (0, "beq", "rs1 == rs2"),
        (1, "bne", "rs1 != rs2"),
        (4, "blt", "rs1 <s rs2"),
        (5, "bge", "rs1 >=s rs2"),
        (6, "bltu", "rs1 <u rs2"),
        (7, "bgeu", "rs1 >=u rs2"),
    ):
        yield _row(name, "B", "branch", 0x63 | funct3 << 12, FUNCT3, f"if {sign}: pc = pc + imm")


def _memory() -> Iterator[Operation]:
    for funct3, name, width, signed, what in (
        (0, "lb", 1, True, "sign-extended byte"),
        (1, "lh", 2, True, "sign-extended half"),
        (2, "lw", 4, False, "word"),
        (4, "lbu", 1, False, "byte"),
        (5, "lhu", 2, False, "half"),
    ):
        description = f"rd = {what} at rs1 + imm"
        yield _row(name, "I", "load", 0x03 | funct3 << 12, FUNCT3, description, width=width, signed=signed)
    for funct3, name, width, what in ((0, "sb", 1, "low byte"), (1, "sh", 2, "low half"), (2, "sw", 4, "word")):
        description = f"memory at rs1 + imm = {what} of rs2"
        yield _row(name, "S", "store", 0x23 | funct3 << 12, FUNCT3, description, width=width)


def _arithmetic() -> Iterator[Operation]:
    for funct3, name, what in (
        (0, "addi", "rs1 + imm"),
        (2, "slti", "rs1 <s imm"),
        (3, "sltiu", "rs1 <u imm"),
        (4, "xori", "rs1 ^ imm"),
        (6, "ori", "rs1 | imm"),
        (7, "andi", "rs1 & imm"),
    ):
        yield _row(name, "I", "alu_imm", 0x13 | funct3 << 12, FUNCT3, f"rd = {what}")
    yield _row("slli", "shift", "alu_imm", 0x00001013, FUNCT7, "rd = rs1 << imm")
    yield _row("srli", "shift", "alu_imm", 0x00005013, FUNCT7, "rd = rs1 >>u imm")
    yield _row("srai", "shift", "alu_imm", 0x40005013, FUNCT7, "rd = rs1 >>s imm")
    for funct7, funct3, name, what in (
        (0x00, 0, "add", "rs1 + rs2"),
        (0x20, 0, "sub", "rs1 - rs2"),
        (0x00, 1, "sll", "rs1 << (rs2 & 31)"),
        (0x00, 2, "slt", "rs1 <s rs2"),
        (0x00, 3, "sltu", "rs1 <u rs2"),
        (0x00, 4, "xor", "rs1 ^ rs2"),
        (0x00, 5, "srl", "rs1 >>u (rs2 & 31)"),
        (0x20, 5, "sra", "rs1 >>s (rs2 & 31)"),
        (0x00, 6, "or", "rs1 | rs2"),
        (0x00, 7, "and", "rs1 & rs2"),
        (0x01, 0, "mul", "low word of rs1 * rs2"),
        (0x01, 1, "mulh", "high word of rs1 * rs2, both signed"),
        (0x01, 2, "mulhsu", "high word of rs1 * rs2, rs1 signed, rs2 unsigned"),
        (0x01, 3, "mulhu", "high word of rs1 * rs2, both unsigned"),
        (0x01, 4, "div", "rs1 / rs2 toward zero, signed; -1 by zero; wraps on overflow"),
        (0x01, 5, "divu", "rs1 / rs2, unsigned; all ones by zero"),
        (0x01, 6, "rem", "rs1 % rs2, sign of rs1; rs1 by zero; 0 on overflow"),
        (0x01, 7, "remu", "rs1 % rs2, unsigned; rs1 by zero"),
    ):
        yield _row(name, "R", "alu", 0x33 | funct3 << 12 | funct7 << 25, FUNCT7, f"rd = {what}")


def _system() -> Iterator[Operation]:
    yield _row("ecall", "none", "system", 0x00000073, 0xFFFFFFFF, "call the environment")
    yield _row("ebreak", "none", "system", 0x00100073, 0xFFFFFFFF, "halt")
    yield _row("fence", "none", "fence", 0x0000000F, FUNCT3, "nothing (one hart, memory in order)")
    yield _row("fence.i", "none", "fence", 0x0000100F, FUNCT3, "fetch sees all earlier stores")
    # csrrs, csrrc, csrrsi and csrrci read a counter when their source field is zero; funct3 differs in free bits only
    for csr, name, what in (
        (0xC00, "rdcycle", "low word of cycles"),
        (0xC01, "rdtime", "low word of cycles"),
        (0xC02, "rdinstret", "low word of instructions retired"),
        (0xC80, "rdcycleh", "high word of cycles"),
        (0xC81, "rdtimeh", "high word of cycles"),
        (0xC82, "rdinstreth", "high word of instructions retired"),
    ):
        yield _row(name, "counter", "counter", 0x00002073 | csr << 20, 0xFFFFA07F, f"rd = {what}")


_ROWS = (*_control(), *_memory(), *_arithmetic(), *_system())
OPERATIONS: tuple[Operation, ...] = tuple(replace(row, number=number) for number, row in enumerate(_ROWS))
NUMBER: dict[str, int] = {op.name: op.number for op in OPERATIONS}
ILLEGAL = len(OPERATIONS)
ARITHMETIC: tuple[str, ...] = tuple(op.name for op in OPERATIONS if op.kind == "alu")
REGISTER_FORM: dict[str, str] = {op.name: op.register_form for op in OPERATIONS if op.kind == "alu_imm"}
"""The operation that computes the same from two registers, of each that takes an immediate."""
SOFT_OPERATIONS: tuple[str, ...] = tuple(op.name for op in OPERATIONS if op.kind not in ("fence", "counter"))
