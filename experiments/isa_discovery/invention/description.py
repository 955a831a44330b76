"""How long the description of an operation is: the nodes of its reduced ordered decision diagram.

Source: Bryant, Graph-Based Algorithms for Boolean Function Manipulation (1986). All bits of the result share one diagram; the
operands' bits are taken in turns, from the lowest up.
"""

from functools import cache

import numpy as np

from experiments.isa_discovery.invention.case import Case, Set
from experiments.isa_discovery.invention.optima import Optima, sets


def nodes(table: np.ndarray) -> int:
    """Of an operation `[n * n]`."""
    n = round(len(table) ** 0.5)
    bits = n.bit_length() - 1
    functions = {tuple((table >> bit & 1).tolist()) for bit in range(bits)}
    order = [(operand, bit) for bit in range(bits) for operand in (1, 0)]
    return _nodes({_in_order(function, order, bits) for function in functions})


def _in_order(function: tuple[int, ...], order: list[tuple[int, int]], bits: int) -> tuple[int, ...]:
    """The function with the variable that is decided first as the highest bit of its index."""
    grid = np.array(function).reshape((2,) * (2 * bits))  # axes: bits of the first operand from the highest down, of the second
    axes = [(bits - 1 - bit) + (bits if operand else 0) for operand, bit in order]
    return tuple(grid.transpose(axes).ravel().tolist())


def _nodes(level: set[tuple[int, ...]]) -> int:
    """Distinct subfunctions that depend on their first variable, at this level and below."""
    count = 0
    while level and len(next(iter(level))) > 1:
        half = len(next(iter(level))) // 2
        count += sum(function[:half] != function[half:] for function in level)
        level = {part for function in level for part in (function[:half], function[half:])}
    return count


@cache
def of_candidates(case: Case) -> np.ndarray:
    """`[O]`: of every candidate."""
    return np.array([nodes(table) for table in case.tables])


def best_with_term(case: Case, known: Optima, weight: float) -> tuple[Set, float]:
    """The set of least cost and `weight` times its description; known: the costs of all sets."""
    length = of_candidates(case)
    totals = known.costs + weight * np.array([length[list(chosen)].sum() for chosen in sets(case)])
    best = int(np.argmin(totals))
    return sets(case)[best], float(totals[best])
