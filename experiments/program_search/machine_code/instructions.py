"""What each slot of a code may hold: packed instructions out of a space's choices, compiled; and, for enumeration, instructions
that do something, and what they read and write.

Jumps in packed codes name their target's slot, so an instruction that is moved still goes where it went.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from backends.core import isa
from backends.gpu_compute.codes import pack, pack_slot
from backends.gpu_compute.compiling import inlined, inner
from experiments.program_search.problem import Examples
from experiments.program_search.random_numbers import below, uniform
from experiments.program_search.space import IMM, NOTHING, OPERATION, RD, RS1, RS2, Space

PACKED_NOTHING = pack(np.array([[NOTHING]], np.int32))[0, 0]
_LEAST = 2.0**-50
_SHIFTS = np.array([op.format == "shift" for op in isa.OPERATIONS])
USUAL = (-4, -1, 0, 1, 2, 4, 31, 16, 8)
"""Immediates that programs are full of."""
_OF_EQUALS = ("add", "sll", "mul", "mulhu", "sw")
"""Operations that are worth something on a register and itself; beside `beq`, which then is a jump."""


def empty_code(length: int) -> np.ndarray:
    """A packed code `[length + 2]` uint64 that does nothing."""
    return pack(np.array([[NOTHING] * length], np.int32))[0]


@inner
def random_instruction(random, slot, k, choices):
    """A random packed instruction for a slot, with the k-th operation of the space."""
    registers, written, count = choices.registers, choices.written, len(choices.registers)
    rd = np.int64(written[below(random, len(written))]) if choices.has[k, 0] else 0
    rs1 = np.int64(registers[below(random, count)]) if choices.has[k, 1] else 0
    rs2 = np.int64(registers[below(random, count)]) if choices.has[k, 2] else 0
    place = uniform(random) ** choices.powers[k] * (1 - _LEAST)
    imm = np.int64(choices.immediates[slot, k, np.int64(place * choices.counts[slot, k])])
    return pack_slot(np.int64(choices.numbers[k]), rd, rs1, rs2, imm, slot)


@inlined
def pack_fields(k, fields, slot, choices):
    """The packed instruction of the k-th operation with the other fields of `[5]`, and 0 in those that it does not have."""
    op, has, imm = np.int64(choices.numbers[k]), choices.has, np.int64(fields[IMM])
    if choices.counts[slot, k] == 1:
        imm = np.int64(choices.immediates[slot, k, 0])
    elif _SHIFTS[op]:
        imm &= 31
    return pack_slot(
        op, np.int64(fields[RD]) if has[k, 0] else 0, np.int64(fields[RS1]) if has[k, 1] else 0,
        np.int64(fields[RS2]) if has[k, 2] else 0, imm, slot,
    )  # fmt: skip


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
    """Instructions for each slot of a code of n: packed `[n, M]` uint64, a row's instructions and zeros behind them; reads,
    writes, scratch `[n, M]` int64 and stores `[n, M]` bool as in `Instructions`. outputs: registers as bits."""

    packed: np.ndarray
    reads: np.ndarray
    writes: np.ndarray
    scratch: np.ndarray
    stores: np.ndarray
    outputs: int

    @classmethod
    def of(cls, slots: Sequence[Instructions], examples: Examples) -> "SlotChoices":
        """What each slot may hold; a jump to its own slot is left out."""
        slots = [lines.take(~lines.jumps | (lines.rows[:, IMM] != 4 * slot)) for slot, lines in enumerate(slots)]
        shape = len(slots), max(1, *(len(lines.rows) for lines in slots))
        packed, stores = np.zeros(shape, np.uint64), np.zeros(shape, bool)
        reads, writes, scratch = np.zeros((3, *shape), np.int64)
        for slot, lines in enumerate(slots):
            here = slot, slice(len(lines.rows))
            codes = np.array([[NOTHING] * (slot + 1)] * len(lines.rows), np.int32).reshape(-1, slot + 1, 5)
            codes[:, slot] = lines.rows
            codes[:, slot, IMM] -= 4 * slot * lines.jumps
            packed[here] = pack(codes)[:, slot]
            reads[here], writes[here], scratch[here], stores[here] = lines[1:5]
        outputs = sum({1 << at.number for at in examples.targets if at.kind == "register"})
        return cls(packed, reads, writes, scratch, stores, outputs)


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
