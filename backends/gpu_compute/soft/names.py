"""What the compiled soft step calls operations by: their columns, and groups of them that are left out together."""

import numpy as np

from backends.core import isa
from backends.core.soft import COLUMN

OPERATIONS = len(COLUMN)
_KIND = {op.name: op.kind for op in isa.OPERATIONS}


def _columns(*names: str) -> np.ndarray:
    return np.array([COLUMN[name] for name in names])


def of_kinds(*kinds: str) -> tuple[str, ...]:
    return tuple(name for name in COLUMN if _KIND[name] in kinds)


COMPUTING = _columns(*of_kinds("alu", "alu_imm", "upper"))
"""Operations that compute a word from operands."""
LOGIC = np.stack([_columns("and", "or", "xor"), _columns("andi", "ori", "xori")])
SHIFTS = np.stack([_columns("sll", "srl", "sra"), _columns("slli", "srli", "srai")])
ORDERS = np.stack([_columns("slt", "sltu"), _columns("slti", "sltiu")])
"""Of both forms, with b and with imm."""
_SINGLE = ("add", "sub", "addi", "lui", "auipc", "jal", "jalr", "ecall", "ebreak")
ADD, SUB, ADDI, LUI, AUIPC, JAL, JALR, ECALL, EBREAK = _columns(*_SINGLE).tolist()
MULTIPLY_DIVIDE = _columns("mul", "mulh", "mulhsu", "mulhu", "div", "divu", "rem", "remu")
MUL, MULH, MULHSU, MULHU, DIV, DIVU, REM, REMU = range(8)
LOADS, STORES = _columns("lb", "lh", "lw", "lbu", "lhu"), _columns("sb", "sh", "sw")
LOAD_BYTES, STORE_BYTES = np.array([1, 2, 4, 1, 2]), np.array([1, 2, 4])
SIGNED_BYTE, SIGNED_HALF = 0, 1
"""Of LOADS, those that extend the sign."""
EQUAL, LESS, LESS_UNSIGNED = range(3)
BRANCHES = _columns("beq", "bne", "blt", "bge", "bltu", "bgeu")
CONDITIONS, SENSES = np.array([EQUAL, EQUAL, LESS, LESS, LESS_UNSIGNED, LESS_UNSIGNED]), np.array([1, 0] * 3) == 1
"""Of BRANCHES, the condition, and whether it is taken where that holds."""

_MEMORY = of_kinds("load", "store")
_GROUPS = {
    "sum of a and b": ("add",),
    "sum of a and imm": ("addi", "jalr", *_MEMORY),
    "sum of here and imm": ("auipc",),
    "difference of a and b": ("sub", "slt", "sltu", "blt", "bge", "bltu", "bgeu"),
    "difference of a and imm": ("slti", "sltiu"),
    "logic of b": ("and", "or", "xor"),
    "logic of imm": ("andi", "ori", "xori"),
    "shifts by b": ("sll", "srl", "sra"),
    "shifts by imm": ("slli", "srli", "srai"),
    "equality": ("beq", "bne"),
    "memory": _MEMORY,
    "loads": of_kinds("load"),
    "stores": of_kinds("store"),
    "targets": (*of_kinds("branch"), "jal"),
    "indirect jumps": ("jalr",),
    "control": of_kinds("branch", "jump", "system"),
}
(
    SUM_AB, SUM_AI, SUM_HI, DIFFERENCE_AB, DIFFERENCE_AI, LOGIC_B, LOGIC_I, SHIFTS_B, SHIFTS_I, EQUALITY, MEMORY, LOADING,
    STORING, TARGETS, INDIRECT, CONTROL,
) = range(len(_GROUPS))  # fmt: skip
MEMBERS = np.zeros((len(_GROUPS), OPERATIONS), bool)
"""Of each group, its operations."""
for _row, _names in zip(MEMBERS, _GROUPS.values(), strict=True):
    _row[_columns(*_names)] = True
