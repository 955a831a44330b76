"""Reads that depend on each other: a walk along a permutation, each of whose steps is a soft read of the next address.

The state is a distribution over cells, and a step sends each cell's mass through a read of its own. A read's weights depend on
the distance of cells alone (their difference, or their exclusive or), so that a step is one convolution.
"""

from collections.abc import Callable, Iterator

import numpy as np

from experiments.soft_memory import addressing, laws

Row = tuple[str, int, float, int, float, float]


def walk(kind: str, cells: int, delta: float, reads: tuple[int, ...], seed: int) -> Iterator[Row]:
    """After each number of reads: the mass that is where it should be, and what the law gives."""
    order = np.random.default_rng(seed).permutation(cells)
    mass, right = np.zeros(cells), 0
    mass[0] = 1
    leaked = laws.leak(kind, cells, delta)
    spread = _spread(kind, cells, delta)
    for step in range(1, max(reads) + 1):
        moved = np.empty(cells)
        moved[order] = mass  # each cell's mass, at the cell that it should read
        mass, right = spread(moved), int(order[right])
        if step in reads:
            yield kind, cells, delta, step, float(mass[right]), laws.survival(leaked, step)


def _spread(kind: str, cells: int, delta: float) -> Callable[[np.ndarray], np.ndarray]:
    """From where masses should go to where a soft read sends them; what lies outside memory is lost."""
    if kind in addressing.BY_SCORES:
        weights = addressing.weights(kind, cells, 0, delta)
        right, other = weights[0], weights[1]
        return lambda mass: (right - other) * mass + other * mass.sum()
    if kind == "bits":
        stay = addressing.bits(2, 0, delta)[0]  # one bit alone
        return lambda mass: _mixed(mass, stay)
    middle = cells // 2
    kernel = addressing.value(cells, middle, delta)
    reach = np.flatnonzero(kernel > 1e-18).tolist()
    return lambda mass: np.asarray(sum(kernel[at] * _moved(mass, at - middle) for at in reach))


def _mixed(mass: np.ndarray, stay: float) -> np.ndarray:
    """Each bit of the address stays with its chance, and is the other one else."""
    for bit in range((len(mass) - 1).bit_length()):
        pairs = mass.reshape(-1, 2, 1 << bit)
        mass = (stay * pairs + (1 - stay) * pairs[:, ::-1]).reshape(-1)
    return mass


def _moved(mass: np.ndarray, by: int) -> np.ndarray:
    found = np.zeros_like(mass)
    if by >= 0:
        found[by:] = mass[: len(mass) - by]
    else:
        found[:by] = mass[-by:]
    return found
