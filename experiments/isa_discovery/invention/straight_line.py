"""Shortest programs of at most three instructions over a set of operations, by enumeration.

A program is straight-line code on words: each instruction applies an operation to two of the inputs and earlier results, and
the last result is the program's. Left out: what equals an input or the result before it, an equal result of the same operation,
and the second order of two independent instructions (as Bansal and Aiken, ASPLOS 2006, enumerate for a superoptimiser).
"""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.compiling import entry, inner
from experiments.isa_discovery.invention.case import Case, Code, Shortest

LONGEST = 3
ROOM = 1 << 13
_FILTER = 16
"""Rows on which a result is compared with the tasks' values before it is compared on all."""


class Programs(NamedTuple):
    """task, length `[P]`, steps `[P, 3, 3]` int64: programs that do a task, each instruction an operation and the numbers of its
    operands: inputs, then results. executions: operations applied."""

    task: np.ndarray
    length: np.ndarray
    steps: np.ndarray
    executions: int


class _Wanted(NamedTuple):
    """values `[T, R]` of the tasks, number `[T]` of each, keys `[T]` uint64 of their first rows, ascending."""

    values: np.ndarray
    number: np.ndarray
    keys: np.ndarray


class _Work(NamedTuple):
    """tables `[k, n, n]`. values `[I + 3, R]`: inputs, two results, room. bank `[B, R]`: results of one instruction, with
    made `[B, 3]`. steps `[3, 3]`: the program at hand. found `[P, 11]`, counts `[3]`: programs found, executions, bank."""

    tables: np.ndarray
    values: np.ndarray
    bank: np.ndarray
    made: np.ndarray
    steps: np.ndarray
    found: np.ndarray
    counts: np.ndarray


def programs(case: Case, tables: np.ndarray, room: int = ROOM) -> Programs:
    """All programs over the tables `[k, n * n]` that do one of the tasks, held-out ones among them."""
    wanted, inputs = _wanted(case.every_task), len(case.inputs)
    values = np.vstack((case.inputs, np.zeros((LONGEST, case.inputs.shape[1]), np.uint8)))
    results = len(tables) * inputs * inputs
    bank, made = np.zeros((results, values.shape[1]), np.uint8), np.zeros((results, 3), np.int64)
    found = np.zeros((room, 2 + 3 * LONGEST), np.int64)
    steps, counts = np.zeros((LONGEST, 3), np.int64), np.zeros(3, np.int64)
    _enumerate(_Work(np.ascontiguousarray(tables).reshape(-1, case.values, case.values), values, bank, made, steps, found, counts), wanted)
    if counts[0] > room:
        return programs(case, tables, int(counts[0]))
    found = found[: counts[0]]
    return Programs(found[:, 0], found[:, 1], found[:, 2:].reshape(-1, LONGEST, 3), int(counts[1]))


def shortest(case: Case, tables: np.ndarray) -> Shortest:
    every = programs(case, tables)
    lengths = np.full(len(case.every_task), case.undone)
    np.minimum.at(lengths, every.task, every.length)
    return Shortest(lengths, every.executions)


def _wanted(tasks: np.ndarray) -> _Wanted:
    digits = tasks[:, :_FILTER].astype(np.uint64) << (4 * np.arange(_FILTER, dtype=np.uint64))
    keys = np.bitwise_or.reduce(digits, axis=1)
    order = np.argsort(keys, kind="stable")
    return _Wanted(np.ascontiguousarray(tasks[order]), order, keys[order])


@inner
def _equal(x, y):
    same = True
    for r in range(len(x)):
        if x[r] != y[r]:
            same = False
            break
    return same


@inner
def _apply(work, step, result):
    """Write the result `[R]` of an instruction that the program at hand has, in full."""
    table, x, y = work.tables[work.steps[step, 0]], work.values[work.steps[step, 1]], work.values[work.steps[step, 2]]
    for r in range(len(x)):
        result[r] = table[x[r], y[r]]


@inner
def _key(work, step):
    """The key of an instruction's result, from its first rows."""
    table, x, y = work.tables[work.steps[step, 0]], work.values[work.steps[step, 1]], work.values[work.steps[step, 2]]
    key = np.uint64(0)
    for r in range(_FILTER):
        key |= np.uint64(table[x[r], y[r]]) << np.uint64(4 * r)
    return key


@inner
def _first(keys, key):
    """Where the keys, ascending, reach a key."""
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


@inner
def _try(work, wanted, length):
    """Note the program at hand, of this length, for every task that it does."""
    work.counts[1] += 1
    key = _key(work, length - 1)
    at = _first(wanted.keys, key)
    if at < len(wanted.keys) and wanted.keys[at] == key:
        result = work.values[len(work.values) - 1]
        _apply(work, length - 1, result)
        while at < len(wanted.keys) and wanted.keys[at] == key:
            if _equal(wanted.values[at], result):
                _note(work, wanted.number[at], length)
            at += 1


