"""HiGHS and CP-SAT say the same optimum."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.isa_discovery import selection
from experiments.isa_discovery.selection import Problem

pytest.importorskip("ortools", reason="the second solver is an extra for development: pip install ortools")
from experiments.isa_discovery import second_solver


def drawn(seed, uses=60, operations=25):
    rng = np.random.default_rng(seed)
    cells = tuple(frozenset(rng.choice(80, int(rng.integers(2, 6)), replace=False).tolist()) for _ in range(uses))
    costs = tuple((int(rng.integers(1, 300)), tuple(rng.choice(uses, 3).tolist())) for _ in range(6))
    saved, operation = rng.integers(1, 500, uses), rng.integers(0, operations, uses)
    return Problem(saved, operation, cells, rng.integers(1, 90, operations).astype(float), rng.random(operations) < 0.5, costs)


@pytest.mark.parametrize("seed", range(8))
def test_two_solvers_agree(seed):
    problem = drawn(seed)
    for count, area in ((1, None), (3, None), (16, None), (16, 100)):
        first = selection.exact(problem, count, np.inf if area is None else area)
        second = second_solver.exact(problem, count, area=area)
        assert first.optimal and second.optimal and first.saved == second.saved == problem.value(second.uses)


def test_immediates_are_limited_in_both():
    problem = replace(drawn(0, uses=200, operations=60), immediate=np.ones(60, bool), costs=())
    first, second = selection.exact(problem, 60), second_solver.exact(problem, 60)
    assert len(second.operations) <= selection.IMMEDIATES and first.saved == second.saved
