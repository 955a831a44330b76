"""Enumeration of loops by sketches: what a loop counts first, then what it computes in each round.

`discrete/sketches.py` says which loops these are, `discrete/odometer.py` how they are tried. It ends when all are, or with the
budget.
"""

import numpy as np

from experiments.synthesis.discrete.odometer import PLAIN, Odometer
from experiments.synthesis.discrete.sketches import Sketches
from experiments.synthesis.search import Budget, Exhausted, Outcome, Problem

_FEW = 24
"""Constants that are all used; of more than these only those that programs are full of."""


def fits(problem: Problem) -> str | None:
    """Why it cannot take a problem; None where it can."""
    return "it has no branches, and sketches are of loops" if problem.space.straight else None


def search(problem: Problem, budget: Budget, rng: np.random.Generator) -> Outcome:
    """The first loop that is right."""
    constants = None if len(problem.space.constants) <= _FEW else PLAIN
    sketches, odometer = Sketches(problem.space, problem.examples, constants), Odometer(problem, budget, rng)
    budget.spent += sketches.executed
    try:
        for menu in sketches.menus():
            if (code := odometer.search(menu)) is not None:
                return Outcome(code)
    except Exhausted:
        pass
    return Outcome(None)
