"""What each slot of a code may hold, for enumeration: instructions that do something, and what they read and write."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from backends.core import isa
from backends.gpu_compute.codes import pack
from experiments.program_search.problem import Examples
from experiments.program_search.space import IMM, NOTHING, OPERATION, Space

USUAL = (-4, -1, 0, 1, 2, 4, 31, 16, 8)
"""Immediates that programs are full of."""
_OF_EQUALS = ("add", "sll", "mul", "mulhu", "sw")
"""Operations that are worth something on a register and itself; beside `beq`, which then is a jump."""


class Instructions(NamedTuple):
    """M instructions that a slot may hold: rows `[M, 5]` int32, those that jump with their target's distance from slot 0 as
    immediate; reads, writes and scratch `[M]` int64, registers as bits, scratch ones by their rank among all such; stores and
    jumps `[M]` bool."""

    rows: np.ndarray
    reads: np.ndarray
    writes: np.ndarray
    scratch: np.ndarray
    stores: np.ndarray
    jumps: np.ndarray

    @classmethod
    def of(cls, space: Space, examples: Examples, length: int, constants: tuple[int, ...] | None) -> "Instructions":
        """All that do something, in codes of a length. constants: those to use of the space's immediates; None: all."""
        rows = np.array(list(_lines(space, length, constants)), np.int32).reshape(-1, 5)
        kinds = [isa.OPERATIONS[op] for op in rows[:, 0]]
        fields = np.array([isa.FORMATS[row.format] for row in kinds])
        bits = np.where(fields & (rows[:, 1:4] > 0), np.int64(1) << rows[:, 1:4].astype(np.int64), 0)
        reads, writes = bits[:, 1] | bits[:, 2], bits[:, 0]
        named = examples.registers_named()
        ranks = {r: rank for rank, r in enumerate(r for r in space.registers if r and r not in named)}
        scratch = sum((((reads | writes) >> r & 1) << rank for r, rank in ranks.items()), np.zeros_like(reads))
        stores = np.array([row.kind == "store" for row in kinds], bool)
        return cls(rows, reads, writes, scratch, stores, np.array([row.format in "BJ" for row in kinds], bool))

    def take(self, chosen: np.ndarray) -> "Instructions":
        """Some of them, by mask or index."""
        return Instructions(*(column[chosen] for column in self))


class SlotChoices(NamedTuple):
    """Instructions for each slot of a code of n: packed `[n, M]` uint64, a row's instructions and zeros behind them; marks
    `[n, M, 4]` int64: reads, writes, scratch and stores as in `Instructions`. outputs: registers as bits."""

    packed: np.ndarray
    marks: np.ndarray
    outputs: int

    @classmethod
    def of(cls, slots: Sequence[Instructions], examples: Examples) -> "SlotChoices":
        """What each slot may hold; a jump to its own slot is left out."""
        slots = [lines.take(~lines.jumps | (lines.rows[:, IMM] != 4 * slot)) for slot, lines in enumerate(slots)]
        shape = len(slots), max(1, *(len(lines.rows) for lines in slots))
        packed, marks = np.zeros(shape, np.uint64), np.zeros((*shape, 4), np.int64)
        for slot, lines in enumerate(slots):
            here = slot, slice(len(lines.rows))
            codes = np.array([[NOTHING] * (slot + 1)] * len(lines.rows), np.int32).reshape(-1, slot + 1, 5)
            codes[:, slot] = lines.rows
            codes[:, slot, IMM] -= 4 * slot * lines.jumps
            packed[here] = pack(codes)[:, slot]
            marks[here] = np.stack(lines[1:5], axis=1)
        outputs = sum({1 << at.number for at in examples.targets if at.kind == "register"})
        return cls(packed, marks, outputs)


def _lines(space: Space, length: int, constants: tuple[int, ...] | None) -> Iterator[tuple[int, int, int, int, int]]:
    """Instructions `(op, rd, rs1, rs2, imm)` that do something."""
    for name in space.operations:
        row = OPERATION[name]
        if row.format in "BJ":
            immediates = tuple(4 * target for target in range(length + 1))
        else:
            usual = None if constants is None else {0, *constants, *space.addresses}
            immediates = tuple(c for c in space.immediates(name, 0) if usual is None or c in usual)
        choices = [space.registers if has else (0,) for has in space.fields(name)]
        for rd, rs1, rs2, imm in product(*choices, immediates):
            if _worthwhile(row, rd, rs1, rs2, imm):
                yield row.number, rd, rs1, rs2, imm


def _worthwhile(row: isa.Operation, rd: int, rs1: int, rs2: int, imm: int) -> bool:
    if row.writes and not rd and row.kind != "jump":
        return False
    if row.format in ("R", "B", "S") and rs1 == rs2 and row.name not in _OF_EQUALS:
        return row.name == "beq" and rs1 == 0
    if row.commutative:
        return rs1 >= rs2
    if row.kind == "alu_imm":
        needs_zero = row.name in ("slti", "sltiu") or (row.name == "addi" and not rs1)
        return (rs1 != 0 or row.name == "addi") and (imm != 0 or needs_zero)
    return True
