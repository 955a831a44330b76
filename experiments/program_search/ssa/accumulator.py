"""Programs of an accumulator machine: each instruction reads what the one before it made, beside that only inputs and constants
that it loads. Breadth first, every value once; compiled.

They are few, so longer ones can be tried than among all sets of values (`value_sets.py`). A value is kept as it was made first,
so that a program is missed whose value was made before with rarer constants. The last two instructions are sought.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from backends.core import isa
from backends.gpu_compute.arithmetic import alu
from backends.gpu_compute.compiling import entry, inner
from experiments.program_search.ssa.last_two import UNARY, Goal, Table, last_one
from experiments.program_search.ssa.value_bank import place
from experiments.program_search.ssa.value_sets import Limits

SIZE, HIT = range(2)
"""Of `at` of the layers: values that are kept; whether a program was found."""
_MOST = 1 << 22
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
    value that it was made of; or -1 and the number of an input; level `[C]` int8: of all its instructions; slots `[2 C]` int32:
    as `value_bank.place` has them. now `[4]` int32: `made` of the value in the last row of scratch. at `[2]` int64. scratch
    `[G + 1, W]` uint32: zero, the inputs, a value.
    """

    values: np.ndarray
    made: np.ndarray
    level: np.ndarray
    slots: np.ndarray
    now: np.ndarray
    at: np.ndarray
    scratch: np.ndarray


@entry
def _keep(layers, level):
    """Keep the value in the scratch row unless it is there."""
    values, slots, value = layers.values, layers.slots, layers.scratch[len(layers.scratch) - 1]
    at, size = place(values, slots, value), layers.at[SIZE]
    if slots[at] == 0 and size < len(values):
        for e in range(len(value)):
            values[size, e] = value[e]
        for k in range(4):
            layers.made[size, k] = layers.now[k]
        layers.level[size], slots[at] = level, size + 1
        layers.at[SIZE] += 1


@inner
def _blurred(value, wanted):
    """Whether the value is the same on two examples of which different outputs are wanted."""
    for e in range(1, len(wanted)):
        for other in range(e):
            if value[e] == value[other] and wanted[e] != wanted[other]:
                return True
    return False


@inner
def _ends(layers, table, limits, goal, path, spare):
    """Look for two more instructions, the first of which reads the value in the scratch row. Returns executions."""
    newest, tried = len(path) - 1, np.int64(0)
    goal.firsts[newest] = layers.scratch[newest, 0]
    blurred = _blurred(layers.scratch[newest], goal.wanted)
    for row in range(len(table.function)):
        if table.level[row] > min(limits.level, spare):
            continue
        unary = row < table.unary
        for k in range(newest, newest + 1) if unary else range(newest + 1):
            for order in range(1 if unary or table.commutes[row] or k == newest else 2):
                right = UNARY if unary else k
                made = (row, right, newest) if order else (row, newest, right)
                alone = k == newest or k == 0
                # of a blurred value alone nothing makes the output: the last instruction has to read an input as well
                for only in range(1, newest) if blurred and alone else range(-1, 0):
                    tried += 1
                    if last_one(table, layers.scratch, goal, path, made, only, spare - table.level[row]):
                        layers.at[HIT] = 1
                        return tried * (2 + len(path))
    return tried * (2 + len(path))


@entry
def advance(layers, table, operands, limits, first, last, instructions):
    """Keep what one instruction, or one and a load, makes of the values from first to last. Returns executions."""
    total, value, width = np.int64(0), layers.scratch[len(layers.scratch) - 1], layers.values.shape[1]
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
                    layers.now[0], layers.now[1], layers.now[2], layers.now[3] = row, j, order, i
                    _keep(layers, level)
                    total += width
    return total


@entry
def finish(layers, table, limits, goal, path, first, last):
    """Look for the end of a program behind the values from first to last, until one is found. Returns executions, and the value
    to go on with."""
    total, value = np.int64(0), layers.scratch[len(layers.scratch) - 1]
    layers.at[HIT] = 0
    for i in range(first, last):
        for e in range(len(value)):
            value[e] = layers.values[i, e]
        total += _ends(layers, table, limits, goal, path, limits.levels - layers.level[i])
        if layers.at[HIT]:
            for k in range(4):
                layers.now[k] = layers.made[i, k]
            return total, i + 1
    return total, last


class Accumulator:
    """The programs of a table with constants up to a level, on a few examples. given `[I, W]` uint32: zero and the inputs."""

    def __init__(self, table: Table, limits: Limits, given: np.ndarray) -> None:
        self.table, self.limits, self.given = table, limits, given
        self.operands, self.loaded = _operands(table, limits.level, given)
        inputs, width = len(given) - 1, given.shape[1]
        self.layers = Layers(
            np.zeros((_MOST, width), np.uint32), np.zeros((_MOST, 4), np.int32), np.zeros(_MOST, np.int8),
            np.zeros(2 * _MOST, np.int32), np.full(4, _INPUT, np.int32), np.zeros(2, np.int64),
            np.concatenate([given, given[:1]]),
        )  # fmt: skip
        self.path = np.arange(len(given) + 1)
        for k in range(inputs):
            self.layers.scratch[-1] = given[1 + k]
            self.layers.now[1] = k
            _keep(self.layers, 0)
        self.ends = [0, int(self.layers.at[SIZE])]

    def programs(self, instructions: int, goal: Goal, spend: Callable[[float], None]) -> Iterator[None]:
        """Stops at each program of so many instructions: the goal has its last two, `layers.now` tells the others."""
        goal.firsts[: len(self.given)] = self.given[:, 0]
        while len(self.ends) < instructions:
            layer = len(self.ends) - 1
            for several in range(1, min(2, layer) + 1):
                for first, last in self._slices(layer - several):
                    spend(advance(self.layers, self.table, self.operands, self.limits, first, last, several))
            self.ends.append(int(self.layers.at[SIZE]))
        for first, last in self._slices(instructions - 2):
            while first < last:
                executed, first = finish(self.layers, self.table, self.limits, goal, self.path, first, last)
                spend(executed)
                if self.layers.at[HIT]:
                    yield

    def _slices(self, layer: int) -> Iterator[tuple[int, int]]:
        """The values of a layer, some at a time."""
        first, last = self.ends[layer], self.ends[layer + 1]
        return ((k, min(k + _SOURCES, last)) for k in range(first, last, _SOURCES))


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
