"""Straight-through Gumbel descent at hard samples: `ssa/straight_through.py` for straight-line programs on registers,
`machine_code/straight_through.py` for programs with branches or memory. The only use of a program's correctness is to stop.
"""

from typing import NamedTuple

import numpy as np

from experiments.program_search.machine_code import execution_scores
from experiments.program_search.machine_code import straight_through as over_machine_code
from experiments.program_search.method import Budget, Method, Outcome, Problem
from experiments.program_search.ssa import form
from experiments.program_search.ssa import straight_through as over_ssa


class Options(NamedTuple):
    """For each of the two forms."""

    ssa: over_ssa.Options = over_ssa.Options()
    machine_code: execution_scores.Options = execution_scores.Options()


def run(problem: Problem, budget: Budget, rng: np.random.Generator, options: Options) -> Outcome:
    if form.unfit(problem) is None:
        return over_ssa.Descents(problem, rng, options.ssa).search(budget)
    return over_machine_code.Descents(problem, rng, options.machine_code).search(budget)


METHOD = Method("straight_through", "gradient", "descent at programs that are drawn from logits", run, 4e7, Options)
VARIANTS = (METHOD.variant("straight_through", 0),)