@inner
def _note(work, task, length):
    if work.counts[0] < len(work.found):
        row = work.found[work.counts[0]]
        row[0], row[1] = task, length
        for s in range(length):
            for field in range(3):
                row[2 + 3 * s + field] = work.steps[s, field]
    work.counts[0] += 1


@inner
def _set(work, step, operation, x, y):
    work.steps[step, 0], work.steps[step, 1], work.steps[step, 2] = operation, x, y


@inner
def _fill_bank(work, wanted, inputs):
    """Results of one instruction: of each operation those that are new."""
    for operation in range(len(work.tables)):
        before = work.counts[2]
        for x in range(inputs):
            for y in range(inputs):
                _set(work, 0, operation, x, y)
                _try(work, wanted, 1)
                result = work.bank[work.counts[2]]
                _apply(work, 0, result)
                new = True
                for k in range(inputs):
                    new &= not _equal(work.values[k], result)
                for k in range(before, work.counts[2]):
                    new &= not _equal(work.bank[k], result)
                if new:
                    for field in range(3):
                        work.made[work.counts[2], field] = work.steps[0, field]
                    work.counts[2] += 1


@inner
def _last(work, wanted, inputs, apart):
    """Third instructions, which use the second result, and where the two are apart, the first."""
    second = inputs + 1
    for operation in range(len(work.tables)):
        for other in range(inputs if apart else 0, second):
            _set(work, 2, operation, second, other)
            _try(work, wanted, 3)
            _set(work, 2, operation, other, second)
            _try(work, wanted, 3)
        if not apart:
            _set(work, 2, operation, second, second)
            _try(work, wanted, 3)


@inner
def _second(work, wanted, inputs, x, y):
    """Second instructions that take the first result, each with the third ones."""
    result = work.values[inputs + 1]
    for operation in range(len(work.tables)):
        _set(work, 1, operation, x, y)
        _try(work, wanted, 2)
        _apply(work, 1, result)
        new = True
        for k in range(inputs + 1):
            new &= not _equal(work.values[k], result)
        if new:
            _last(work, wanted, inputs, False)


@entry
def _enumerate(work, wanted):
    inputs = len(work.values) - 3
    _fill_bank(work, wanted, inputs)
    for one in range(work.counts[2]):
        _set(work, 0, work.made[one, 0], work.made[one, 1], work.made[one, 2])
        _apply(work, 0, work.values[inputs])
        for other in range(inputs):
            _second(work, wanted, inputs, inputs, other)
            _second(work, wanted, inputs, other, inputs)
        _second(work, wanted, inputs, inputs, inputs)
        for two in range(one + 1, work.counts[2]):
            _set(work, 1, work.made[two, 0], work.made[two, 1], work.made[two, 2])
            _apply(work, 1, work.values[inputs + 1])
            _last(work, wanted, inputs, True)


def code(case: Case, tables: np.ndarray) -> Code:
    """A shortest program of each task that has one, and all values of at most two instructions."""
    book = _Book(case, tables)
    book.add_pairs()
    every = programs(case, tables)
    order = np.argsort(every.length, kind="stable")
    _, first = np.unique(every.task[order], return_index=True)
    for number in order[first]:
        book.add(every.steps[number][: every.length[number]])
    lengths = np.concatenate((np.zeros(len(case.inputs), np.int64), book.lengths))
    return Code(np.array(book.steps, np.int64), lengths, every.executions + book.executions)


class _Book:
    """Steps as they are added, each once."""

    def __init__(self, case: Case, tables: np.ndarray) -> None:
        self.inputs, self.operations = len(case.inputs), len(tables)
        self.steps: list[tuple[int, int, int]] = []
        self.lengths: list[int] = []
        self.place: dict[tuple[int, int, int], int] = {}
        self.executions = 0

    def step(self, operation: int, x: int, y: int, length: int) -> int:
        """The number of its value."""
        key = operation, x, y
        if key not in self.place:
            self.place[key] = self.inputs + len(self.steps)
            self.steps.append(key)
            self.lengths.append(length)
            self.executions += 1
        return self.place[key]

    def add_pairs(self) -> None:
        """All programs of one and of two instructions, the second with the result of the first."""
        operations, inputs = range(self.operations), range(self.inputs)
        ones = [self.step(o, x, y, 1) for o in operations for x in inputs for y in inputs]
        for one in ones:
            for o in operations:
                for x, y in [(one, one), *((one, i) for i in inputs), *((i, one) for i in inputs)]:
                    self.step(o, x, y, 2)

    def add(self, steps: np.ndarray) -> None:
        """A program, whose results are numbered behind the inputs."""
        places = list(range(self.inputs))
        for length, (operation, x, y) in enumerate(steps.tolist(), 1):
            places.append(self.step(operation, places[x], places[y], length))
