"""Markov chains over codes, one on each core, until one finds a code that is right on every example.

The chains look at a few of the examples; a code without cost on them is tried on all, and one that it gets wrong joins the few.
Chains begin anew after runs of Luby's lengths.
"""

from dataclasses import dataclass

import numpy as np

from backends.core import cores
from backends.gpu_compute.codes import pack, unpack
from experiments.synthesis.discrete import chain
from experiments.synthesis.discrete.chance import seeded
from experiments.synthesis.discrete.guided import Guide
from experiments.synthesis.discrete.moves import Tables
from experiments.synthesis.evaluate import Evaluator, scratch
from experiments.synthesis.language import NOTHING
from experiments.synthesis.search import Budget, Exhausted, Outcome, Problem

_CHUNK, _GUIDED_CHUNK = 4e6, 6e5
"""Instructions that a chain executes between looks at the budget: about a tenth of a second."""


@dataclass(frozen=True)
class Settings:
    """beta: of the mean cost of an example in bits. restart: proposals between the closest restarts. examples: that the cost is
    over at first. misplaced: penalty for a right value in a wrong register; below 0: no credit for such values. wrong: bits
    that an example costs more where it is wrong at all.

    share: of the moves, how many the gradient proposes; 0: none, and no gradient is computed. temperature: of such
    proposals, in bits of an example. batch: examples of a gradient. renew: moves until a gradient is made again at the same
    code, with other operands for what its operations do not use.
    """

    beta: float = 20.0
    restart: int = 30_000
    examples: int = 6
    misplaced: int = -1
    wrong: int = 0
    share: float = 0.0
    temperature: float = 0.03
    batch: int = 8
    renew: int = 16


def search(problem: Problem, budget: Budget, rng: np.random.Generator, settings: Settings) -> Outcome:
    """Walk until a code is right."""
    evaluator = Evaluator(problem.examples)
    few = rng.permutation(len(evaluator))[: settings.examples]
    chains = [_Chain(problem, evaluator, few, settings, rng) for _ in range(cores.threads())]
    chunk = _GUIDED_CHUNK if settings.share else _CHUNK

    def work(part: slice) -> int:
        return chains[part.start].walk(executions)

    try:
        while True:
            executions = int(min(chunk, (budget.evaluations - budget.spent) / len(chains))) + 1
            executed = sum(cores.share(work, len(chains), len(chains)))
            for each in chains:
                if each.progress[chain.COST] == 0:
                    code = unpack(each.packed[None])[0]
                    failed, more = evaluator.failures(code)
                    executed += more
                    if not len(failed):
                        budget.spent += executed
                        return Outcome(code, _restarts(chains))
                    few = np.append(few, rng.choice(failed))
            for each in chains:
                each.look_at(few)
            budget.spend(executed)
    except Exhausted:
        return Outcome(None, _restarts(chains))


def _restarts(chains: "list[_Chain]") -> int:
    return sum(int(each.progress[chain.RESTARTS]) for each in chains)


class _Chain:
    """A chain's state; `chain.walk` says what its parts are."""

    def __init__(
        self, problem: Problem, evaluator: Evaluator, few: np.ndarray, settings: Settings, rng: np.random.Generator
    ) -> None:
        space, cases = problem.space, evaluator.cases
        tables = Tables.of(space)
        self.random, self.progress, self.order = seeded(rng), np.zeros(3, np.int64), few.copy()
        self.packed = pack(np.array([[NOTHING] * space.length], np.int32))[0]
        self.stores, self.settings = space.has_memory, settings
        self.fixed = tables.arguments(), cases.arguments(), scratch(space.length, cases)
        self.guide = Guide.of(space, tables, cases) if settings.share else None

    def look_at(self, few: np.ndarray) -> None:
        """Cost is over these examples from now on."""
        if len(few) != len(self.order):
            self.order, self.progress[chain.COST] = few.copy(), chain.NEVER
            if self.guide:
                self.guide.stale[0] = True

    def walk(self, executions: int) -> int:
        s, state = self.settings, (self.random, self.packed, self.progress, self.order)
        cost = self.stores, s.restart, s.beta / len(self.order), s.misplaced, s.wrong
        advice = (s.share, min(s.batch, len(self.order)), s.temperature, s.renew) if self.guide else None
        return chain.walk(*state, *self.fixed, executions, *cost, self.guide, advice)
