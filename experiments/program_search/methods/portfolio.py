"""One method after another, each with its share of what is left: what to use where nothing is known of a task.

For straight-line programs on registers, or on words of memory that can be loaded into them, enumeration comes first, which
finds short ones at once, then, for longer bit tricks, the hybrid. Loops are looked for by sketches, and then, as other
programs that use memory, by enumeration and by stochastic search with two notions of what is nearly right.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from experiments.program_search import methods
from experiments.program_search.method import Budget, Method, NoOptions, Outcome, Problem


class Member(NamedTuple):
    """A method, its options, and its part of the budget beside the others'."""

    method: str
    options: Mapping[str, float] = {}
    weight: float = 1.0


STRAIGHT: tuple[Member, ...] = (Member("enumeration"), Member("hybrid"))
_ANY = (Member("enumeration"), Member("mcmc"), Member("mcmc", {"beta": 10.0, "wrong": 16}))
WITH_MEMORY: tuple[Member, ...] = (Member("loaded", weight=3.0), *_ANY)
LOOPS: tuple[Member, ...] = (Member("sketches", weight=3.0), *_ANY)


def members(problem: Problem) -> tuple[Member, ...]:
    """Those that can take a problem."""
    asked = STRAIGHT if problem.on_registers else WITH_MEMORY if problem.space.straight else LOOPS
    return tuple(member for member in asked if methods.get(member.method).fits(problem) is None)


def run(problem: Problem, budget: Budget, rng: np.random.Generator, _: NoOptions) -> Outcome:
    """The first code that a member finds."""
    restarts, asked = 0, members(problem)
    for i, member in enumerate(asked):
        own = budget.part(member.weight / sum(other.weight for other in asked[i:]))
        outcome = methods.get(member.method).search(problem, own, rng, **member.options)
        budget.spent += own.spent
        restarts += outcome.restarts
        if outcome.code is not None:
            return Outcome(outcome.code, restarts)
    return Outcome(None, restarts)


METHOD = Method("portfolio", "hybrid", "several methods, each with a share of the budget", run, rate=5e7)
