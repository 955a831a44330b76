"""Straight-through Gumbel descent at hard samples, one descent after another on each core.

Gradient alone: programs come from logits, logits learn from derivatives, and the only use of a program's correctness is to
stop. `gradient/vertices.py` says how a descent goes for straight-line programs on registers, `gradient/paths.py` for programs
with branches or memory.
"""

from typing import Any

import numpy as np

from experiments.synthesis.gradient import frame
from experiments.synthesis.gradient.descents import BranchingDescents, StraightDescents
from experiments.synthesis.search import Budget, Exhausted, Outcome, Problem


def search(problem: Problem, budget: Budget, rng: np.random.Generator, **settings: Any) -> Outcome:
    """settings: of `StraightDescents` where programs have that form, of `BranchingDescents` for all others."""
    straight = frame.unfit(problem.space, problem.examples) is None
    descents = (StraightDescents if straight else BranchingDescents)(problem, rng, **settings)
    trace: list[dict] = []
    code = None
    try:
        while code is None:
            executions = int(min(descents.chunk, budget.evaluations - budget.spent)) + 1
            budget.spent += descents.go(executions)
            code = descents.found()
            trace.append({"evaluations": budget.spent, **descents.row()})
            if code is None:
                budget.check()
    except Exhausted:
        pass
    return Outcome(code, descents.begun, trace=trace)
