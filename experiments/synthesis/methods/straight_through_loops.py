"""Straight-through Gumbel descent at hard samples for programs with branches and memory, one descent after another on a core.

Gradient alone: programs come from logits, logits learn from derivatives, and the only use of a program's correctness is to
stop. `gradient/paths.py` says how a descent goes.
"""

from typing import Any

import numpy as np

from backends.core import cores
from backends.gpu_compute.codes import pack, unpack
from experiments.synthesis.discrete.chance import seeded
from experiments.synthesis.discrete.guided import Guide
from experiments.synthesis.discrete.moves import Tables
from experiments.synthesis.evaluate import Evaluator, scratch
from experiments.synthesis.gradient import menu, paths
from experiments.synthesis.gradient.menu import Knobs
from experiments.synthesis.language import NOTHING
from experiments.synthesis.search import Budget, Exhausted, Outcome, Problem

_CHUNK = 4_000_000
"""Executions between looks at the budget: about a tenth of a second."""


def search(problem: Problem, budget: Budget, rng: np.random.Generator, **settings: Any) -> Outcome:
    """settings: fields of `menu.Knobs`."""
    knobs, evaluator = Knobs(**settings), Evaluator(problem.examples)
    descents = [_Descent(problem, evaluator, rng, knobs) for _ in range(cores.threads())]
    trace: list[dict] = []

    def work(part: slice) -> int:
        return descents[part.start].go(executions)

    try:
        while True:
            executions = int(min(_CHUNK, (budget.evaluations - budget.spent) / len(descents))) + 1
            spent = sum(cores.share(work, len(descents), len(descents)))
            trace.append(descents[0].seen_at(budget.spent + spent))
            codes = [unpack(each.packed[None])[0] for each in descents if each.right]
            if codes:
                budget.spent += spent
                return Outcome(codes[0], sum(each.begun for each in descents), trace=trace)
            budget.spend(spent)
    except Exhausted:
        return Outcome(None, sum(each.begun for each in descents), trace=trace)


class _Descent:
    """A descent's state; `paths.descend` says what its parts are."""

    def __init__(self, problem: Problem, evaluator: Evaluator, rng: np.random.Generator, knobs: Knobs) -> None:
        space, cases = problem.space, evaluator.cases
        tables = Tables.of(menu.words(space))
        prior = menu.prior(space, tables, knobs.temperature)
        logits = menu.Logits(*(field.copy() for field in prior))
        self.packed = pack(np.array([[NOTHING] * space.length], np.int32))[0]
        self.progress, self.seen, self.knobs = np.zeros(2, np.int64), np.zeros(2), knobs
        drawn, order = np.zeros((space.length, paths.FIELDS), np.int32), rng.permutation(len(evaluator))
        self.state = seeded(rng), logits, prior, drawn, self.packed, self.progress, order
        self.fixed = tables.arguments(), menu.jumps(space), cases.arguments(), scratch(space.length, cases)[1:]
        losses = np.zeros(min(knobs.batch, len(evaluator)))
        self.room = Guide.of(menu.words(space), tables, cases), menu.scores(logits), losses

    @property
    def right(self) -> bool:
        return bool(self.seen[1])

    @property
    def begun(self) -> int:
        return int(self.progress[paths.DESCENTS])

    def seen_at(self, evaluations: float) -> dict:
        """A row to plot. The draw is hard, so its loss is that of the program."""
        return {
            "evaluations": evaluations, "temperature": self.knobs.temperature, "loss": self.seen[0],
            "wrong_bits": self.seen[0],
        }  # fmt: skip

    def go(self, executions: int) -> int:
        return paths.descend(*self.state, *self.fixed, *self.room, executions, self.knobs, self.seen)
