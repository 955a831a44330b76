"""Stochastic search as in STOKE (Schkufza, Sharma and Aiken 2013): Markov chains over codes, one on each core.

The chains look at a few of the examples; a code without cost on them is tried on all, and one that it gets wrong joins the few.
Chains begin anew after runs of Luby's lengths.
"""

import numpy as np

from backends.core import cores
from backends.gpu_compute.codes import pack, unpack
from experiments.synthesis.discrete import chain
from experiments.synthesis.discrete.chance import seeded
from experiments.synthesis.discrete.moves import Tables
from experiments.synthesis.evaluate import Evaluator, scratch
from experiments.synthesis.language import NOTHING
from experiments.synthesis.search import Budget, Exhausted, Outcome, Problem

_CHUNK = 4e6
"""Instructions that a chain executes between looks at the budget: some hundredths of a second."""


def search(
    problem: Problem, budget: Budget, rng: np.random.Generator, beta: float = 20.0, restart: int = 30_000,
    examples: int = 6, misplaced: int = -1, wrong: int = 0,
) -> Outcome:  # fmt: skip
    """beta: of the mean cost of an example in bits. restart: proposals between the closest restarts. examples: that the
    cost is over at first. misplaced: penalty for a right value in a wrong register; below 0: no credit for such values.
    wrong: bits that an example costs more where it is wrong at all."""
    evaluator = Evaluator(problem.examples)
    few = rng.permutation(len(problem.examples))[:examples]
    chains = [_Chain(problem, evaluator, few, rng) for _ in range(cores.threads())]

    def work(part: slice) -> int:
        return chains[part.start].walk(executions, restart, beta, misplaced, wrong)

    try:
        while True:
            executions = int(min(_CHUNK, (budget.evaluations - budget.spent) / len(chains))) + 1
            executed = sum(cores.share(work, len(chains), len(chains)))
            for each in chains:
                if each.progress[chain.COST] == 0:
                    code = unpack(each.packed[None])[0]
                    failed, more = evaluator.failures(code)
                    executed += more
                    if not len(failed):
                        budget.spent += executed
                        return Outcome(code, sum(int(c.progress[chain.RESTARTS]) for c in chains))
                    few = np.append(few, rng.choice(failed))
            for each in chains:
                each.look_at(few)
            budget.spend(executed)
    except Exhausted:
        return Outcome(None, sum(int(c.progress[chain.RESTARTS]) for c in chains))


class _Chain:
    """A chain's state; `chain.walk` says what its parts are."""

    def __init__(self, problem: Problem, evaluator: Evaluator, few: np.ndarray, rng: np.random.Generator) -> None:
        length = problem.space.length
        self.random, self.progress, self.order = seeded(rng), np.zeros(3, np.int64), few.copy()
        self.packed = pack(np.array([[NOTHING] * length], np.int32))[0]
        self.stores = problem.space.has_memory
        self.fixed = Tables.of(problem.space).arguments(), evaluator.cases.arguments(), scratch(length, evaluator.cases)

    def look_at(self, few: np.ndarray) -> None:
        """Cost is over these examples from now on."""
        if len(few) != len(self.order):
            self.order, self.progress[chain.COST] = few.copy(), chain.NEVER

    def walk(self, executions: int, restart: int, beta: float, misplaced: int, wrong: int) -> int:
        state = self.random, self.packed, self.progress, self.order
        settings = self.stores, restart, beta / len(self.order), misplaced, wrong
        return chain.walk(*state, *self.fixed, executions, *settings, None, None)
