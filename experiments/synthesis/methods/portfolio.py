"""One method after another, each with an equal share of what is left: what to use where nothing is known of a task.

Enumeration comes first, since short programs are found by it at once and shortest first; then the hybrid, for bit tricks that
are too long for it; then stochastic search, for loops.
"""

import numpy as np

from experiments.synthesis import search as registry
from experiments.synthesis.search import Budget, Outcome, Problem

MEMBERS = ("enumeration", "hybrid", "mcmc")


def search(problem: Problem, budget: Budget, rng: np.random.Generator) -> Outcome:
    """The first code that a member finds."""
    members = [name for name in MEMBERS if registry.fits(name, problem) is None]
    restarts = 0
    for i, name in enumerate(members):
        share = len(members) - i
        own = Budget((budget.evaluations - budget.spent) / share, budget.left_s / share)
        outcome = registry.method(name)(problem, own, rng)
        budget.spent += own.spent
        restarts += outcome.restarts
        if outcome.code is not None:
            return Outcome(outcome.code, restarts)
    return Outcome(None, restarts)
