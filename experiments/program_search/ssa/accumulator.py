"""Programs of an accumulator machine: each instruction reads what the one before it made, beside that only inputs and constants
that it loads. Breadth first, every value once; compiled.

They are few, so longer ones can be tried than among all sets of values (`value_sets.py`). A value is kept as it was made first,
so that a program is missed whose value was made before with rarer constants. The last two instructions are sought.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from backends.core import isa
from backends.gpu_compute.compiling import entry, inner
from backends.gpu_compute.derivatives import alu
from experiments.program_search.ssa.last_two import UNARY, Goal, Table, last_one
from experiments.program_search.ssa.value_sets import Limits, hash_of

SIZE, HIT = range(2)
"""Of `at` of the layers: values that are kept; whether a program was found."""
_MOST = 1 << 21
_SOURCES = 256
_INPUT = -1


class Operands(NamedTuple):
    """What an instruction may read beside the accumulator: inputs, and constants that another instruction loads. values
    `[J, W]` uint32; loads `[J]` int64: instructions that it takes; level `[J]` int64: how rarely programs hold it."""

    values: np.ndarray
    loads: np.ndarray
    level: np.ndarray


class Layers(NamedTuple):
    """Values of the accumulator, those of fewer instructions first.

    values `[C, W]` uint32; made `[C, 4]` int32: row of the table, operand or UNARY, whether the operand stands first, and the
    value that it was made of; level `[C]` int64: of all its instructions; slots `[2 C]` int32: hash table. found `[4]` int32:
    `made` of the value behind which a program ended. at `[2]` int64. scratch `[G + 1, W]` uint32: zero, the inputs, a value.
    """

    values: np.ndarray
    made: np.ndarray
    level: np.ndarray
    slots: np.ndarray
    found: np.ndarray
    at: np.ndarray
    scratch: np.ndarray


@inner
def _keep(layers, level):
    """Keep the value in the scratch row unless it is there."""
    values, slots, value = layers.values, layers.slots, layers.scratch[len(layers.scratch) - 1]
    mask = np.uint64(len(slots) - 1)
    at = hash_of(value) & mask
    while slots[at] >= 0:
        same = True
        for e in range(len(value)):
            if values[slots[at], e] != value[e]:
                same = False
                break
        if same:
            return
        at = (at + np.uint64(1)) & mask
    size = layers.at[SIZE]
    if size < len(values):
        for e in range(len(value)):
            values[size, e] = value[e]
        for k in range(4):
            layers.made[size, k] = layers.found[k]
        layers.level[size], slots[at] = level, size
        layers.at[SIZE] += 1


@inner
def _ends(layers, table, limits, goal, path, spare):
    """Look for two more instructions, the first of which reads the value in the scratch row. Returns executions."""
    newest, tried = len(path) - 1, np.int64(0)
    goal.firsts[newest] = layers.scratch[newest, 0]
    for row in range(len(table.function)):
        if table.level[row] > min(limits.level, spare):
            continue
        unary = row < table.unary
        for k in range(newest, newest + 1) if unary else range(newest + 1):
            for order in range(1 if unary or table.commutes[row] or k == newest else 2):
                right = UNARY if unary else k
                made = (row, right, newest) if order else (row, newest, right)
                tried += 1
                if last_one(table, layers.scratch, goal, path, made, -1, spare - table.level[row]):
                    layers.at[HIT] = 1
                    return tried * (2 + len(path))
    return tried * (2 + len(path))


@entry
def advance(layers, table, operands, limits, goal, path, first, last, instructions, keeping):
    """What one instruction, or one and a load, makes of the values from first to last: keep it, or look for the end of a
    program behind it. Returns executions; ends early where a program was found."""
    total, value, width = np.int64(0), layers.scratch[len(path) - 1], layers.values.shape[1]
    layers.at[HIT] = 0
    for i in range(first, last):
        for row in range(len(table.function)):
            function, unary = table.function[row], row < table.unary
            known = table.first[function] < table.last[function]  # with a constant as its second operand it is a row
            if table.level[row] > limits.level or (unary and instructions > 1):
                continue
            for j in range(UNARY, 0) if unary else range(len(operands.loads)):
                level = layers.level[i] + table.level[row] + (0 if unary else operands.level[j])
                if level > limits.levels or (not unary and operands.loads[j] + 1 != instructions):
                    continue
                for order in range(1 if unary or table.commutes[row] else 2):
                    if known and not unary and instructions > 1 and not order:
                        continue
                    for e in range(width):
                        other = table.constant[row] if unary else operands.values[j, e]
                        own = layers.values[i, e]
                        value[e] = alu(function, other, own) if order else alu(function, own, other)
                    made = layers.found
                    made[0], made[1], made[2], made[3] = row, j, order, i
                    total += width
                    if keeping:
                        _keep(layers, level)
                    else:
                        total += _ends(layers, table, limits, goal, path, limits.levels - level)
                        if layers.at[HIT]:
                            return total
    return total


class Accumulator:
    """The programs of a table with constants up to a level, on a few examples. given `[I, W]` uint32: zero and the inputs."""

    def __init__(self, table: Table, limits: Limits, given: np.ndarray) -> None:
        self.table, self.limits, self.given = table, limits, given
        self.operands, self.loaded = _operands(table, limits.level, given)
        inputs, width = len(given) - 1, given.shape[1]
        self.layers = Layers(
            np.zeros((_MOST, width), np.uint32), np.full((_MOST, 4), _INPUT, np.int32), np.zeros(_MOST, np.int64),
            np.full(2 * _MOST, -1, np.int32), np.full(4, _INPUT, np.int32), np.zeros(2, np.int64),
            np.concatenate([given, given[:1]]),
        )  # fmt: skip
        self.path = np.arange(len(given) + 1)
        for k in range(inputs):
            self.layers.scratch[-1] = given[1 + k]
            self.layers.found[1] = k
            _first(self.layers)
        self.ends = [0, int(self.layers.at[SIZE])]

    def programs(self, instructions: int, goal: Goal, spend: Callable[[float], None]) -> Iterator[None]:
        """Stops at each program of so many instructions: the goal has its last two, `made` tells the others."""
        goal.firsts[: len(self.given)] = self.given[:, 0]
        while len(self.ends) < instructions - 1:
            for _ in self._advance(len(self.ends) - 1, goal, spend, True):
                pass
            self.ends.append(int(self.layers.at[SIZE]))
        yield from self._advance(instructions - 2, goal, spend, False)

    def value(self, made: np.ndarray) -> tuple[int, int, bool, np.ndarray | None]:
        """Row of the table, or -1 for an input; its operand or UNARY, or the number of the input; whether the operand stands
        first; how the value was made that the accumulator held before."""
        row, operand, order, before = made.tolist()
        return row, operand, bool(order), self.layers.made[before] if row >= 0 else None

    def _advance(self, made: int, goal: Goal, spend: Callable[[float], None], keeping: bool) -> Iterator[None]:
        for instructions in range(1, min(2, made) + 1):
            before = made - instructions
            for first in range(self.ends[before], self.ends[before + 1], _SOURCES):
                last = min(first + _SOURCES, self.ends[before + 1])
                spend(
                    advance(
                        self.layers, self.table, self.operands, self.limits, goal, self.path, first, last, instructions, keeping
                    )
                )
                if self.layers.at[HIT]:
                    yield


@entry
def _first(layers):
    _keep(layers, 0)


def _operands(table: Table, level: int, given: np.ndarray) -> tuple[Operands, list[int]]:
    """Operands, and of each that is loaded the row that loads it."""
    loads: dict[int, int] = {}
    for name in ("add", "xor", "or"):
        function = isa.NUMBER[name]
        for row in range(table.first[function], table.last[function]):
            if table.level[row] <= level and table.constant[row]:
                loads.setdefault(int(table.constant[row]), row)
    inputs, width = given[1:], given.shape[1]
    constants = np.repeat(np.array([*loads], np.uint32)[:, None], width, axis=1).reshape(len(loads), width)
    return Operands(
        np.concatenate([inputs, constants]),
        np.array([0] * len(inputs) + [1] * len(loads)),
        np.array([0] * len(inputs) + [min(1, table.level[row]) for row in loads.values()], np.int64),
    ), list(loads.values())
