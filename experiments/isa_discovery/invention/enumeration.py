"""Enumeration of straight-line programs of at most three instructions, compiled.

Left out: what equals an input or the result before it, an equal result of the same operation, and the second order of two
independent instructions (as Bansal and Aiken, ASPLOS 2006, enumerate for a superoptimiser).
"""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.compiling import entry, inner

LONGEST = 3
FILTER = 16
"""Rows on which a result is compared with the tasks' values before it is compared on all."""


class Wanted(NamedTuple):
    """values `[T, R]` of the tasks, number `[T]` of each, keys `[T]` uint64 of their first rows, ascending."""

    values: np.ndarray
    number: np.ndarray
    keys: np.ndarray

    @classmethod
    def of(cls, tasks: np.ndarray) -> "Wanted":
        """Tasks `[T, R]` uint8, words of at most four bits."""
        digits = tasks[:, :FILTER].astype(np.uint64) << (4 * np.arange(FILTER, dtype=np.uint64))
        keys = np.bitwise_or.reduce(digits, axis=1)
        order = np.argsort(keys, kind="stable")
        return cls(np.ascontiguousarray(tasks[order]), order, keys[order])


class Work(NamedTuple):
    """tables `[k, n, n]`. values `[I + 3, R]`: inputs, two results, room. bank `[B, R]`: results of one instruction, with
    made `[B, 3]`. steps `[3, 3]`: the program at hand. found `[P, 11]`, counts `[3]`: programs found, executions, bank."""

    tables: np.ndarray
    values: np.ndarray
    bank: np.ndarray
    made: np.ndarray
    steps: np.ndarray
    found: np.ndarray
    counts: np.ndarray

    @classmethod
    def over(cls, tables: np.ndarray, inputs: np.ndarray, room: int) -> "Work":
        """tables `[k, n, n]`, inputs `[I, R]` uint8; room for so many programs."""
        count, rows = inputs.shape
        values, results = np.vstack((inputs, np.zeros((LONGEST, rows), np.uint8))), len(tables) * count * count + 1
        bank, made = np.zeros((results, rows), np.uint8), np.zeros((results, 3), np.int64)
        found, steps = np.zeros((room, 2 + 3 * LONGEST), np.int64), np.zeros((LONGEST, 3), np.int64)
        return cls(np.ascontiguousarray(tables), values, bank, made, steps, found, np.zeros(3, np.int64))


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
    for r in range(FILTER):
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
def enumerate_programs(work, wanted):
    """Note every program that does a task; counts[0] may be more than there is room for."""
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
