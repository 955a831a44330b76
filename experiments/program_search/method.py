"""What every method is: a function from a problem and a budget to a code that fits the examples, or nothing.

It sees examples and a space of codes and nothing else. A method is a file of `methods/` that declares itself as `METHOD`, and
in `VARIANTS` how it takes part in the contest: under a label, with options and a family of its own.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from experiments.program_search.budget import Budget, Exhausted
from experiments.program_search.problem import Outcome, Problem

__all__ = ["FAMILIES", "Budget", "Exhausted", "Method", "NoOptions", "Outcome", "Problem"]  # all that a method is made of
FAMILIES = ("gradient", "hybrid", "discrete", "control", "ablation")
"""In the order of tables and figures."""


class NoOptions:
    """Of a method that has none."""


@dataclass(frozen=True)
class Method:
    """run: `(problem, budget, rng, options) -> Outcome`; it raises nothing but UserError. options: the type of its options, by
    keyword and all with defaults; given: those that differ from the defaults. fits: why it cannot take a problem, None where it
    can. rate: executions of about a second on one core, which budgets are multiples of. compiled_once: its code is the same for
    every problem. hinted: it is given a code near a solution. place: among the methods of a family, in tables and figures.
    """

    name: str
    family: str
    about: str
    run: Callable[[Problem, Budget, np.random.Generator, Any], Outcome]
    rate: float
    options: Callable[..., Any] = NoOptions
    given: Mapping[str, object] = field(default_factory=dict)
    fits: Callable[[Problem], str | None] = lambda _: None
    compiled_once: bool = True
    hinted: bool = False
    place: int | None = None

    @property
    def option_names(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.options).parameters)

    def search(self, problem: Problem, budget: Budget, rng: np.random.Generator, **options: object) -> Outcome:
        """A code that fits the problem's examples, if one is found within the budget."""
        return self.run(problem, budget, rng, self.options(**{**self.given, **options}))

    def variant(self, label: str, place: int, *, given: Mapping[str, object] | None = None, **changes: Any) -> "Method":
        """The method as it takes part under a label. given: options that differ. changes: other fields, such as the family."""
        return replace(self, name=label, place=place, given={**self.given, **(given or {})}, **changes)
