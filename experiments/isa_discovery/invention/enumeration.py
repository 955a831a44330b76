"""Enumeration of straight-line programs of at most three instructions, compiled.

Left out: what equals an input or the result before it, an equal result of the same operation, and the second order of two
independent instructions (as Bansal and Aiken, ASPLOS 2006, enumerate for a superoptimiser).
"""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.compiling import entry, inlined

LONGEST = 3
FILTER = 16
"""Rows on which a result is compared with the tasks' values before it is compared on all."""
START = 4
"""Rows by which most results are told from all tasks at once."""


class Wanted(NamedTuple):
    """values `[T, R]` of the tasks, number `[T]` of each, keys `[T]` uint64 of their first rows, ascending. starts `[2^16]`
    bool: whether a task has these values in its first `START` rows."""

    values: np.ndarray
    number: np.ndarray
    keys: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, tasks: np.ndarray) -> "Wanted":
        """Tasks `[T, R]` uint8, words of at most four bits."""
        digits = tasks[:, :FILTER].astype(np.uint64) << (4 * np.arange(FILTER, dtype=np.uint64))
        keys = np.bitwise_or.reduce(digits, axis=1)
        order = np.argsort(keys, kind="stable")
        starts = np.zeros(1 << 4 * START, bool)
        starts[keys & np.uint64(len(starts) - 1)] = True
        return cls(np.ascontiguousarray(tasks[order]), order, keys[order], starts)


class Work(NamedTuple):
    """tables `[k, n, n]`. values `[I + 3, R]`: inputs, two results, room. bank `[B, R]`: results of one instruction, with
    made `[B, 3]`. steps `[3, 3]`: the program at hand. found `[P, 11]`, counts `[3]`: programs found, executions, bank.
    lengths `[T]`, best `[T, 3, 3]` int64: the first shortest program of each task."""

    tables: np.ndarray
    values: np.ndarray
    bank: np.ndarray
    made: np.ndarray
    steps: np.ndarray
    found: np.ndarray
    counts: np.ndarray
    lengths: np.ndarray
    best: np.ndarray

    @classmethod
    def over(cls, tables: np.ndarray, inputs: np.ndarray, room: int, lengths: np.ndarray) -> "Work":
        """tables `[k, n, n]`, inputs `[I, R]` uint8; room for so many programs, 0: the shortest are enough; lengths as they
        are at first, of no program."""
        count, rows = inputs.shape
        values, results = np.zeros((count + LONGEST, rows), np.uint8), len(tables) * count * count + 1
        values[:count] = inputs
        bank, made = np.empty((results, rows), np.uint8), np.empty((results, 3), np.int64)
        found, steps = np.zeros((room, 2 + 3 * LONGEST), np.int64), np.zeros((LONGEST, 3), np.int64)
        best = np.zeros((len(lengths), *steps.shape), np.int64)
        return cls(np.ascontiguousarray(tables), values, bank, made, steps, found, np.zeros(3, np.int64), lengths, best)


@inlined
def _equal(x, y, rows):
    same = True
    for r in range(rows):
        if x[r] != y[r]:
            same = False
            break
    return same


@inlined
def _copy(x, into):
    for r in range(len(x)):
        into[r] = x[r]


@inlined
def _apply(work, step, result, rows):
    """Write the first rows of the result `[R]` of an instruction that the program at hand has."""
    table, x, y = work.tables[work.steps[step, 0]], work.values[work.steps[step, 1]], work.values[work.steps[step, 2]]
    for r in range(rows):
        result[r] = table[x[r], y[r]]


@inlined
def _key(work, step, first, end):
    """Of the key of an instruction's result, what comes from these rows."""
    table, x, y = work.tables[work.steps[step, 0]], work.values[work.steps[step, 1]], work.values[work.steps[step, 2]]
    key = np.uint64(0)
    for r in range(first, end):
        key |= np.uint64(table[x[r], y[r]]) << np.uint64(4 * r)
    return key


