"""Straight-through Gumbel descent at hard samples, in static single assignment, one descent after another on each core.

Gradient alone: programs come from logits, logits learn from derivatives, and the only use of a program's correctness is to
stop. `gradient/vertices.py` says how a descent goes.
"""

import numpy as np

from backends.core import cores
from backends.gpu_compute.codes import pack
from experiments.synthesis import assignment
from experiments.synthesis.assignment import Assignment
from experiments.synthesis.discrete.chance import seeded
from experiments.synthesis.discrete.guided import Guide
from experiments.synthesis.discrete.moves import Tables
from experiments.synthesis.evaluate import Evaluator, scratch
from experiments.synthesis.gradient import vertices
from experiments.synthesis.search import Budget, Exhausted, Outcome, Problem

fits = assignment.fits
_CHUNK = 500_000
"""Executions between looks at the budget: about a tenth of a second."""


def search(
    problem: Problem, budget: Budget, rng: np.random.Generator, slots: int | None = None, iterations: int = 200,
    first_temperature: float = 1.0, last_temperature: float = 0.1, rate: float = 1.0, forget: float = 0.1,
    keep: float = 0.9, spread: float = 1.0, batch: int = 8,
) -> Outcome:  # fmt: skip
    """slots: of the wide program; None: two more than the space has, at least six. iterations: of a descent. temperatures:
    in bits. rate, forget: what a step adds to the logits and takes from them. keep: chance that a field is not drawn anew.
    spread: of the first logits. batch: examples of a gradient."""
    wide = assignment.widen(problem, slots or max(6, problem.space.length + 2))
    evaluator = Evaluator(wide.problem.examples)
    schedule = iterations, first_temperature, last_temperature, rate, forget, keep, spread, batch
    descents = [_Descent(wide, evaluator, rng) for _ in range(cores.threads())]
    trace: list[dict] = []

    def work(part: slice) -> int:
        return descents[part.start].go(executions, schedule)

    try:
        while True:
            executions = int(min(_CHUNK, (budget.evaluations - budget.spent) / len(descents))) + 1
            spent = sum(cores.share(work, len(descents), len(descents)))
            trace.append(descents[0].seen_at(budget.spent + spent))
            codes = [wide.back(each.code) for each in descents if each.right]
            found = next((code for code in codes if code is not None), None)
            if found is not None:
                budget.spent += spent
                return Outcome(found, sum(each.begun for each in descents), trace=trace)
            budget.spend(spent)
    except Exhausted:
        return Outcome(None, sum(each.begun for each in descents), trace=trace)


class _Descent:
    """A descent's state; `vertices.descend` says what its parts are."""

    def __init__(self, wide: Assignment, evaluator: Evaluator, rng: np.random.Generator) -> None:
        space, cases = wide.problem.space, evaluator.cases
        tables = Tables.of(space)
        self.random, self.logits = seeded(rng), vertices.Logits.zeros(space, tables)
        self.code = assignment.blank(wide.destinations)
        self.packed, self.progress = pack(self.code[None])[0], np.zeros(2, np.int64)
        self.order, self.seen = rng.permutation(len(evaluator)), np.zeros(3)
        self.fixed = tables.arguments(), cases.arguments(), scratch(space.length, cases)[1:]
        self.guide = Guide.of(space, tables, cases)

    @property
    def right(self) -> bool:
        return bool(self.seen[2])

    @property
    def begun(self) -> int:
        return int(self.progress[vertices.DESCENTS])

    def seen_at(self, evaluations: float) -> dict:
        """A row to plot. The draw is hard, so its loss is that of the program."""
        return {
            "evaluations": evaluations, "temperature": self.seen[0], "loss": self.seen[1], "wrong_bits": self.seen[1],
        }  # fmt: skip

    def go(self, executions: int, schedule: tuple) -> int:
        state = self.random, self.logits, self.code, self.packed, self.progress, self.order
        return vertices.descend(*state, *self.fixed, self.guide, executions, schedule, self.seen)
