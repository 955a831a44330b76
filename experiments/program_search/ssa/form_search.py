"""Searches over programs in static single assignment form, a state for each of their restarts that take turns."""

from collections.abc import Sequence

import numpy as np

from experiments.program_search.problem import Problem
from experiments.program_search.sliced_search import SlicedSearch
from experiments.program_search.ssa.form import Fields, Form
from experiments.program_search.ssa.kernel import FormCases, State
from experiments.program_search.ssa.lowering import read_off

TEMPERATURE, WRONG, RIGHT = range(3)
"""Of `report` `[3]` float64, what compiled code says of a draw: its temperature, its wrong bits or cost of an example of those
that it last ran on, and whether it is right on all."""


class FormSearch(SlicedSearch):
    """count: states that take turns. slots: of a program. focus: see `kernel.FormCases`."""

    slice_executions = 2_000_000

    def __init__(self, problem: Problem, rng: np.random.Generator, *, count: int, slots: int, focus: Sequence[float]) -> None:
        self.form = Form(problem, slots)
        self.cases = FormCases.of(self.form, focus)
        self.members = [State.of(self.cases, rng) for _ in range(count)]
        self.reports = np.zeros((count, 3))

    def draws(self) -> list[tuple[Fields, float]]:
        """The draw of each state, and its wrong bits or cost of an example."""
        return [(state.chosen, report[WRONG]) for state, report in zip(self.members, self.reports, strict=True)]

    def found(self) -> np.ndarray | None:
        right = (state.chosen for state, report in zip(self.members, self.reports, strict=True) if report[RIGHT])
        return next((code for chosen in right if (code := read_off(self.form, chosen)) is not None), None)

    def row(self) -> dict:
        temperature, wrong, _ = self.reports[0].tolist()
        return {"temperature": temperature, "loss": wrong, "wrong_bits": wrong}
