"""Enumeration: of values for straight-line programs on registers, of codes in the order of their length for all others.

`discrete/values.py` and `discrete/odometer.py` say how. It ends when the space is searched, when memory for values is full,
or with the budget.
"""

import numpy as np

from experiments.synthesis.discrete.odometer import PLAIN, Lines, Menu, Odometer
from experiments.synthesis.discrete.values import Values
from experiments.synthesis.search import Budget, Exhausted, Outcome, Problem


def search(problem: Problem, budget: Budget, rng: np.random.Generator) -> Outcome:
    """Values where the space computes with registers alone, else codes."""
    registers_only = all(at.kind == "register" for at in problem.examples.targets)
    by_values = problem.space.straight and not problem.space.has_memory and registers_only
    try:
        return Outcome(Values(problem, budget, rng).search() if by_values else _by_codes(problem, budget, rng))
    except Exhausted:
        return Outcome(None)


def _by_codes(problem: Problem, budget: Budget, rng: np.random.Generator) -> np.ndarray | None:
    """The first code that is right on all examples: smaller sets of codes of one length first. Raises Exhausted."""
    space, examples, odometer = problem.space, problem.examples, Odometer(problem, budget, rng)
    sets = [
        (n, Lines.of(space, examples, n, constants)) for n in range(1, space.length + 1) for constants in (PLAIN, None)
    ]
    for n, lines in sorted(sets, key=lambda one: one[0] * np.log(len(one[1].rows) + 1)):
        if (code := odometer.search(Menu.of([lines] * n, examples))) is not None:
            return code
    return None
