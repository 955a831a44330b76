"""One method after another, each with its share of what is left: what to use where nothing is known of a task.

For straight-line programs on registers enumeration comes first, since short ones are found by it at once and shortest first,
and then, for bit tricks that are too long for it, the hybrid; the same where words of memory can be loaded into registers
first. Loops are looked for by sketches, and then, as other programs that use memory, by enumeration and by stochastic search
with two notions of what is nearly right.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from experiments.synthesis import search as registry
from experiments.synthesis.search import Budget, Outcome, Problem


class Member(NamedTuple):
    """A method, its settings, and its part of the budget beside the others'."""

    method: str
    settings: Mapping[str, float]
    weight: float = 1.0


STRAIGHT: tuple[Member, ...] = (Member("enumeration", {}), Member("hybrid", {}))
_ANY = (Member("enumeration", {}), Member("mcmc", {}), Member("mcmc", {"beta": 10.0, "wrong": 16}))
WITH_MEMORY: tuple[Member, ...] = (Member("loaded", {}, 3.0), *_ANY)
LOOPS: tuple[Member, ...] = (Member("sketches", {}, 3.0), *_ANY)


def search(problem: Problem, budget: Budget, rng: np.random.Generator) -> Outcome:
    """The first code that a member finds."""
    members = STRAIGHT if problem.on_registers else WITH_MEMORY if problem.space.straight else LOOPS
    members = tuple(member for member in members if registry.fits(member.method, problem) is None)
    restarts = 0
    for i, member in enumerate(members):
        share = member.weight / sum(other.weight for other in members[i:])
        own = Budget(share * (budget.evaluations - budget.spent), share * budget.left_s)
        outcome = registry.method(member.method)(problem, own, rng, **member.settings)
        budget.spent += own.spent
        restarts += outcome.restarts
        if outcome.code is not None:
            return Outcome(outcome.code, restarts)
    return Outcome(None, restarts)
