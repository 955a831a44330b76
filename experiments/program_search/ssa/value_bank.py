"""Values that straight-line programs compute, each once: a value is what it is on a few examples (observational equivalence).

New values come from every instruction of a space on stored ones. Compiled; `bottom_up.py` says in which order.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from backends.core import isa
from backends.gpu_compute.arithmetic import alu
from backends.gpu_compute.compiling import entry, inner
from experiments.program_search.space import OPERATION, Space
from experiments.program_search.ssa.register_allocation import Expression, Leaf, Node

PAIR, TURNED, UNARY = range(3)
"""What an instruction takes: two values, the same in the other order, one value and a constant."""
_TOGETHER = 28
"""Instructions that all run on a pair of values before the next pair."""
_USUAL = (-1, 0, 1, 2, 4, 31, 16, 8)
_MIX = np.uint64(0x9E3779B97F4A7C15)


class Bank(NamedTuple):
    """values `[C, F]` uint32; made `[C, 3]` int32, by which instruction (a row of `Rows`, -1: given) from which two values;
    slots `[2^k]` int32, the hash table that `place` says; stored `[1]` int64, how many there are."""

    values: np.ndarray
    made: np.ndarray
    slots: np.ndarray
    stored: np.ndarray

    @property
    def size(self) -> int:
        return int(self.stored[0])

    @classmethod
    def empty(cls, capacity: int, width: int) -> "Bank":
        values, made = np.empty((capacity, width), np.uint32), np.empty((capacity, 3), np.int32)
        return cls(values, made, np.zeros(1 << (2 * capacity - 1).bit_length(), np.int32), np.zeros(1, np.int64))


class Rows(NamedTuple):
    """Of R instructions, each `[R]`: function int64, the operation of two registers that computes it; takes int64, one of PAIR,
    TURNED and UNARY; constant uint32."""

    function: np.ndarray
    takes: np.ndarray
    constant: np.ndarray


class Instructions:
    """What enumeration computes with: rows, and (first, last) of batches of them: binary, of two operands; usual and rare, of
    one with an immediate that programs hold often or rarely; upper, of none."""

    def __init__(self, space: Space) -> None:
        self.space = space
        groups: dict[str, list[tuple[isa.Operation, int, int]]] = {"binary": [], "usual": [], "rare": [], "upper": []}
        for row in map(OPERATION.__getitem__, space.operations):
            if row.format == "R":
                groups["binary"] += [(row, takes, 0) for takes in ((PAIR,) if row.commutative else (PAIR, TURNED))]
                continue
            for imm in space.immediates(row.name, 0):
                group = "upper" if row.format == "U" else "usual" if imm in _USUAL else "rare"
                groups[group].append((row, UNARY, imm))
        self.lines = [line for group in groups.values() for line in group]
        ends = np.cumsum([0, *map(len, groups.values())]).tolist()
        self.binary, self.usual, self.rare, self.upper = (
            [(first, min(first + _TOGETHER, end)) for first in range(start, end, _TOGETHER)] for start, end in pairwise(ends)
        )
        forms = [isa.NUMBER["or" if row.format == "U" else row.register_form] for row, _, _ in self.lines]
        takes, constants = (np.array([line[k] for line in self.lines], np.int64) for k in (1, 2))
        self.rows = Rows(np.array(forms, np.int64), takes, constants.astype(np.uint32))

    def node(self, line: int, left: Expression, right: Expression) -> Node:
        """What a row makes of stored values."""
        row, takes, imm = self.lines[line]
        if takes != UNARY:
            return Node(row.number, *((left, right) if takes == PAIR else (right, left)))
        return Node(row.number, None if row.format == "U" else left, None, imm)

    def folded(self, name: str, left: Expression, right: Expression) -> Node:
        """An operation on two expressions, with a constant as its immediate where the space has such an operation."""
        if name != "sub" and _constant(left) is not None:
            left, right = right, left
        constant = _constant(right)
        short = "addi" if name == "sub" else f"{name}i"
        if constant is not None and short in self.space.operations:
            imm = -constant if name == "sub" else constant
            if -2048 <= imm < 2048:
                return Node(isa.NUMBER[short], left, None, imm)
        return Node(isa.NUMBER[name], left, right)


def _constant(expression: Expression) -> int | None:
    """The value of `addi` of zero."""
    if isinstance(expression, Node) and expression.op == isa.NUMBER["addi"] and expression.left == Leaf(0):
        return expression.imm
    return None


class Pairs(NamedTuple):
    """lefts, rights: (first, last) of the places of values; triangle: only pairs with right >= left."""

    lefts: tuple[int, int]
    rights: tuple[int, int]
    triangle: bool


@inner
def place(values, slots, value):
    """Where a value lies or would lie in a hash table of the rows of values, which are numbered from 1 on; 0 where none is."""
    hashed = np.uint64(0)
    for word in value:
        hashed = (hashed ^ np.uint64(word)) * _MIX
        hashed ^= hashed >> np.uint64(29)
    mask = np.uint64(len(slots) - 1)
    at = hashed & mask
    while slots[at]:
        same = True
        for f in range(len(value)):
            if values[slots[at] - 1, f] != value[f]:
                same = False
                break
        if same:
            break
        at = (at + np.uint64(1)) & mask
    return at


@inner
def _store(bank, value, row, left, right):
    """Store a value unless it is there or the bank is full."""
    at, n = place(bank.values, bank.slots, value), bank.stored[0]
    if bank.slots[at] == 0 and n < len(bank.values):
        for f in range(len(value)):
            bank.values[n, f] = value[f]
        bank.made[n, 0], bank.made[n, 1], bank.made[n, 2] = row, left, right
        bank.slots[at] = n + 1
        bank.stored[0] += 1


@entry
def add(bank, values):
    """Store given values `[k, F]`."""
    for k in range(len(values)):
        _store(bank, values[k], -1, k, 0)


@entry
def extend(bank, goals, rows, batch, pairs, value, hits):
    """Run the instructions of a batch of rows on pairs of stored values and store the results.

    goals: a bank of values that are sought. value `[F]`: room. hits `[H, 4]` int32: (goal, row, left, right) of results that
    are goals; hits[0, 0] counts them. Returns pairs.
    """
    count = 0
    for left in range(pairs.lefts[0], pairs.lefts[1]):
        for right in range(max(pairs.rights[0], left) if pairs.triangle else pairs.rights[0], pairs.rights[1]):
            count += 1
            for row in range(batch[0], batch[1]):
                one, two = (right, left) if rows.takes[row] == TURNED else (left, right)
                for f in range(len(value)):
                    other = rows.constant[row] if rows.takes[row] == UNARY else bank.values[two, f]
                    value[f] = alu(rows.function[row], bank.values[one, f], other)
                goal = goals.slots[place(goals.values, goals.slots, value)]
                if goal:
                    _report(hits, goal - 1, row, left, right)
                _store(bank, value, row, left, right)
    return count


@inner
def _report(hits, goal, what, left, right):
    if hits[0, 0] + 1 < len(hits):
        hits[0, 0] += 1
        hit = hits[hits[0, 0]]
        hit[0], hit[1], hit[2], hit[3] = goal, what, left, right


@entry
def invert(bank, goals, which, lefts, difference, hits):
    """Goals as the sum, difference or exclusive or of two stored values, one of them among `lefts` (first, last).

    which: goals (first, last). difference `[F]`: room. hits: (goal, kind, left, right), kind 0: left + right, 1: left - right,
    2: right - left, 3: left ^ right.
    """
    for goal in range(which[0], which[1]):
        wanted = goals.values[goal]
        for left in range(lefts[0], lefts[1]):
            for kind in range(4):
                for f in range(len(wanted)):
                    a, g = bank.values[left, f], wanted[f]
                    difference[f] = g - a if kind == 0 else a - g if kind == 1 else g + a if kind == 2 else g ^ a
                right = bank.slots[place(bank.values, bank.slots, difference)]
                if right:
                    _report(hits, goal, kind, left, right - 1)


@entry
def cover(bank, goals, goal, stored, disjunction, found, hits):
    """Goal as the conjunction (or disjunction) of two stored values out of the first `stored`. found `[n]` int32: room for
    the values that have all bits (no other bits) of the goal. hits: (goal, 4 or 5, left, right). Returns pairs looked at."""
    values, wanted, count = bank.values, goals.values[goal], 0
    for at in range(stored):
        fits = True
        for f in range(len(wanted)):
            g = wanted[f]
            if (values[at, f] | g if disjunction else values[at, f] & g) != g:
                fits = False
                break
        if fits and count < len(found):
            found[count] = at
            count += 1
    for i in range(count):
        for j in range(i + 1, count):
            same = True
            for f in range(len(wanted)):
                a, b = values[found[i], f], values[found[j], f]
                if (a | b if disjunction else a & b) != wanted[f]:
                    same = False
                    break
            if same:
                _report(hits, goal, 5 if disjunction else 4, found[i], found[j])
    return count * (count - 1) // 2
