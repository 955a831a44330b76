"""Laws of soft reads against enumeration, walks against powers of a matrix, sums that are right and wrong where it is said."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from experiments.soft_memory import addressing, horizon, laws, sums
from experiments.soft_memory.run import SCALES

CELLS, RIGHT = 16, 5


def _enumerated(kind: str, delta: float) -> np.ndarray:
    """The weights from the definitions, by other ways than the code's."""
    z = np.where(np.arange(CELLS) == RIGHT, delta, 0.0)
    if kind == "softmax":
        return np.exp(z) / np.exp(z).sum()
    if kind == "bits":
        right = 1 / (1 + np.exp(-delta))
        every = itertools.product((0, 1), repeat=4)
        return np.array(
            [np.prod([right if b == (RIGHT >> 3 - k & 1) else 1 - right for k, b in enumerate(bits)]) for bits in every]
        )
    if kind == "value":
        edges = RIGHT - (np.arange(CELLS + 1) - 0.5)
        return -np.diff(1 / (1 + np.exp(-edges * delta)))
    power = {"sparsemax": 1.0, "entmax": 2.0}[kind]
    z = z / power

    def found(t: float) -> np.ndarray:
        return np.maximum(z - t, 0) ** power

    return found(brentq(lambda t: found(t).sum() - 1, z.max() - 1, z.max(), xtol=1e-14))


@pytest.mark.parametrize("kind", addressing.ADDRESSINGS)
@pytest.mark.parametrize("delta", [0.2, 0.9, 1.7, 5.0, 30.0])
def test_weights_are_those_of_the_definition_and_leak_what_the_law_says(kind, delta):
    found = addressing.weights(kind, CELLS, RIGHT, delta)
    np.testing.assert_allclose(found, _enumerated(kind, delta), atol=1e-9)
    assert laws.leak(kind, CELLS, delta) == pytest.approx(1 - found[RIGHT], abs=1e-9)


@pytest.mark.parametrize("kind", addressing.ADDRESSINGS)
def test_the_gap_that_is_needed_is_enough_and_no_more(kind):
    delta = laws.needed(kind, 1 << 12, 1e-3)
    assert laws.leak(kind, 1 << 12, delta) <= 1e-3 < laws.leak(kind, 1 << 12, delta * 0.999)


@pytest.mark.parametrize("kind", addressing.ADDRESSINGS)
def test_a_walk_is_the_power_of_the_matrix_of_reads(kind):
    delta, reads = laws.needed(kind, CELLS, 0.02), (1, 2, 7, 40)
    order = np.random.default_rng(3).permutation(CELLS)
    matrix = np.array([addressing.weights(kind, CELLS, int(to), delta) for to in order])  # a row: from where
    rows = list(horizon.walk(kind, CELLS, delta, reads, 3))
    assert [row[3] for row in rows] == list(reads)
    for row in rows:
        at = 0
        for _ in range(row[3]):
            at = int(order[at])
        assert row[4] == pytest.approx(np.linalg.matrix_power(matrix, row[3])[0, at], abs=1e-12)


@pytest.mark.parametrize(("relaxation", "program"), [("value", "loop"), ("bits", "exclusive_or")])
def test_sums_are_right_and_wrong_where_it_is_said(relaxation, program):
    right, wrong = sums.measured(relaxation, program, 4, 0)
    assert wrong == pytest.approx(sums.RATIO * right)
    run, wanted = sums._run(relaxation, program, 4, 0)
    assert sums._is_right(replace(run, temperature=right), wanted)
    assert not sums._is_right(replace(run, temperature=wrong), wanted)
    assert sums._is_right(run, wanted)  # at temperature 0


def test_a_larger_memory_is_predicted_to_fail_earlier():
    for relaxation, program in ((r, p) for r, programs in sums.PROGRAMS_OF.items() for p in programs):
        found = [sums.predicted(relaxation, program, words) for words in SCALES["full"].words]
        assert found == sorted(found, reverse=True)
