"""Shortest programs of at most three instructions over a set of operations.

A program is straight-line code on words: each instruction applies an operation to two of the inputs and earlier results, and
the last result is the program's. All are enumerated (`enumeration.py`).
"""

from typing import NamedTuple

import numpy as np

from experiments.isa_discovery.invention.case import Case, Code, Shortest
from experiments.isa_discovery.invention.enumeration import LONGEST, Wanted, Work, enumerate_programs

ROOM = 1 << 13


class Programs(NamedTuple):
    """task, length `[P]`, steps `[P, 3, 3]` int64: programs that do a task, each instruction an operation and the numbers of
    its operands: inputs, then results. executions: operations applied."""

    task: np.ndarray
    length: np.ndarray
    steps: np.ndarray
    executions: int


def programs(case: Case, tables: np.ndarray, room: int = ROOM) -> Programs:
    """All programs over the tables `[k, n * n]` that do one of the tasks, held-out ones among them."""
    work = Work.over(tables.reshape(-1, case.values, case.values), case.inputs, room)
    enumerate_programs(work, Wanted.of(case.every_task))
    found, executions = work.counts[0], int(work.counts[1])
    if found > room:
        return programs(case, tables, int(found))
    rows = work.found[:found]
    return Programs(rows[:, 0], rows[:, 1], rows[:, 2:].reshape(-1, LONGEST, 3), executions)


def shortest(case: Case, tables: np.ndarray) -> Shortest:
    every = programs(case, tables)
    lengths = np.full(len(case.every_task), case.undone)
    np.minimum.at(lengths, every.task, every.length)
    return Shortest(lengths, every.executions)


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
