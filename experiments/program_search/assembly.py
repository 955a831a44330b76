"""Codes as assembly text, from it, and as the words of memory."""

from collections.abc import Iterable

import numpy as np

from backends.core import isa
from experiments.program_search.space import IMM, OP, OPERATION, RD, RS1, RS2


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
    form, number, op = OPERATION[name].format, isa.register_number, isa.NUMBER[name]
    if form == "R":
        rd, rs1, rs2 = map(number, operands)
        return op, rd, rs1, rs2, 0
    if form == "S":
        rs2, imm, rs1 = operands
        return op, 0, number(rs1), number(rs2), imm
    if form == "B":
        rs1, rs2, imm = operands
        return op, 0, number(rs1), number(rs2), imm
    if OPERATION[name].kind == "load":
        rd, imm, rs1 = operands
        return op, number(rd), number(rs1), 0, imm
    if form in ("I", "shift"):
        rd, rs1, imm = operands
        return op, number(rd), number(rs1), 0, imm
    rd, imm = operands
    return op, number(rd), 0, 0, imm


def text(code: np.ndarray) -> list[str]:
    """Assembly of a code, one line per slot; branch targets as labels `.L<slot>` with `<label>:` on lines of their own."""
    targets = sorted({slot + imm // 4 for slot, (op, *_, imm) in enumerate(code) if isa.OPERATIONS[op].format in "BJ"})
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
