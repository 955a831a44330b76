"""Straight-through Gumbel descent at hard samples, one descent after another on each core.

Gradient alone: programs come from logits, logits learn from derivatives, and the only use of a program's correctness is to
stop. `gradient/vertices.py` says how a descent goes for straight-line programs on registers, `gradient/paths.py` for programs
with branches or memory.
"""

from typing import Any

import numpy as np

from experiments.synthesis.gradient import frame
from experiments.synthesis.gradient.descents import BranchingDescents, StraightDescents
from experiments.synthesis.search import Budget, Outcome, Problem


def search(problem: Problem, budget: Budget, rng: np.random.Generator, **settings: Any) -> Outcome:
    """settings: of `StraightDescents` where programs have that form, of `BranchingDescents` for all others."""
    straight = frame.unfit(problem.space, problem.examples) is None
    return (StraightDescents if straight else BranchingDescents)(problem, rng, **settings).search(budget)
