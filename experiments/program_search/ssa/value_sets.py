"""All sets of values that so many instructions compute, each once, depth first; compiled.

A *set* is what the instructions of a straight-line program compute: their order does not matter. A value is what it is on a
few examples, so that two programs for the same set are one (observational equivalence). The candidates for the next value of a
set lie on a stack: those of its parent that come behind the value chosen last, then those that the chosen value makes possible.
What lies on the stack already is not put there again. The last two values are not chosen but sought (`last_two.py`).

Left out are sets with more values that nothing reads than the instructions to come can read: each reads two and makes one.
"""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.arithmetic import alu
from backends.gpu_compute.compiling import entry, inner
from experiments.program_search.evaluation import popcount
from experiments.program_search.ssa.last_two import UNARY, Table, last_one, second
from experiments.program_search.ssa.value_bank import place

DEPTH, SIZE, FINISHED, HIT, FULL = range(5)
"""Of a position's `at`: values chosen; candidates on the stack; whether all sets are done, a program was found, a candidate had
no room."""
_CAPACITY = 1 << 14


class Limits(NamedTuple):
    """instructions: of a program, 3 or more. level: instructions of the table up to this one are used. levels: their sum in a
    program at most. width: values at most that nothing reads yet, at any time."""

    instructions: int
    level: int
    levels: int
    width: int


class Position(NamedTuple):
    """How far a search is.

    values `[C, W]` uint32: zero, the inputs and the candidates; made `[C, 3]` int64: row, left and right of each; reads `[C]`
    int64: which chosen values it reads, as bits; slots `[2 C]` int32: the hash table of the stack, and place `[C]` int64 of
    each in it. path `[I + n]` int64: places of zero, inputs and chosen values; by the number of values chosen
    `[n + 1]` int64: cursor, the next candidate, end of the candidates, read, the values that others read as bits, and levels
    spent. at `[5]` int64."""

    values: np.ndarray
    made: np.ndarray
    reads: np.ndarray
    slots: np.ndarray
    place: np.ndarray
    path: np.ndarray
    given: np.int64
    cursor: np.ndarray
    end: np.ndarray
    read: np.ndarray
    levels: np.ndarray
    at: np.ndarray

    @classmethod
    def first(cls, table: Table, limits: Limits, given: np.ndarray) -> "Position":
        """Before all sets; given `[I, W]` uint32: zero and the inputs."""
        n, count = limits.instructions + 1, len(given)
        cursor, end, read, levels = np.zeros((4, n), np.int64)
        position = cls(
            np.zeros((_CAPACITY, given.shape[1]), np.uint32), np.full((_CAPACITY, 3), -1), np.zeros(_CAPACITY, np.int64),
            np.zeros(2 * _CAPACITY, np.int32), np.zeros(_CAPACITY, np.int64), np.zeros(count + n, np.int64), np.int64(count),
            cursor, end, read, levels, np.zeros(5, np.int64),
        )  # fmt: skip
        _begin(position, table, limits, given)
        return position


@inner
def _store(position, value, row, left, right, reads):
    """Put a value on the stack unless it lies there."""
    values, slots, size = position.values, position.slots, position.at[SIZE]
    at = place(values, slots, value)
    if slots[at]:
        return
    if size + 1 >= len(values):  # the last row is where values are made
        position.at[FULL] = 1
    else:
        for e in range(len(value)):
            values[size, e] = value[e]
        position.made[size, 0], position.made[size, 1], position.made[size, 2] = row, left, right
        position.reads[size], slots[at], position.place[size] = reads, size + 1, np.int64(at)
        position.at[SIZE] += 1


@inner
def _shrink(position, size):
    """Take all from the stack but its first `size` values, the last one first."""
    for k in range(position.at[SIZE] - 1, size - 1, -1):
        position.slots[position.place[k]] = 0
    position.at[SIZE] = size


@inner
def _bit(position, j):
    """The chosen value that stands at a place of the path, as a bit; 0 for zero and the inputs."""
    return np.int64(1) << (j - position.given) if j >= position.given else np.int64(0)


