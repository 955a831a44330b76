"""Gradient-guided enumeration: descents say which operations and constants to enumerate first.

Straight-through descents (`ssa/straight_through.py`) end at programs that are wrong in few bits. What the best of them
compute with is preferred. Enumeration of values (`ssa/bottom_up.py`) then runs over the space of what is most preferred, in
rounds that take more of it and more of the budget, until the last is the whole space. An operation and its immediate form are
taken or left together, for they are one function of two words.

Source: Balog et al., DeepCoder: Learning to Write Programs (2017), for "sort and add", with descents in place of a trained
network.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from experiments.program_search.method import Budget, Exhausted, Method, Outcome, Problem
from experiments.program_search.space import OPERATION, Space
from experiments.program_search.ssa import straight_through
from experiments.program_search.ssa.bottom_up import BottomUp
from experiments.program_search.ssa.form import Fields, Form, unfit
from experiments.program_search.ssa.straight_through import Descents

_ALWAYS, _CONSTANTS = "add", (0, 1, -1)
"""What every part of a space keeps: the function that copies words and makes constants, and the plainest constants."""
_LOOK = 200_000
"""Executions of descents between looks at what they compute with."""


class Options(NamedTuple):
    """rounds: of which the last has all that is left. first: executions of the first round; growth: from round to round. share:
    of a round's, that descents have; 0: no gradient, and the order of preference is the space's own. best: programs that are
    looked at for operations and constants."""

    rounds: int = 4
    first: float = 5e5
    growth: float = 5.0
    share: float = 0.25
    best: int = 16


def run(problem: Problem, budget: Budget, rng: np.random.Generator, options: Options) -> Outcome:
    preference, rounds = Preference(problem, rng, options.best), options.rounds
    with suppress(Exhausted):
        for k in range(rounds):
            last, executions = k + 1 == rounds, options.first * options.growth**k
            code = None if last else preference.learn(budget, options.share * executions)
            if code is None:
                part = replace(problem, space=restricted(problem.space, *preference.ranked(), (k + 1) / rounds))
                code = _enumerate(part, budget, np.inf if last else (1 - options.share) * executions, rng)
            if code is not None:
                return Outcome(code, preference.descents.restarts)
    return Outcome(None, preference.descents.restarts)


def _enumerate(problem: Problem, budget: Budget, executions: float, rng: np.random.Generator) -> np.ndarray | None:
    """What is found with at most so many executions. Raises Exhausted when the budget is used up and nothing is found."""
    own, code = Budget(min(executions, budget.left), budget.left_s), None
    try:
        code = BottomUp(problem, own, rng).search()
    except Exhausted:
        budget.spend(own.spent)
    else:
        budget.spent += own.spent
    return code


class Seen(NamedTuple):
    """What a program is and computes with: bits wrong on an example of those that it last ran on, functions, constants."""

    wrong_bits: float
    functions: tuple[str, ...]
    constants: tuple[int, ...]

    @classmethod
    def of(cls, form: Form, drawn: Fields, wrong_bits: float) -> "Seen":
        """Of a draw, without the slots that no output needs."""
        needed, functions, read = set(drawn.out.tolist()), set(), set()
        for slot in reversed(range(form.slots)):
            if form.first + slot in needed:
                needed |= {int(drawn.rs1[slot]), int(drawn.rs2[slot])}
                functions.add(form.operations[drawn.op[slot]])
                read.add(form.constant_of(int(drawn.rs2[slot])))
        return cls(wrong_bits, tuple(sorted(functions)), tuple(sorted(c for c in read if c is not None)))


class Preference:
    """Straight-through descents, and what the best of the programs that they draw compute with."""

    def __init__(self, problem: Problem, rng: np.random.Generator, best: int) -> None:
        self.descents, self.size = Descents(problem, rng, straight_through.Options()), best
        self.best: list[Seen] = []

    def learn(self, budget: Budget, executions: float) -> np.ndarray | None:
        """Descend for about so many executions; a code that is right, in the problem's space, or None. Raises Exhausted."""
        start = budget.spent
        while budget.spent < start + executions:
            budget.spent += self.descents.go(_LOOK)
            code = self.descents.found()
            if code is not None:
                return code
            new = {Seen.of(self.descents.form, *drawn) for drawn in self.descents.draws()}
            self.best = sorted({*self.best, *new})[: self.size]
            budget.check()
        return None

    def ranked(self) -> tuple[list[str], list[int]]:
        """Functions and constants of the best programs, each ranked by the sum of 1 / place^2 of those that have it."""
        return _ranked(seen.functions for seen in self.best), _ranked(seen.constants for seen in self.best)


def _ranked(of_programs: Iterable[tuple]) -> list:
    weights: dict = {}
    for place, members in enumerate(of_programs):
        for member in members:
            weights[member] = weights.get(member, 0.0) + (1 + place) ** -2
    return sorted(weights, key=lambda member: -weights[member])


def restricted(space: Space, functions: list[str], constants: list[int], part: float) -> Space:
    """The space of this part of its functions and, of its C constants, of the plainest and C^part more.

    Those named come first, the others in the space's order, constants by size. Part 1 is the whole space.
    """
    forms = {name: OPERATION[name].register_form for name in space.operations}
    known = [name for name in dict.fromkeys([_ALWAYS, *functions, *forms.values()]) if name in forms.values()]
    kept = known[: int(np.ceil(part * len(known)))]
    values = [c for c in dict.fromkeys([*_CONSTANTS, *constants, *sorted(space.constants, key=abs)]) if c in space.constants]
    values = values[: int(np.ceil(len(_CONSTANTS) + len(space.constants) ** part))]
    return replace(
        space, operations=tuple(name for name, form in forms.items() if form in kept),
        constants=tuple(c for c in space.constants if c in values),
    )  # fmt: skip


METHOD = Method("guided_enumeration", "hybrid", "enumeration of what descents use first", run, 5e7, Options, fits=unfit)
VARIANTS = (
    METHOD.variant("guided_enumeration", 13),
    # the same rounds, with operations and constants taken in the space's own order
    METHOD.variant("rounds_without_gradient", 15, family="ablation", given={"share": 0.0}),
)
