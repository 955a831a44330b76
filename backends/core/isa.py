"""The instruction set RV32EM / RV32IM in one table, from which decoding, encoding and documentation come.

An encoding matches an operation when `word & mask == match`. The decoded form is `(op, rd, rs1, rs2, imm)`; fields that a
format does not have are 0. Shift amounts and counter numbers are immediates. Source: The RISC-V Instruction Set Manual,
volume I (RV32I 2.1, RV32E 2.0, M 2.0, Zifencei 2.0, Zicntr 2.0).
"""

from dataclasses import dataclass

import numpy as np

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


@dataclass(frozen=True)
class Operation:
    """One row of the table: `number` is its index and the value of the decoded field `op`."""

    number: int
    name: str
    format: str
    kind: str
    match: int
    mask: int
    meaning: str


def _rows():
    """(name, format, kind, match, mask, meaning)"""
    funct3, full = 0x0000707F, 0xFE00707F
    yield "lui", "U", "upper", 0x37, 0x7F, "rd = imm"
    yield "auipc", "U", "upper", 0x17, 0x7F, "rd = pc + imm"
    yield "jal", "J", "jump", 0x6F, 0x7F, "rd = pc + 4; pc = pc + imm"
    yield "jalr", "I", "jump", 0x67, funct3, "rd = pc + 4; pc = (rs1 + imm) & ~1"
    for number, name, sign in (
        (0, "beq", "rs1 == rs2"),
        (1, "bne", "rs1 != rs2"),
        (4, "blt", "rs1 <s rs2"),
        (5, "bge", "rs1 >=s rs2"),
        (6, "bltu", "rs1 <u rs2"),
        (7, "bgeu", "rs1 >=u rs2"),
    ):
        yield name, "B", "branch", 0x63 | number << 12, funct3, f"if {sign}: pc = pc + imm"
    for number, name, what in (
        (0, "lb", "sign-extended byte"),
        (1, "lh", "sign-extended half"),
        (2, "lw", "word"),
        (4, "lbu", "byte"),
        (5, "lhu", "half"),
    ):
        yield name, "I", "load", 0x03 | number << 12, funct3, f"rd = {what} at rs1 + imm"
    for number, name, what in ((0, "sb", "low byte"), (1, "sh", "low half"), (2, "sw", "word")):
        yield name, "S", "store", 0x23 | number << 12, funct3, f"memory at rs1 + imm = {what} of rs2"
    for number, name, what in (
        (0, "addi", "rs1 + imm"),
        (2, "slti", "rs1 <s imm"),
        (3, "sltiu", "rs1 <u imm"),
        (4, "xori", "rs1 ^ imm"),
        (6, "ori", "rs1 | imm"),
        (7, "andi", "rs1 & imm"),
    ):
        yield name, "I", "alu_imm", 0x13 | number << 12, funct3, f"rd = {what}"
    yield "slli", "shift", "alu_imm", 0x00001013, full, "rd = rs1 << imm"
    yield "srli", "shift", "alu_imm", 0x00005013, full, "rd = rs1 >>u imm"
    yield "srai", "shift", "alu_imm", 0x40005013, full, "rd = rs1 >>s imm"
    for upper, number, name, what in (
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
        yield name, "R", "alu", 0x33 | number << 12 | upper << 25, full, f"rd = {what}"
    yield "ecall", "none", "system", 0x00000073, 0xFFFFFFFF, "call the environment"
    yield "ebreak", "none", "system", 0x00100073, 0xFFFFFFFF, "halt"
    yield "fence", "none", "fence", 0x0000000F, funct3, "nothing (one hart, memory in order)"
    yield "fence.i", "none", "fence", 0x0000100F, funct3, "fetch sees all earlier stores"
    # csrrs, csrrc, csrrsi and csrrci read a counter when their source field is zero; funct3 differs in free bits only
    for number, name, what in (
        (0xC00, "rdcycle", "low word of cycles"),
        (0xC01, "rdtime", "low word of cycles"),
        (0xC02, "rdinstret", "low word of instructions retired"),
        (0xC80, "rdcycleh", "high word of cycles"),
        (0xC81, "rdtimeh", "high word of cycles"),
        (0xC82, "rdinstreth", "high word of instructions retired"),
    ):
        yield name, "counter", "counter", 0x00002073 | number << 20, 0xFFFFA07F, f"rd = {what}"


OPERATIONS: tuple[Operation, ...] = tuple(Operation(i, *row) for i, row in enumerate(_rows()))
NUMBER: dict[str, int] = {op.name: op.number for op in OPERATIONS}
ILLEGAL = len(OPERATIONS)
ARITHMETIC: tuple[str, ...] = tuple(op.name for op in OPERATIONS if op.kind == "alu")
REGISTER_FORM: dict[str, str] = {
    op.name: "sltu" if op.name == "sltiu" else op.name.removesuffix("i") for op in OPERATIONS if op.kind == "alu_imm"
}
"""The operation that computes the same from two registers, of each that takes an immediate."""
SOFT_OPERATIONS: tuple[str, ...] = tuple(op.name for op in OPERATIONS if op.kind not in ("fence", "counter"))


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


def decode(words: np.ndarray, registers: int) -> Decoded:
    """Decode words `[W]` uint32. A register field that names a register beyond `registers` makes the word illegal."""
    w = np.asarray(words, dtype=np.uint32)
    op = np.full(w.shape, ILLEGAL, dtype=np.int64)
    rd, rs1, rs2 = (np.zeros(w.shape, dtype=np.int64) for _ in range(3))
    imm = np.zeros(w.shape, dtype=np.uint32)
    for row in OPERATIONS:
        hit = (w & np.uint32(row.mask)) == np.uint32(row.match)
        if not hit.any():
            continue
        word = w[hit]
        fields = [
            (word >> shift & 0x1F).astype(np.int64) * used
            for shift, used in zip((7, 15, 20), FORMATS[row.format], strict=True)
        ]
        legal = np.max(fields, axis=0) < registers
        op[hit] = np.where(legal, row.number, ILLEGAL)
        for target, value in zip((rd, rs1, rs2), fields, strict=True):
            target[hit] = np.where(legal, value, 0)
        imm[hit] = np.where(legal, immediate(word, row.format), 0)
    return Decoded(op, rd, rs1, rs2, imm)


def encode(name: str, rd: int = 0, rs1: int = 0, rs2: int = 0, imm: int = 0) -> int:
    """The 32-bit word of one instruction. Raises ValueError where the immediate or a register does not fit."""
    row = OPERATIONS[NUMBER[name]]
    imm &= 0xFFFFFFFF
    word = row.match | rd << 7 | rs1 << 15 | rs2 << 20 | _scatter(imm, row.format)
    back = decode(np.array([word], dtype=np.uint32), 32)
    if (back.op[0], back.rd[0], back.rs1[0], back.rs2[0], int(back.imm[0])) != (row.number, rd, rs1, rs2, imm):
        raise ValueError(f"{name} rd={rd} rs1={rs1} rs2={rs2} imm={imm:#x} has no encoding")
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


REGISTER_NAMES = (
    *("zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5"),
    *("a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"),
)


def register_number(name: str) -> int:
    """Number of a register named `a0`, `x10` or `fp`. Raises KeyError."""
    table = {n: i for i, n in enumerate(REGISTER_NAMES)} | {f"x{i}": i for i in range(32)} | {"fp": 8}
    return table[name]
