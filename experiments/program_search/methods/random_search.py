"""Uniformly random codes, one after another: what every other method must beat."""

from contextlib import suppress

import numpy as np

from experiments.program_search.evaluation import Evaluator
from experiments.program_search.method import Budget, Exhausted, Method, NoOptions, Outcome, Problem
from experiments.program_search.space import random_codes

_FIRST, _RUNS = 4, 400_000
"""Examples that every code is run on, and runs between looks at the budget."""


def run(problem: Problem, budget: Budget, rng: np.random.Generator, _: NoOptions) -> Outcome:
    """Draw codes; those that are right on the first few examples are run on all."""
    first, every = Evaluator(problem.examples.take(slice(_FIRST))), Evaluator(problem.examples)
    batch = _RUNS // _FIRST // (1 if problem.space.straight else 10)
    with suppress(Exhausted):
        while True:
            codes = random_codes(problem.space, rng, batch)
            for evaluator in (first, every):
                scores = evaluator.score(codes)
                codes = codes[scores.right == len(evaluator)]
                budget.spend(scores.executed)
            if len(codes):
                return Outcome(codes[0])
    return Outcome(None)


METHOD = Method("random_search", "discrete", "uniformly random codes", run, rate=3e7)
VARIANTS = (METHOD.variant("random_search", 7),)
