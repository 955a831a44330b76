"""What every entrant is: a search for the set of operations of least cost, charged by executions.

It sees a case through an `Evaluator` and nothing else. An entrant is a file of `entrants/` that declares itself as `ENTRANTS`.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from math import comb

import numpy as np

from experiments.isa_discovery.invention.budget import Budget, Exhausted
from experiments.isa_discovery.invention.case import Case, Set

FAMILIES = ("exact", "gradient", "discrete", "control")
"""In the order of tables."""


@dataclass(frozen=True)
class Found:
    """chosen: the best set that was measured, None where the budget ended before. cost: its. history: executions and cost at
    each set that was better than all before; times_s: on the processor until then. executions: spent. time_s: in all."""

    chosen: Set | None
    cost: int
    history: tuple[tuple[float, int], ...]
    times_s: tuple[float, ...]
    executions: float
    time_s: float


class Evaluator:
    """Measures sets of a case on a budget, and remembers."""

    def __init__(self, case: Case, budget: Budget) -> None:
        self.case, self.budget = case, budget
        self.known: dict[Set, int] = {}
        self.best: tuple[int, Set] | None = None
        self.history: list[tuple[float, int]] = []
        self.times_s: list[float] = []
        self._start = time.process_time()

    def cost(self, chosen: Iterable[int]) -> int:
        """Of a set. Raises Exhausted where measuring it goes beyond the budget."""
        key = self.case.canonical(chosen)
        if key not in self.known:
            measured = self.case.measure(key)
            self.budget.spend(measured.executions)
            self.known[key] = self.case.cost(measured.lengths)
            self._note(key)
        return self.known[key]

    def _note(self, key: Set) -> None:
        if self.best is None or self.known[key] < self.best[0]:
            self.best = self.known[key], key
            self.history.append((self.budget.spent, self.known[key]))
            self.times_s.append(self.elapsed_s)

    @property
    def elapsed_s(self) -> float:
        """On the processor, since the search began."""
        return time.process_time() - self._start

    @property
    def sets(self) -> int:
        """How many sets there are of the largest size."""
        return comb(len(self.case.distinct), self.case.count)

    def drawn(self, rng: np.random.Generator) -> list[int]:
        """A random set of the largest size."""
        distinct = self.case.distinct
        return rng.choice(distinct, min(self.case.count, len(distinct)), replace=False).tolist()


Search = Callable[[Evaluator, np.random.Generator], None]


@dataclass(frozen=True)
class Entrant:
    """search: `(evaluator, rng)`, which measures sets until it has no more to try or the budget ends."""

    name: str
    family: str
    about: str
    search: Search

    def run(self, case: Case, budget: Budget, rng: np.random.Generator) -> Found:
        evaluator = Evaluator(case, budget)
        with suppress(Exhausted):
            self.search(evaluator, rng)
        cost, chosen = evaluator.best or (case.undone * len(case.tasks), None)
        history, times_s = tuple(evaluator.history), tuple(evaluator.times_s)
        return Found(chosen, cost, history, times_s, budget.spent, evaluator.elapsed_s)
