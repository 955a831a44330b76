"""Enumeration of loops by sketches (`machine_code/loop_sketches.py`), each tried by `machine_code/exhaustive.py`: what a loop
counts first, then what it computes in each round. It ends when all are tried, or with the budget.
"""

from contextlib import suppress

import numpy as np

from experiments.program_search.machine_code.exhaustive import Exhaustive
from experiments.program_search.machine_code.instructions import USUAL
from experiments.program_search.machine_code.loop_sketches import Sketches
from experiments.program_search.method import Budget, Exhausted, Method, NoOptions, Outcome, Problem

_FEW = 24
"""Constants that are all used; of more than these only those that programs are full of."""


def fits(problem: Problem) -> str | None:
    """Why it cannot take a problem; None where it can."""
    return "it has no branches, and sketches are of loops" if problem.space.straight else None


def run(problem: Problem, budget: Budget, rng: np.random.Generator, _: NoOptions) -> Outcome:
    """The first loop that is right."""
    constants = None if len(problem.space.constants) <= _FEW else USUAL
    sketches, exhaustive = Sketches(problem.space, problem.examples, constants), Exhaustive(problem, budget, rng)
    budget.spent += sketches.executed
    with suppress(Exhausted):
        for choices in sketches.slot_choices():
            if (code := exhaustive.search(choices)) is not None:
                return Outcome(code)
    return Outcome(None)


METHOD = Method("sketches", "discrete", "loops by the roles of their slots", run, rate=3e7, fits=fits)
VARIANTS = (METHOD.variant("sketches", 17),)
