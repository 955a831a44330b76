"""Enumeration: of values for straight-line programs on registers (`ssa/bottom_up.py`), of codes in the order of their length
for all others (`machine_code/exhaustive.py`). It ends when the space is searched, when memory for values is full, or with the
budget.
"""

import numpy as np

from experiments.program_search.machine_code.exhaustive import Exhaustive
from experiments.program_search.machine_code.instructions import USUAL, Instructions, SlotChoices
from experiments.program_search.method import Budget, Exhausted, Method, NoOptions, Outcome, Problem
from experiments.program_search.ssa.bottom_up import BottomUp


def run(problem: Problem, budget: Budget, rng: np.random.Generator, _: NoOptions) -> Outcome:
    """Values where the space computes with registers alone, else codes."""
    to_registers = all(at.kind == "register" for at in problem.examples.targets)
    by_values = problem.space.straight and not problem.space.has_memory and to_registers
    try:
        return Outcome(BottomUp(problem, budget, rng).search() if by_values else _by_codes(problem, budget, rng))
    except Exhausted:
        return Outcome(None)


def _by_codes(problem: Problem, budget: Budget, rng: np.random.Generator) -> np.ndarray | None:
    """The first code that is right on all examples: smaller sets of codes of one length first. Raises Exhausted."""
    space, examples, exhaustive = problem.space, problem.examples, Exhaustive(problem, budget, rng)
    sets = [
        (n, Instructions.of(space, examples, n, constants)) for n in range(1, space.length + 1) for constants in (USUAL, None)
    ]
    for n, instructions in sorted(sets, key=lambda one: one[0] * np.log(len(one[1].rows) + 1)):
        if (code := exhaustive.search(SlotChoices.of([instructions] * n, examples))) is not None:
            return code
    return None


METHOD = Method("enumeration", "discrete", "values from the inputs up, or all codes in order", run, rate=1e8)
VARIANTS = (METHOD.variant("enumeration", 4),)
