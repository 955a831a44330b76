"""The instruction sets RV32EM, RV32IM and RV32IMA in one table: formats, encodings, what is read, written and accessed, and
meanings.

The decoded form is `(op, rd, rs1, rs2, imm)`; fields that a format does not have are 0. Shift amounts and counter numbers
are immediates. Source: The RISC-V Instruction Set Manual, volume I (RV32I 2.1, RV32E 2.0, M 2.0, A 2.1, Zifencei 2.0,
Zicntr 2.0).
"""

from dataclasses import dataclass
from functools import cached_property

from backends.core.isa import meanings
from backends.core.isa.meanings import Meaning

# format: (has rd, has rs1, has rs2)
FORMATS = {
    "R": (True, True, True),
    "R1": (True, True, False),
    "I": (True, True, False),
    "shift": (True, True, False),
    "S": (False, True, True),
    "B": (False, True, True),
    "U": (True, False, False),
    "J": (True, False, False),
    "counter": (True, False, False),
    "none": (False, False, False),
}
OPCODE, FUNCT3, FUNCT7, COUNTER, WORD = 0x0000007F, 0x0000707F, 0xFE00707F, 0xFFFFA07F, 0xFFFFFFFF
"""Masks of encodings that are told by the opcode; by funct3 too; by funct7 too; by the CSR as well, where csrrs, csrrc, csrrsi
and csrrci read a counter when their source field is zero (funct3 differs in free bits only); by the whole word."""
FUNCT5, RESERVE = 0xF800707F, 0xF9F0707F
"""Of atomic operations: the bits aq and rl, which order memory between harts, are free; `lr.w` has no second source."""
_COMMUTATIVE = ("add", "xor", "or", "and", "mul", "mulh", "mulhu", "beq", "bne")


