"""A case of invention: candidate operations, tasks, and the exact cost of a set of operations.

A set costs the sum, over the tasks, of the instructions of the shortest program that does the task with operations of the set.
Sets are equal up to the order of their operations and the exchange of operands: an operation and its mirror are one.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

Set = tuple[int, ...]
"""Numbers of operations, each the first of those that equal it or its mirror; ascending."""


class Shortest(NamedTuple):
    """lengths `[T + H]` int64: instructions of the shortest program of each task, held-out ones last, `Case.undone` where there
    is none. executions: operations applied, each to one pair of values over all rows."""

    lengths: np.ndarray
    executions: int


class Code(NamedTuple):
    """Straight-line code that computes many values. steps `[S, 3]` int64: operation, of the set, and two earlier values; inputs
    come first. lengths `[I + S]` int64: of the shortest program of each value. executions: spent on finding it."""

    steps: np.ndarray
    lengths: np.ndarray
    executions: int


@dataclass(frozen=True, eq=False)
class Case:
    """names, tables `[O, n * n]` uint8: candidates, the result for operands x and y at x * n + y. inputs `[I, R]`, tasks
    `[T, R]`, held_out `[H, R]` uint8: values over all rows; held-out tasks are no part of the cost. count: operations of a set,
    at most. undone: cost of a task that no program does. shortest, code: `(case, tables [k, n * n])`, the exact programs over
    these operations, their lengths or themselves."""

    name: str
    names: tuple[str, ...]
    tables: np.ndarray
    inputs: np.ndarray
    task_names: tuple[str, ...]
    tasks: np.ndarray
    held_out_names: tuple[str, ...]
    held_out: np.ndarray
    count: int
    undone: int
    shortest: Callable[["Case", np.ndarray], Shortest]
    code: Callable[["Case", np.ndarray], Code]

    @property
    def values(self) -> int:
        """n: how many values a word has."""
        return round(self.tables.shape[1] ** 0.5)

    @cached_property
    def every_task(self) -> np.ndarray:
        """`[T + H, R]` uint8."""
        return np.ascontiguousarray(np.vstack((self.tasks, self.held_out)))

    @cached_property
    def first_alike(self) -> np.ndarray:
        """`[O]`: the first operation that equals each one or its mirror."""
        first: dict[bytes, int] = {}
        return np.array([first.setdefault(either_way(table), number) for number, table in enumerate(self.tables)])

    @cached_property
    def _first(self) -> list[int]:
        return self.first_alike.tolist()

    @cached_property
    def distinct(self) -> Set:
        """The operations that differ by more than an exchange of operands."""
        return tuple(np.unique(self.first_alike).tolist())

    def canonical(self, chosen: Iterable[int]) -> Set:
        return tuple(sorted({self._first[number] for number in chosen}))

    def measure(self, chosen: Iterable[int]) -> Shortest:
        """The shortest programs over these operations."""
        return self.shortest(self, self.tables[list(self.canonical(chosen))])

    def cost(self, lengths: np.ndarray) -> int:
        """Of the lengths `[T + H]`, the tasks' sum."""
        return int(lengths[: len(self.tasks)].sum())

    def text(self, chosen: Iterable[int]) -> str:
        return " ".join(self.names[number] for number in self.canonical(chosen))


def either_way(table: np.ndarray) -> bytes:
    """Of an operation `[n * n]` and of its mirror the same."""
    n = round(len(table) ** 0.5)
    return min(table.tobytes(), np.ascontiguousarray(table.reshape(n, n).T).tobytes())
