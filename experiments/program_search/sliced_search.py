"""A search that goes on in slices: a number of chains or descents that take turns on one thread."""

from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any

import numpy as np

from experiments.program_search.budget import Budget, Exhausted
from experiments.program_search.problem import Outcome

RESTARTS = 0
"""Where a member's `progress` counts how often it began."""


class SlicedSearch(ABC):
    """Goes on in slices, and says between them whether something right was found. members: chains or descents, each with its
    `progress`. slice_executions: between looks at the budget, about a tenth of a second."""

    members: list[Any]
    slice_executions: int

    @property
    def restarts(self) -> int:
        return sum(int(member.progress[RESTARTS]) for member in self.members)

    @abstractmethod
    def advance(self, k: int, executions: int) -> int:
        """Let the k-th go on for about so many executions; one that is right stops. Returns how many were counted."""

    @abstractmethod
    def found(self) -> np.ndarray | None:
        """A code `[L, 5]` of the problem's space that is right on all examples, if there is one and it has room there."""

    def row(self) -> dict | None:
        """What the first of them is at, to plot: temperature, loss, wrong bits of an example; None where nothing is kept."""
        return None

    def go(self, executions: int) -> int:
        """Let each go on for an equal part of about so many executions. Returns how many were counted."""
        count = len(self.members)
        return sum(self.advance(k, executions // count + 1) for k in range(count))

    def search(self, budget: Budget) -> Outcome:
        """Go on until something right is found or the budget has ended."""
        trace: list[dict] = []
        code = None
        with suppress(Exhausted):
            while code is None:
                budget.check()
                budget.spent += self.go(budget.slice(self.slice_executions))
                code = self.found()
                if (row := self.row()) is not None:
                    trace.append({"evaluations": budget.spent, **row})
        return Outcome(code, self.restarts, trace=trace)