@inlined
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


@inlined
def _try(work, wanted, length):
    """Note the program at hand, of this length, for every task that it does."""
    work.counts[1] += 1
    key = _key(work, length - 1, 0, START)
    if not wanted.starts[key]:
        return
    key |= _key(work, length - 1, START, FILTER)
    at = _first(wanted.keys, key)
    while at < len(wanted.keys) and wanted.keys[at] == key:
        shorter = length < work.lengths[wanted.number[at]]
        if (shorter or len(work.found)) and _does(work, length, wanted.values[at]):
            _note(work, wanted.number[at], length, shorter)
        at += 1


@inlined
def _does(work, length, values):
    """Whether the program at hand gives these values `[R]`."""
    last, rows = len(work.values) - 1, len(values)
    if length == 3:
        _apply(work, 1, work.values[last - 1], rows)
    _apply(work, length - 1, work.values[last], rows)
    return _equal(values, work.values[last], rows)


@inlined
def _note(work, task, length, shorter):
    if shorter:
        work.lengths[task] = length
        for s in range(length):
            for field in range(3):
                work.best[task, s, field] = work.steps[s, field]
    if work.counts[0] < len(work.found):
        row = work.found[work.counts[0]]
        row[0], row[1] = task, length
        for s in range(length):
            for field in range(3):
                row[2 + 3 * s + field] = work.steps[s, field]
    work.counts[0] += 1


@inlined
def _set(work, step, operation, x, y):
    work.steps[step, 0], work.steps[step, 1], work.steps[step, 2] = operation, x, y


@inlined
def _fill_bank(work, wanted, inputs):
    """Results of one instruction: of each operation those that are new."""
    rows = work.values.shape[1]
    for operation in range(len(work.tables)):
        before = work.counts[2]
        for x in range(inputs):
            for y in range(inputs):
                _set(work, 0, operation, x, y)
                _try(work, wanted, 1)
                result = work.bank[work.counts[2]]
                _apply(work, 0, result, rows)
                new = True
                for k in range(inputs):
                    new &= not _equal(work.values[k], result, rows)
                for k in range(before, work.counts[2]):
                    new &= not _equal(work.bank[k], result, rows)
                if new:
                    for field in range(3):
                        work.made[work.counts[2], field] = work.steps[0, field]
                    work.counts[2] += 1


@inlined
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


@inlined
def _second(work, wanted, inputs, x, y):
    """Second instructions that take the first result, each with the third ones. The first rows of its result are enough, but
    where they are those of another value, or of a task."""
    result, rows = work.values[inputs + 1], work.values.shape[1]
    for operation in range(len(work.tables)):
        _set(work, 1, operation, x, y)
        _try(work, wanted, 2)
        _apply(work, 1, result, FILTER)
        new = True
        for k in range(inputs + 1):
            if _equal(work.values[k], result, FILTER):
                _apply(work, 1, result, rows)
                new &= not _equal(work.values[k], result, rows)
        if new:
            _last(work, wanted, inputs, False)


@entry
def enumerate_programs(work, wanted):
    """Note every program that does a task; counts[0] may be more than there is room for."""
    inputs = len(work.values) - 3
    _fill_bank(work, wanted, inputs)
    for one in range(work.counts[2]):
        _set(work, 0, work.made[one, 0], work.made[one, 1], work.made[one, 2])
        _copy(work.bank[one], work.values[inputs])
        for other in range(inputs):
            _second(work, wanted, inputs, inputs, other)
            _second(work, wanted, inputs, other, inputs)
        _second(work, wanted, inputs, inputs, inputs)
        for two in range(one + 1, work.counts[2]):
            _set(work, 1, work.made[two, 0], work.made[two, 1], work.made[two, 2])
            _copy(work.bank[two], work.values[inputs + 1])
            _last(work, wanted, inputs, True)
