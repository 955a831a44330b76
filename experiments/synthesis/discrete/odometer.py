"""Enumeration for programs with branches or memory: all codes in the order of their length, but for those that a shorter or an
equal one stands for.

Left out are instructions that do nothing, operands of commutative operations and of equality in the other order, codes that
read a scratch register which nothing writes or write one that nothing reads, and codes that name scratch registers in
another order than that of their numbers. A code is run until its first wrong example, and those examples come first that
most codes get wrong.
"""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np

from backends.core import isa
from backends.gpu_compute.codes import entry, inner, pack
from experiments.synthesis.evaluate import output_at, run_case
from experiments.synthesis.language import IMM, NOTHING, Space
from experiments.synthesis.task import Examples

PLAIN = (-4, -1, 0, 1, 2, 4, 31, 16, 8)
"""Immediates that programs are full of."""
_COMMUTATIVE = ("add", "and", "or", "xor", "mul", "mulh", "mulhu", "beq", "bne")
_OF_EQUALS = ("add", "sll", "mul", "mulhu", "sw")
"""Operations that are worth something on a register and itself; beside `beq`, which then is a jump."""
DEPTH, FINISHED, HIT = range(3)
"""Of an odometer's place: the slot it is about to fill, whether it has no more codes, and whether it stands at a code that is
right."""


class Menu(NamedTuple):
    """Instructions for the slots of a code of n: packed `[n, M]` uint64, 0 where a slot does not take one; reads, writes and
    scratch `[M]` int64, registers as bits, scratch ones by their rank among all such; stores `[M]` bool. outputs: registers as
    bits."""

    packed: np.ndarray
    reads: np.ndarray
    writes: np.ndarray
    scratch: np.ndarray
    stores: np.ndarray
    outputs: int

    @classmethod
    def of(cls, space: Space, examples: Examples, length: int, constants: tuple[int, ...] | None) -> "Menu":
        """constants: those to use of the space's immediates; None: all."""
        lines = np.array(list(_lines(space, length, constants)), np.int32).reshape(-1, 5)
        kinds = [isa.OPERATIONS[op] for op in lines[:, 0]]
        jumps = np.array([row.format in "BJ" for row in kinds])
        packed = np.empty((length, len(lines)), np.uint64)
        for slot in range(length):
            codes = np.array([[NOTHING] * length] * len(lines), np.int32)
            codes[:, slot] = lines
            codes[:, slot, IMM] -= 4 * slot * jumps
            packed[slot] = np.where(jumps & (codes[:, slot, IMM] == 0), 0, pack(codes)[:, slot])
        named = [at.number for at in examples.sources + examples.targets if at.kind == "register"]
        ranks = {r: rank for rank, r in enumerate(r for r in space.registers if r and r not in named)}
        fields = np.array([isa.FORMATS[row.format] for row in kinds])
        bits = np.where(fields & (lines[:, 1:4] > 0), np.int64(1) << lines[:, 1:4].astype(np.int64), 0)
        reads, writes = bits[:, 1] | bits[:, 2], bits[:, 0]
        scratch = sum(((reads | writes) >> r & 1) << rank for r, rank in ranks.items())
        outputs = sum({1 << at.number for at in examples.targets if at.kind == "register"})
        stores = np.array([row.kind == "store" for row in kinds])
        return cls(packed, reads, writes, scratch + np.zeros_like(reads), stores, outputs)


def _lines(space: Space, length: int, constants: tuple[int, ...] | None) -> Iterator[tuple[int, int, int, int, int]]:
    """Instructions `(op, rd, rs1, rs2, imm)` that do something, jumps with their target's distance from slot 0."""
    for name in space.operations:
        row = isa.OPERATIONS[isa.NUMBER[name]]
        if row.format in ("B", "J"):
            immediates = tuple(4 * target for target in range(length + 1))
        else:
            immediates = tuple(c for c in space.immediates(name, 0) if constants is None or c in constants or c == 0)
        choices = [space.registers if has else (0,) for has in space.fields(name)]
        for rd, rs1, rs2, imm in product(*choices, immediates):
            if _worthwhile(row, rd, rs1, rs2, imm):
                yield row.number, rd, rs1, rs2, imm


def _worthwhile(row: isa.Operation, rd: int, rs1: int, rs2: int, imm: int) -> bool:
    if isa.FORMATS[row.format][0] and not rd and row.kind != "jump":
        return False
    if row.format in ("R", "B", "S") and rs1 == rs2 and row.name not in _OF_EQUALS:
        return row.name == "beq" and rs1 == 0
    if row.name in _COMMUTATIVE:
        return rs1 >= rs2
    if row.kind == "alu_imm":
        needs_zero = row.name in ("slti", "sltiu") or (row.name == "addi" and not rs1)
        return (rs1 != 0 or row.name == "addi") and (imm != 0 or needs_zero)
    return True


@inner
def _fits(packed, stores, order, cases, scratch):
    """Whether a code is right on all examples `order`, and instructions executed; the example that refuted it moves forward."""
    starts, memory, words, base, places, wanted, steps = cases
    x, own_memory, own_words = scratch
    total = np.int64(0)
    for t in range(len(order)):
        e = order[t]
        ended, executed, after = run_case(
            packed, stores, e, starts, memory, words, base, steps, x, own_memory, own_words
        )
        total += executed
        for o in range(len(places)):
            ended = ended and output_at(places[o], x, after) == wanted[e, o]
        if not ended:
            if t:
                order[t], order[t - 1] = order[t - 1], order[t]
            return False, total
    return True, total


@entry
def turn(menu, chosen, so_far, place, stride, order, cases, scratch, executions):
    """Go on through the codes until one is right, all are done, or about `executions` are executed; returns how many were.

    chosen `[n]` int64: of each slot the instruction; the first slot takes every stride-th. so_far `[n + 1, 4]` int64: reads,
    writes, scratch registers and stores of the slots before. place `[3]`.
    """
    choices, reads, writes, scratches, stores, outputs = menu
    packed, total, n = scratch[0], np.int64(0), len(chosen)
    d = place[DEPTH]
    place[HIT] = 0
    while total < executions:
        if chosen[d] >= len(reads):
            if d == 0:
                place[FINISHED] = 1
                break
            d -= 1
            chosen[d] += stride if d == 0 else 1
            continue
        m = chosen[d]
        named = so_far[d, 2] | scratches[m]
        if choices[d, m] == 0 or named & (named + 1):
            chosen[d] += stride if d == 0 else 1
            continue
        packed[d] = choices[d, m]
        so_far[d + 1, 0], so_far[d + 1, 1] = so_far[d, 0] | reads[m], so_far[d, 1] | writes[m]
        so_far[d + 1, 2], so_far[d + 1, 3] = named, so_far[d, 3] | stores[m]
        if d + 1 < n:
            d += 1
            chosen[d] = 0
            continue
        chosen[d] += stride if d == 0 else 1
        if _sensible(so_far[n, 0], so_far[n, 1], so_far[n, 3], outputs):
            fits, executed = _fits(packed, so_far[n, 3] != 0, order, cases, scratch[1:])
            total += executed
            if fits:
                place[HIT] = 1
                break
    place[DEPTH] = d
    return total


@inner
def _sensible(reads, writes, stores, outputs):
    """Whether all that is written is read or an output, and some output is written."""
    return writes & ~(reads | outputs) == 0 and (stores != 0 or writes & outputs != 0)
