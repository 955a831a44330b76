"""One method after another, each with an equal share of what is left: what to use where nothing is known of a task.

Enumeration comes first, since short programs are found by it at once and shortest first; then, for bit tricks that are too long
for it, the hybrid; for loops sketches, and for these and programs that use memory stochastic search, with two notions of what
is nearly right.
"""

from collections.abc import Mapping

import numpy as np

from experiments.synthesis import search as registry
from experiments.synthesis.search import Budget, Outcome, Problem

_Member = tuple[str, Mapping[str, float]]
STRAIGHT: tuple[_Member, ...] = (("enumeration", {}), ("hybrid", {}))
_CHAINS: tuple[_Member, ...] = (("mcmc", {}), ("mcmc", {"beta": 10.0, "wrong": 16}))
WITH_MEMORY: tuple[_Member, ...] = (("enumeration", {}), *_CHAINS)
LOOPS: tuple[_Member, ...] = (("enumeration", {}), ("sketches", {}), *_CHAINS)


def search(problem: Problem, budget: Budget, rng: np.random.Generator) -> Outcome:
    """The first code that a member finds."""
    members = STRAIGHT if problem.on_registers else WITH_MEMORY if problem.space.straight else LOOPS
    restarts = 0
    for i, (name, settings) in enumerate(members):
        share = len(members) - i
        own = Budget((budget.evaluations - budget.spent) / share, budget.left_s / share)
        outcome = registry.method(name)(problem, own, rng, **settings)
        budget.spent += own.spent
        restarts += outcome.restarts
        if outcome.code is not None:
            return Outcome(outcome.code, restarts)
    return Outcome(None, restarts)
