"""Shortest programs of at most three instructions over a set of operations.

A program is straight-line code on words: each instruction applies an operation to two of the inputs and earlier results, and
the last result is the program's. All are enumerated (`enumeration.py`).
"""

from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np

from experiments.isa_discovery.invention.case import Case, Code, Shortest
from experiments.isa_discovery.invention.enumeration import LONGEST, Wanted, Work, enumerate_programs

ROOM = 1 << 13
Step = tuple[int, int, int]
"""An operation, and the numbers of two earlier values."""


class Programs(NamedTuple):
    """task, length `[P]`, steps `[P, 3, 3]` int64: programs that do a task, each instruction an operation and the numbers of
    its operands: inputs, then results. executions: operations applied."""

    task: np.ndarray
    length: np.ndarray
    steps: np.ndarray
    executions: int


def programs(case: Case, tables: np.ndarray, room: int = ROOM) -> Programs:
    """All programs over the tables `[k, n * n]` that do one of the tasks, held-out ones among them."""
    work = _enumerated(case, tables, room)
    found, executions = work.counts[0], int(work.counts[1])
    if found > room:
        return programs(case, tables, int(found))
    rows = work.found[:found]
    return Programs(rows[:, 0], rows[:, 1], rows[:, 2:].reshape(-1, LONGEST, 3), executions)


def shortest(case: Case, tables: np.ndarray) -> Shortest:
    work = _enumerated(case, tables, 0)
    return Shortest(work.lengths, int(work.counts[1]))


def _enumerated(case: Case, tables: np.ndarray, room: int) -> Work:
    lengths = np.full(len(case.every_task), case.undone)
    work = Work.over(tables.reshape(-1, case.values, case.values), case.inputs, room, lengths)
    enumerate_programs(work, _wanted(case))
    return work


@lru_cache(4)
def _wanted(case: Case) -> Wanted:
    return Wanted.of(case.every_task)


def code(case: Case, tables: np.ndarray) -> Code:
    """A shortest program of each task that has one, and all values of at most two instructions."""
    work, book = _enumerated(case, tables, 0), _Book(len(case.inputs), len(tables))
    for steps, length in zip(work.best, work.lengths, strict=True):
        if length <= LONGEST:
            book.add(steps[:length])
    lengths = np.concatenate((np.zeros(len(case.inputs), np.int64), book.lengths))
    return Code(np.array(list(book.place), np.int64), lengths, int(work.counts[1]) + len(book.place))


class _Book:
    """Steps as they are added, each once, with the numbers of their values; at first those of `_pairs`."""

    def __init__(self, inputs: int, operations: int) -> None:
        self.inputs, steps = inputs, _pairs(inputs, operations)
        self.place = {step: inputs + k for k, step in enumerate(steps)}
        self.lengths = [1 if max(step[1:]) < inputs else 2 for step in steps]

    def add(self, steps: np.ndarray) -> None:
        """A program, whose results are numbered behind the inputs."""
        places = list(range(self.inputs))
        for length, (operation, x, y) in enumerate(steps.tolist(), 1):
            step = operation, places[x], places[y]
            if step not in self.place:
                self.place[step] = self.inputs + len(self.place)
                self.lengths.append(length)
            places.append(self.place[step])


@cache
def _pairs(inputs: int, operations: int) -> tuple[Step, ...]:
    """All programs of one and of two instructions, the second with the result of the first."""
    ones = [(o, x, y) for o in range(operations) for x in range(inputs) for y in range(inputs)]
    twos = [
        (o, x, y)
        for one in range(inputs, inputs + len(ones))
        for o in range(operations)
        for x, y in [(one, one), *((one, i) for i in range(inputs)), *((i, one) for i in range(inputs))]
    ]
    return (*ones, *twos)
