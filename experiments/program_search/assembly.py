"""Codes as assembly text, from it, and as the words of memory."""

from collections.abc import Iterable

import numpy as np

from backends.core import isa
from experiments.program_search.space import IMM, OP, OPERATION, RD, RS1, RS2


def words(code: np.ndarray) -> np.ndarray:
    """`[L]` uint32, the instruction words. Raises ValueError where an immediate has no encoding."""
    return np.array(
        [isa.encode(isa.OPERATIONS[op].name, int(rd), int(a), int(b), int(imm)) for op, rd, a, b, imm in code], np.uint32
    )


def encodable(code: np.ndarray) -> bool:
    """Whether every instruction of the code exists as a word."""
    try:
        words(code)
    except ValueError:
        return False
    return True


def assemble(lines: Iterable[Iterable]) -> np.ndarray:
    """A code `[L, 5]` from lines such as ("addi", "a0", "a0", -1), ("lw", "t0", "0", "a0"), ("bne", "a0", "zero", -8).

    Operands in the order of assembly text, with distances in bytes as branch targets.
    """
    return np.array([_assemble(*line) for line in lines], np.int32).reshape(-1, 5)


_OPERANDS = {
    "R": (RD, RS1, RS2), "I": (RD, RS1, IMM), "shift": (RD, RS1, IMM), "load": (RD, IMM, RS1), "S": (RS2, IMM, RS1),
    "B": (RS1, RS2, IMM), "U": (RD, IMM), "J": (RD, IMM),
}  # fmt: skip
"""In the order of assembly text, by format, or of loads by kind."""


def _fields(row: isa.Operation) -> tuple[int, ...]:
    return _OPERANDS[row.kind if row.kind == "load" else row.format]


def _assemble(name: str, *operands) -> list[int]:
    made = [isa.NUMBER[name], 0, 0, 0, 0]
    for field, operand in zip(_fields(OPERATION[name]), operands, strict=True):
        made[field] = int(operand) if field == IMM else isa.register_number(operand)
    return made


def text(code: np.ndarray) -> list[str]:
    """Assembly of a code, one line per slot; branch targets as labels `.L<slot>` with `<label>:` on lines of their own."""
    targets = sorted({slot + imm // 4 for slot, (op, *_, imm) in enumerate(code) if isa.OPERATIONS[op].format in "BJ"})
    lines = []
    for slot, fields in enumerate(code.tolist()):
        lines += [f".L{slot}:"] * (slot in targets) + ["    " + _line(slot, fields)]
    return lines + [f".L{len(code)}:"] * (len(code) in targets)


def _line(slot: int, instruction: list[int]) -> str:
    row, imm = isa.OPERATIONS[instruction[OP]], instruction[IMM]
    immediate = f".L{slot + imm // 4}" if row.format in "BJ" else str(imm)
    if row.format == "U":
        immediate = f"{(imm & 0xFFFFFFFF) >> 12:#x}"
    words = [immediate if field == IMM else isa.REGISTER_NAMES[instruction[field]] for field in _fields(row)]
    if row.width:
        return f"{row.name} {words[0]}, {words[1]}({words[2]})"
    return f"{row.name} {', '.join(words)}"