@inner
def _candidates(position, table, limits, count, new):
    """Put what instructions make of the first `count` values of the path on the stack, where they read one from `new` on."""
    width, room, total = position.values.shape[1], position.values[len(position.values) - 1], np.int64(0)
    for j in range(new, count):
        left = position.path[j]
        for row in range(len(table.function)):
            if table.level[row] > limits.level:
                continue
            unary = row < table.unary
            for k in range(j, j + 1) if unary else range(j + 1):
                for order in range(1 if unary or table.commutes[row] or k == j else 2):
                    right = UNARY if unary else position.path[k]
                    a, b = (right, left) if order else (left, right)
                    for e in range(width):
                        room[e] = alu(table.function[row], position.values[a, e], second(table, row, position.values, b, 0, e))
                    total += width
                    _store(position, room, row, a, b, _bit(position, j) | (0 if unary else _bit(position, k)))
    return total


@entry
def _begin(position, table, limits, given):
    for j in range(len(given)):
        _store(position, given[j], -1, j, 0, 0)
        position.path[j] = j
    position.cursor[0] = position.at[SIZE]
    _candidates(position, table, limits, len(given), 0)
    position.end[0] = position.at[SIZE]


@entry
def advance(position, table, limits, goal, executions):
    """Go on through the sets until a program is found, all are done, or about `executions` are executed; returns how many
    were."""
    total, at, n = np.int64(0), position.at, limits.instructions
    at[HIT] = 0
    while total < executions:
        d = at[DEPTH]
        i = position.cursor[d]
        if i >= position.end[d]:
            if d == 0:
                at[FINISHED] = 1
                break
            _shrink(position, position.end[d - 1])
            at[DEPTH] = d - 1
            continue
        position.cursor[d] += 1
        total += 1
        left = n - d - 1  # instructions to come
        read = position.read[d] | position.reads[i]
        levels = position.levels[d] + table.level[position.made[i, 0]]
        unread = popcount(np.uint32((np.int64(2) << d) - 1 & ~read))
        if levels > limits.levels or unread > min(left + 1, limits.width):
            continue
        position.path[position.given + d] = i
        if left == 2:
            total += _finish(position, table, limits, goal, d + 1, i, read, limits.levels - levels)
            if at[HIT]:
                break
            continue
        position.cursor[d + 1], position.read[d + 1], position.levels[d + 1] = i + 1, read, levels
        count = position.given + d + 1
        total += _candidates(position, table, limits, count, count - 1)
        position.end[d + 1] = at[SIZE]
        at[DEPTH] = d + 1
    return total


@inner
def _finish(position, table, limits, goal, chosen, newest, read, spare):
    """Look for two more instructions behind so many chosen values, the last of them `newest`. Returns executions."""
    count, tried = position.given + chosen, np.int64(0)
    path, unread = position.path[:count], (np.int64(1) << chosen) - 1 & ~read
    own = np.int64(1) << (chosen - 1)
    for k in range(count):
        goal.firsts[k] = position.values[path[k], 0]
    for i in range(newest + 1, position.end[chosen - 1]):  # made of values before the newest: the last one reads that
        row = position.made[i, 0]
        if unread & ~position.reads[i] == own and table.level[row] <= spare:
            made = (row, position.made[i, 1], position.made[i, 2])
            tried += 1
            if last_one(table, position.values, goal, path, made, count - 1, spare - table.level[row]):
                position.at[HIT] = 1
    for row in range(len(table.function)):
        if table.level[row] > min(limits.level, spare):
            continue
        unary = row < table.unary
        for k in range(count - 1, count) if unary else range(count):
            rest = unread & ~own if unary else unread & ~own & ~_bit(position, k)
            if rest & (rest - 1):
                continue
            only = position.given + popcount(np.uint32(rest - 1)) if rest else -1
            for order in range(1 if unary or table.commutes[row] or k == count - 1 else 2):
                right = UNARY if unary else path[k]
                made = (row, right, newest) if order else (row, newest, right)
                tried += 1
                if last_one(table, position.values, goal, path, made, only, spare - table.level[row]):
                    position.at[HIT] = 1
                    return tried * (2 + count)
    return tried * (2 + count)


@entry
def last_two(position, table, limits, goal):
    """Look for a program of two instructions. Returns executions."""
    tried, count = np.int64(0), position.given
    for k in range(count):
        goal.firsts[k] = position.values[k, 0]
    for i in range(count, position.end[0]):
        made = (position.made[i, 0], position.made[i, 1], position.made[i, 2])
        tried += 1
        if last_one(table, position.values, goal, position.path[:count], made, -1, limits.levels - table.level[made[0]]):
            position.at[HIT] = 1
            break
    return tried * (2 + count)
