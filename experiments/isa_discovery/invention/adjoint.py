"""What exchanging an operation would change, by one backward pass through exact programs.

Words are vectors of bits, and an operation the multilinear function of its operands' bits that agrees with its table, as in the
relaxation `bits` of the differentiable machines. A task's loss is the length of a program and `WEIGHT` times the share of bits
that it gets wrong; the program is the one of least loss among those at hand, the exact ones among them. The derivative by the
entries of an operation's table, taken at these programs, predicts the loss with another table in its place, as Grathwohl et al.
(ICML 2021) do for flips of bits.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from backends.gpu_compute.compiling import entry
from experiments.isa_discovery.invention.budget import soft
from experiments.isa_discovery.invention.case import Case, Code, Set

WEIGHT = 8.0
"""Instructions that a task is worth where all of its bits are wrong."""


class Change(NamedTuple):
    """predicted `[k, O]`: of the loss, where candidate o takes the place of the set's operation. executions: of the
    backward pass; the programs are results of the measurement, which a set has before."""

    predicted: np.ndarray
    executions: float


def predicted_change(case: Case, chosen: Set, code: Code) -> Change:
    tables = case.tables[list(chosen)]
    bits = _bits(case.values)
    values = run(case, tables, code)
    adjoints = _seeds(case, values, code.lengths)
    slopes = np.zeros((*tables.shape, bits))
    _pull(tables.reshape(-1, case.values, case.values).astype(np.int64), values, code.steps, adjoints, slopes)
    flat, own = slopes.reshape(len(slopes), -1), (slopes * _spread(tables, bits)).sum((1, 2))[:, None]
    as_is, mirrored = _candidates(case)
    predicted = np.minimum(flat @ as_is.T - own, flat @ mirrored.T - own)
    used = int(adjoints[len(case.inputs) :].any((1, 2)).sum())
    return Change(predicted, soft(used, 1))


def run(case: Case, tables: np.ndarray, code: Code) -> np.ndarray:
    """`[I + S, R]` int64: what the code computes."""
    values = np.zeros((len(case.inputs) + len(code.steps), case.inputs.shape[1]), np.int64)
    values[: len(case.inputs)] = case.inputs
    _run(tables.reshape(-1, case.values, case.values), code.steps, values)
    return values


def _bits(values: int) -> int:
    return values.bit_length() - 1


def _spread(words: np.ndarray, bits: int) -> np.ndarray:
    """`[…]` words to `[…, bits]` of 0.0 and 1.0."""
    digits = np.unpackbits(words.astype(np.uint8)[..., None], axis=-1, count=bits, bitorder="little")
    return digits.astype(np.float32)


def _seeds(case: Case, values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """`[I + S, R, bits]`: the derivative of the loss by each value that is the best one for a task."""
    bits = _bits(case.values)
    have, want = _spread(values, bits), _spread(case.tasks, bits)
    flat, wanted = have.reshape(len(have), -1), want.reshape(len(want), -1)
    wrong = flat.sum(1) + wanted.sum(1)[:, None] - 2 * wanted @ flat.T
    weight = WEIGHT / flat.shape[1]
    nearest = np.argmin(lengths + weight * wrong, axis=1)
    adjoints = np.zeros(have.shape)
    _seed(want, nearest, weight, adjoints)
    return adjoints


@lru_cache(4)
def _candidates(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """`[O, n * n * bits]` each: the candidates' tables, as they are and with the operands exchanged."""
    mirrored = case.tables.reshape(-1, case.values, case.values).transpose(0, 2, 1)
    as_is, exchanged = (_spread(tables, _bits(case.values)).astype(float) for tables in (case.tables, mirrored))
    return as_is.reshape(len(as_is), -1), exchanged.reshape(len(exchanged), -1)


@entry
def _run(tables, steps, values):
    inputs = len(values) - len(steps)
    for step in range(len(steps)):
        operation, left, right = steps[step]
        for r in range(values.shape[1]):
            values[inputs + step, r] = tables[operation, values[left, r], values[right, r]]


@entry
def _seed(want, nearest, weight, adjoints):
    """Adds to the adjoints `[I + S, R, bits]` of each task's nearest value what its bits `[T, R, bits]` say."""
    for task in range(len(nearest)):
        for r in range(want.shape[1]):
            for bit in range(want.shape[2]):
                adjoints[nearest[task], r, bit] += weight * (1.0 - 2.0 * want[task, r, bit])


@entry
def _pull(tables, values, steps, adjoints, slopes):
    """Backward through the code: adds to the adjoints `[I + S, R, bits]` and to slopes `[k, n * n, bits]`, the derivative by
    the bits of the tables' entries."""
    n, bits, inputs = tables.shape[1], adjoints.shape[2], len(values) - len(steps)
    for step in range(len(steps) - 1, -1, -1):
        operation, left, right = steps[step]
        table = tables[operation]
        for r in range(values.shape[1]):
            x, y = values[left, r], values[right, r]
            for bit in range(bits):
                slope = adjoints[inputs + step, r, bit]
                if slope != 0.0:
                    slopes[operation, x * n + y, bit] += slope
                    for flipped in range(bits):
                        up = 1.0 - 2.0 * (x >> flipped & 1)
                        change = (table[x ^ 1 << flipped, y] >> bit & 1) - (table[x, y] >> bit & 1)
                        adjoints[left, r, flipped] += slope * up * change
                        up = 1.0 - 2.0 * (y >> flipped & 1)
                        change = (table[x, y ^ 1 << flipped] >> bit & 1) - (table[x, y] >> bit & 1)
                        adjoints[right, r, flipped] += slope * up * change