@dataclass(frozen=True)
class Operation:
    """One row of the table.

    number: the value of the decoded field `op`. width: bytes that an access to memory has, else 0. signed: a load extends
    the sign. register_form: of an operation with an immediate, the one that computes the same from two registers; else its own
    name. meaning: `(w, a, b)`, of `alu` and `branch` operations on rs1 and rs2, of `alu_imm` on rs1 and the immediate, of
    `atomic` ones on the word in memory and rs2: the word that takes its place.
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

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """The source registers that it has: rs1, rs2."""
        return tuple(field for field, has in zip(("rs1", "rs2"), FORMATS[self.format][1:], strict=True) if has)

    @property
    def computes(self) -> bool:
        """Whether its result is a word computed from words alone."""
        return self.kind in ("alu", "alu_imm")


_ROWS = (  # name, format, kind, match, mask, description
    ("lui", "U", "upper", 0x00000037, OPCODE, "rd = imm"),
    ("auipc", "U", "upper", 0x00000017, OPCODE, "rd = pc + imm"),
    ("jal", "J", "jump", 0x0000006F, OPCODE, "rd = pc + 4; pc = pc + imm"),
    ("jalr", "I", "jump", 0x00000067, FUNCT3, "rd = pc + 4; pc = (rs1 + imm) & ~1"),
    ("beq", "B", "branch", 0x00000063, FUNCT3, "if rs1 == rs2: pc = pc + imm"),
    ("bne", "B", "branch", 0x00001063, FUNCT3, "if rs1 != rs2: pc = pc + imm"),
    ("blt", "B", "branch", 0x00004063, FUNCT3, "if rs1 <s rs2: pc = pc + imm"),
    ("bge", "B", "branch", 0x00005063, FUNCT3, "if rs1 >=s rs2: pc = pc + imm"),
    ("bltu", "B", "branch", 0x00006063, FUNCT3, "if rs1 <u rs2: pc = pc + imm"),
    ("bgeu", "B", "branch", 0x00007063, FUNCT3, "if rs1 >=u rs2: pc = pc + imm"),
    ("lb", "I", "load", 0x00000003, FUNCT3, "rd = sign-extended byte at rs1 + imm"),
    ("lh", "I", "load", 0x00001003, FUNCT3, "rd = sign-extended half at rs1 + imm"),
    ("lw", "I", "load", 0x00002003, FUNCT3, "rd = word at rs1 + imm"),
    ("lbu", "I", "load", 0x00004003, FUNCT3, "rd = byte at rs1 + imm"),
    ("lhu", "I", "load", 0x00005003, FUNCT3, "rd = half at rs1 + imm"),
    ("sb", "S", "store", 0x00000023, FUNCT3, "memory at rs1 + imm = low byte of rs2"),
    ("sh", "S", "store", 0x00001023, FUNCT3, "memory at rs1 + imm = low half of rs2"),
    ("sw", "S", "store", 0x00002023, FUNCT3, "memory at rs1 + imm = word of rs2"),
    ("addi", "I", "alu_imm", 0x00000013, FUNCT3, "rd = rs1 + imm"),
    ("slti", "I", "alu_imm", 0x00002013, FUNCT3, "rd = rs1 <s imm"),
    ("sltiu", "I", "alu_imm", 0x00003013, FUNCT3, "rd = rs1 <u imm"),
    ("xori", "I", "alu_imm", 0x00004013, FUNCT3, "rd = rs1 ^ imm"),
    ("ori", "I", "alu_imm", 0x00006013, FUNCT3, "rd = rs1 | imm"),
    ("andi", "I", "alu_imm", 0x00007013, FUNCT3, "rd = rs1 & imm"),
    ("slli", "shift", "alu_imm", 0x00001013, FUNCT7, "rd = rs1 << imm"),
    ("srli", "shift", "alu_imm", 0x00005013, FUNCT7, "rd = rs1 >>u imm"),
    ("srai", "shift", "alu_imm", 0x40005013, FUNCT7, "rd = rs1 >>s imm"),
    ("add", "R", "alu", 0x00000033, FUNCT7, "rd = rs1 + rs2"),
    ("sub", "R", "alu", 0x40000033, FUNCT7, "rd = rs1 - rs2"),
    ("sll", "R", "alu", 0x00001033, FUNCT7, "rd = rs1 << (rs2 & 31)"),
    ("slt", "R", "alu", 0x00002033, FUNCT7, "rd = rs1 <s rs2"),
    ("sltu", "R", "alu", 0x00003033, FUNCT7, "rd = rs1 <u rs2"),
    ("xor", "R", "alu", 0x00004033, FUNCT7, "rd = rs1 ^ rs2"),
    ("srl", "R", "alu", 0x00005033, FUNCT7, "rd = rs1 >>u (rs2 & 31)"),
    ("sra", "R", "alu", 0x40005033, FUNCT7, "rd = rs1 >>s (rs2 & 31)"),
    ("or", "R", "alu", 0x00006033, FUNCT7, "rd = rs1 | rs2"),
    ("and", "R", "alu", 0x00007033, FUNCT7, "rd = rs1 & rs2"),
    ("mul", "R", "alu", 0x02000033, FUNCT7, "rd = low word of rs1 * rs2"),
    ("mulh", "R", "alu", 0x02001033, FUNCT7, "rd = high word of rs1 * rs2, both signed"),
    ("mulhsu", "R", "alu", 0x02002033, FUNCT7, "rd = high word of rs1 * rs2, rs1 signed, rs2 unsigned"),
    ("mulhu", "R", "alu", 0x02003033, FUNCT7, "rd = high word of rs1 * rs2, both unsigned"),
    ("div", "R", "alu", 0x02004033, FUNCT7, "rd = rs1 / rs2 toward zero, signed; -1 by zero; wraps on overflow"),
    ("divu", "R", "alu", 0x02005033, FUNCT7, "rd = rs1 / rs2, unsigned; all ones by zero"),
    ("rem", "R", "alu", 0x02006033, FUNCT7, "rd = rs1 % rs2, sign of rs1; rs1 by zero; 0 on overflow"),
    ("remu", "R", "alu", 0x02007033, FUNCT7, "rd = rs1 % rs2, unsigned; rs1 by zero"),
    ("ecall", "none", "system", 0x00000073, WORD, "call the environment"),
    ("ebreak", "none", "system", 0x00100073, WORD, "halt"),
    ("fence", "none", "fence", 0x0000000F, FUNCT3, "nothing (one hart, memory in order)"),
    ("fence.i", "none", "fence", 0x0000100F, FUNCT3, "fetch sees all earlier stores"),
    ("rdcycle", "counter", "counter", 0xC0002073, COUNTER, "rd = low word of cycles"),
    ("rdtime", "counter", "counter", 0xC0102073, COUNTER, "rd = low word of cycles"),
    ("rdinstret", "counter", "counter", 0xC0202073, COUNTER, "rd = low word of instructions retired"),
    ("rdcycleh", "counter", "counter", 0xC8002073, COUNTER, "rd = high word of cycles"),
    ("rdtimeh", "counter", "counter", 0xC8102073, COUNTER, "rd = high word of cycles"),
    ("rdinstreth", "counter", "counter", 0xC8202073, COUNTER, "rd = high word of instructions retired"),
)


FIRST_ATOMIC = 64
"""The number of the first atomic operation; between those of the base and it lie numbers with other uses."""
_ATOMIC_ROWS = (
    ("lr.w", "R1", "atomic", 0x1000202F, RESERVE, "rd = word at rs1, which is reserved"),
    ("sc.w", "R", "atomic", 0x1800202F, FUNCT5, "if rs1 is reserved: word at rs1 = rs2, rd = 0; else rd = 1"),
    ("amoswap.w", "R", "atomic", 0x0800202F, FUNCT5, "rd = word at rs1; word at rs1 = rs2"),
    ("amoadd.w", "R", "atomic", 0x0000202F, FUNCT5, "rd = word at rs1; word at rs1 = rd + rs2"),
    ("amoxor.w", "R", "atomic", 0x2000202F, FUNCT5, "rd = word at rs1; word at rs1 = rd ^ rs2"),
    ("amoand.w", "R", "atomic", 0x6000202F, FUNCT5, "rd = word at rs1; word at rs1 = rd & rs2"),
    ("amoor.w", "R", "atomic", 0x4000202F, FUNCT5, "rd = word at rs1; word at rs1 = rd | rs2"),
    ("amomin.w", "R", "atomic", 0x8000202F, FUNCT5, "rd = word at rs1; word at rs1 = signed minimum of rd and rs2"),
    ("amomax.w", "R", "atomic", 0xA000202F, FUNCT5, "rd = word at rs1; word at rs1 = signed maximum of rd and rs2"),
    ("amominu.w", "R", "atomic", 0xC000202F, FUNCT5, "rd = word at rs1; word at rs1 = unsigned minimum of rd and rs2"),
    ("amomaxu.w", "R", "atomic", 0xE000202F, FUNCT5, "rd = word at rs1; word at rs1 = unsigned maximum of rd and rs2"),
)


def _operation(number: int, name: str, format: str, kind: str, match: int, mask: int, description: str) -> Operation:
    width = 4 if kind == "atomic" else {"b": 1, "h": 2, "w": 4}[name[1]] if kind in ("load", "store") else 0
    form = "sltu" if name == "sltiu" else name.removesuffix("i") if kind == "alu_imm" else name
    meaning = (meanings.BRANCHES | meanings.ARITHMETIC | meanings.ATOMIC).get(form, meanings.undefined)
    return Operation(
        number, name, format, kind, match, mask, description, width, name in ("lb", "lh"), form, meaning, name in _COMMUTATIVE
    )


OPERATIONS: tuple[Operation, ...] = tuple(_operation(number, *row) for number, row in enumerate(_ROWS))
"""Those of RV32EM and RV32IM."""
ATOMICS: tuple[Operation, ...] = tuple(_operation(number, *row) for number, row in enumerate(_ATOMIC_ROWS, FIRST_ATOMIC))
"""Those that RV32IMA adds."""
NUMBER: dict[str, int] = {op.name: op.number for op in OPERATIONS}
ILLEGAL = len(OPERATIONS)
ARITHMETIC: tuple[str, ...] = tuple(op.name for op in OPERATIONS if op.kind == "alu")
REGISTER_FORM: dict[str, str] = {op.name: op.register_form for op in OPERATIONS if op.kind == "alu_imm"}
"""The operation that computes the same from two registers, of each that takes an immediate."""
SOFT_OPERATIONS: tuple[str, ...] = tuple(op.name for op in OPERATIONS if op.kind not in ("fence", "counter"))
