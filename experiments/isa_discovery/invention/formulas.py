"""Smallest formulas over a set of gates, for all 256 functions of three inputs, by dynamic programming over size.

The size of a formula is its number of gates; a value that is used twice is computed twice (Knuth, The Art of Computer
Programming 4A, section 7.1.2, on the length of formulas). A function is a byte: bit r is its value in row r.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from backends.gpu_compute.compiling import entry
from experiments.isa_discovery.invention.case import Case, Code, Shortest

FUNCTIONS = 256
INPUTS = (0b11110000, 0b11001100, 0b10101010)


class Formulas(NamedTuple):
    """size `[256]` int64: of the smallest formula of each function, -1 where there is none. made `[256, 3]` int64: gate and
    operands of its last step. order `[256]`: functions by size, those that have a formula first. executions: gates applied."""

    size: np.ndarray
    made: np.ndarray
    order: np.ndarray
    executions: int

    @property
    def reached(self) -> np.ndarray:
        return self.order[: int((self.size >= 0).sum())]


def smallest(tables: np.ndarray) -> Formulas:
    """tables `[k, 4]` uint8: the gates, the result for x and y at 2 x + y."""
    return _kept(tables.tobytes())


@lru_cache(2)  # a set is measured, and then its code is asked for
def _kept(tables: bytes) -> Formulas:
    gates = -np.frombuffer(tables, np.uint8).reshape(-1, 4).astype(np.int64)  # all bits, or none
    size, made = np.full(FUNCTIONS, -1), np.zeros((FUNCTIONS, 3), np.int64)
    order, first = np.zeros(FUNCTIONS, np.int64), np.zeros(FUNCTIONS + 2, np.int64)
    return Formulas(size, made, order, _smallest(gates, size, made, order, first))


def shortest(case: Case, tables: np.ndarray) -> Shortest:
    """For a case whose rows are those of three inputs."""
    found = smallest(tables)
    lengths = found.size[_tasks(case)]
    return Shortest(np.where(lengths < 0, case.undone, lengths), found.executions)


@lru_cache(4)
def _tasks(case: Case) -> np.ndarray:
    return numbers(case.every_task)


def numbers(functions: np.ndarray) -> np.ndarray:
    """`[F, 8]` bits, row 0 first, to `[F]` bytes."""
    return functions.astype(np.int64) @ (1 << np.arange(8))


@entry
def _smallest(gates, size, made, order, first):
    """first `[258]`: where in `order` the functions of each size begin. Sizes end at twice the largest found, and one."""
    found, executions, largest = 0, 0, 0
    for value in (0b11110000, 0b11001100, 0b10101010):
        size[value], order[found], found = 0, value, found + 1
    first[1] = found
    total = 1
    while total <= 2 * largest + 1 and found < 256:
        for left in range(total):
            right = total - 1 - left
            executions += len(gates) * (first[left + 1] - first[left]) * (first[right + 1] - first[right])
            for a in range(first[left], first[left + 1]):
                if found == 256:
                    break
                x, nx = order[a], order[a] ^ 255
                for b in range(first[right], first[right + 1]):
                    y, ny = order[b], order[b] ^ 255
                    neither, second, one, both = nx & ny, nx & y, x & ny, x & y
                    for gate in range(len(gates)):
                        mask = gates[gate]
                        value = mask[0] & neither | mask[1] & second | mask[2] & one | mask[3] & both
                        if size[value] < 0:
                            size[value], order[found], found, largest = total, value, found + 1, total
                            made[value, 0], made[value, 1], made[value, 2] = gate, x, y
        total += 1
        first[total] = found
    return executions


def code(case: Case, tables: np.ndarray) -> Code:
    """The smallest formulas of all functions that have one, as straight-line code."""
    found = smallest(tables)
    order, place = found.reached, np.zeros(FUNCTIONS, np.int64)
    place[order] = np.arange(len(order))
    made = found.made[order[len(INPUTS) :]]
    steps = np.column_stack((made[:, 0], place[made[:, 1:]]))
    return Code(steps, found.size[order], found.executions)
