"""Instruction discovery: the best selection, against all selections; what the other methods lose."""

from itertools import combinations

import numpy as np
import pytest

from experiments.isa_discovery.baselines import BASELINES, marginal_greedy
from experiments.isa_discovery.selection import Problem, exact


def problems(number):
    rng = np.random.default_rng(number)
    uses_, operations_ = int(rng.integers(1, 9)), int(rng.integers(1, 5))
    cells = tuple(frozenset(rng.choice(10, int(rng.integers(1, 4)), replace=False).tolist()) for _ in range(uses_))
    costs = tuple((int(rng.integers(1, 30)), tuple(rng.choice(uses_, 2).tolist())) for _ in range(2))
    operation = rng.integers(0, operations_, uses_)
    areas, saved = rng.integers(1, 9, operations_).astype(float), rng.integers(1, 50, uses_)
    return Problem(saved, operation, cells, areas, np.zeros(operations_, bool), costs)


def best_of_all(problem, count, area):
    values = [0]
    for size in range(1, len(problem.saved) + 1):
        for some in combinations(range(len(problem.saved)), size):
            chosen = {int(problem.operation[u]) for u in some}
            apart = sum(len(problem.cells[u]) for u in some) == len(frozenset().union(*(problem.cells[u] for u in some)))
            if apart and len(chosen) <= count and sum(problem.areas[o] for o in chosen) <= area:
                values.append(problem.value(some))
    return max(values)


@pytest.mark.parametrize("number", range(30))
def test_the_solver_finds_the_best_of_all_selections(number):
    problem = problems(number)
    for count, area in ((1, np.inf), (2, np.inf), (4, 8.0)):
        answer = exact(problem, count, area)
        assert answer.saved == best_of_all(problem, count, area) and answer.optimal
        assert len(answer.operations) <= count


@pytest.mark.parametrize("number", range(10))
def test_a_part_of_a_problem_is_worth_what_its_uses_are(number):
    """With a cost that several uses share counted once."""
    problem = problems(number)
    for size in range(1, len(problem.saved) + 1):
        for some in combinations(range(len(problem.saved)), size):
            paid = sum(cost for cost, group in problem.costs if not set(group).isdisjoint(some))
            part = problem.only(np.array(some))
            assert part.value(range(size)) == problem.value(some) == problem.saved[list(some)].sum() - paid
            assert part.cells == tuple(problem.cells[use] for use in some)


@pytest.mark.parametrize("name", BASELINES)
def test_no_other_method_says_more_than_there_is(name):
    for number in range(10):
        problem = problems(number)
        answer = BASELINES[name](problem, 2, np.random.default_rng(0))
        assert answer.saved == problem.value(answer.uses) <= best_of_all(problem, 2, np.inf)
        assert len(set(problem.operation[list(answer.uses)].tolist())) <= 2


def test_greedy_loses_where_it_was_planted():
    """Two operations cover two blocks each in whole; a third overlaps half of both, and saves most alone."""
    cells = (frozenset((0, 1)), frozenset((2, 3)), frozenset((0, 2)), frozenset((1, 3)))
    problem = Problem(np.array([10, 10, 12, 1]), np.array([0, 1, 2, 2]), cells, np.ones(3), np.zeros(3, bool))
    assert exact(problem, 2).saved == 20
    assert marginal_greedy(problem, 2, np.random.default_rng(0)).saved <= 18
