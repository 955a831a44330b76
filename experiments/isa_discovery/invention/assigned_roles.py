"""Operations regressed on a few points with their roles assigned, and what they do on all other operands.

The protocol of nCPU's "learned instruction set": operation 0 is told to be add, operation 1 to be mul, each is fitted by
gradient descent to three points, and there is no choice to discover. Here an operation is a polynomial of degree two in both
operands, which holds add, sub and mul exactly, so that only the protocol can fail. The control is the same with all pairs
given.
"""

from typing import NamedTuple

import numpy as np

ROLES = {"add": np.add, "sub": np.subtract, "mul": np.multiply}
OPERANDS = 16
POINTS = 3
STEPS = 4_000


class Fit(NamedTuple):
    """right_given, right_held_out: shares of the operand pairs on which the rounded result is right; held out: all that were
    not given, and where all were, all."""

    right_given: float
    right_held_out: float


def features(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`[R, 6]`: 1, a, b, a b, a^2, b^2 of operands scaled to -1 … 1."""
    x, y = (2 * v / (OPERANDS - 1) - 1 for v in (a, b))
    return np.stack((np.ones_like(x), x, y, x * y, x * x, y * y), axis=1)


def fit(role: str, points: int | None, rng: np.random.Generator) -> Fit:
    """points: operand pairs given, all where None."""
    a, b = np.divmod(np.arange(OPERANDS**2), OPERANDS)
    every, wanted = features(a, b), np.asarray(ROLES[role](a, b))
    given, start = rng.permutation(len(a))[:points], 0.1 * rng.standard_normal((every.shape[1],))
    weights = descend(every[given], wanted[given], start)
    right = np.rint(every @ weights) == wanted
    others = np.setdiff1d(np.arange(len(a)), given) if points else given
    return Fit(float(right[given].mean()), float(right[others].mean()))


def descend(inputs: np.ndarray, wanted: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Least squares by gradient descent with Nesterov's momentum (1983); inputs `[R, F]`, wanted `[R]`, weights `[F]`."""
    down, before = 1 / np.linalg.norm(inputs, 2) ** 2 * inputs.T, weights
    for step in range(STEPS):
        ahead = weights + step / (step + 3) * (weights - before)
        before, weights = weights, ahead - down @ (inputs @ ahead - wanted)
    return weights
