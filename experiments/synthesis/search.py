"""What every method is: a function from a problem and a budget to a code that fits the examples, or nothing.

A method is a module of `experiments/synthesis/methods/` with a function

    search(problem: Problem, budget: Budget, rng: numpy.random.Generator, **options) -> Outcome

It sees examples and a space of codes and nothing else. The unit of account is one execution of one instruction of one program
on one example; a backward pass counts as two forward passes, what is executed is counted as it is executed, and memory of
earlier results is free. Every restart spends from the same budget.
"""

import importlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import numpy as np

from backends.interface import UserError
from experiments.synthesis.language import Space
from experiments.synthesis.task import Examples


class Exhausted(Exception):
    """The budget is spent."""


class Budget:
    """Executions (program × example × step) and seconds; whichever ends first."""

    def __init__(self, evaluations: float, seconds: float) -> None:
        self.evaluations, self.seconds = evaluations, seconds
        self.spent = 0.0
        self._start = time.perf_counter()

    @property
    def elapsed_s(self) -> float:
        return time.perf_counter() - self._start

    @property
    def left_s(self) -> float:
        return self.seconds - self.elapsed_s

    def restart(self) -> None:
        """Count seconds from now on."""
        self._start = time.perf_counter()

    def spend(self, evaluations: float) -> None:
        """Count executions that have happened. Raises Exhausted when the budget is used up."""
        self.spent += evaluations
        self.check()

    def check(self) -> None:
        """Raises Exhausted when the budget is used up."""
        if self.spent >= self.evaluations or self.left_s <= 0:
            raise Exhausted


@dataclass(frozen=True)
class Problem:
    """examples: what a code must get right. space: where codes come from. hint: a code near a solution, for the labelled
    ablation alone; None for everything else."""

    examples: Examples
    space: Space
    hint: np.ndarray | None = None

    @property
    def on_registers(self) -> bool:
        """Whether it asks for straight-line programs that compute on registers alone."""
        locations = self.examples.sources + self.examples.targets
        in_registers = all(at.kind == "register" for at in locations)
        return self.space.straight and not self.space.has_memory and in_registers


@dataclass(frozen=True)
class Outcome:
    """code `[L, 5]` that is right on every example of the problem, or None. restarts: independent beginnings.

    soft_loss: of gradient methods, what the loss of the code's logits was before it was read off, else NaN. trace: rows
    to plot, one dict each (evaluations, temperature, loss, …).
    """

    code: np.ndarray | None
    restarts: int = 1
    soft_loss: float = float("nan")
    trace: list[dict] = field(default_factory=list)


WARMING = 2e5, 10.0
"""Executions and seconds until all of a method is compiled."""
Method = Callable[..., Outcome]
_FOLDER = Path(__file__).parent / "methods"


def methods() -> list[str]:
    """Names of all methods."""
    return sorted(file.stem for file in _FOLDER.glob("*.py") if not file.stem.startswith("_"))


def method(name: str) -> Method:
    """A method by name. Raises UserError for an unknown one."""
    return _module(name).search


def fits(name: str, problem: Problem) -> str | None:
    """Why a method cannot take a problem; None where it can. A module says so with a function `fits(problem)`."""
    return getattr(_module(name), "fits", lambda problem: None)(problem)


def _module(name: str) -> ModuleType:
    if name not in methods():
        raise UserError(f"unknown method '{name}': one of {', '.join(methods())}")
    return importlib.import_module(f"experiments.synthesis.methods.{name}")
