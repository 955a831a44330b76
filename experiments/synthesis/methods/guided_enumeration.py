"""Gradient-guided enumeration: descents say which operations and constants to enumerate first.

Straight-through descents (`methods/straight_through.py`) end at programs that are wrong in few bits. What the best of them
compute with is preferred. Enumeration by values (`discrete/values.py`) then runs over the space of what is most preferred, in
rounds that take more of it and more of the budget, until the last is the whole space. An operation and its immediate form are
taken or left together, for they are one function of two words.

Source: Balog et al., DeepCoder: Learning to Write Programs (2017), for "sort and add", with descents in place of a trained
network.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from backends.core import cores, isa
from experiments.synthesis import assignment
from experiments.synthesis.discrete.guided import BACKWARD
from experiments.synthesis.discrete.values import Values
from experiments.synthesis.evaluate import Evaluator
from experiments.synthesis.gradient.vertices import ITERATION
from experiments.synthesis.language import IMM, OP, RD, RS1, RS2, Space
from experiments.synthesis.methods.straight_through import _Descent
from experiments.synthesis.search import Budget, Exhausted, Outcome, Problem

fits = assignment.fits
_ALWAYS, _CONSTANTS = "add", (0, 1, -1)
"""What every part of a space keeps: the function that copies words and makes constants, and the plainest constants."""
_ITERATIONS, _EXAMPLES = 200, 8
_SCHEDULE = (_ITERATIONS, 1.0, 0.1, 1.0, 0.1, 0.9, 1.0, _EXAMPLES)
"""The descents' settings, as `vertices.descend` takes them."""


def search(
    problem: Problem, budget: Budget, rng: np.random.Generator, rounds: int = 4, first: float = 5e5, growth: float = 5.0,
    share: float = 0.25, best: int = 16,
) -> Outcome:  # fmt: skip
    """first: executions of the first round; growth: from round to round, but for the last, which has all that is left. share:
    of a round's, that descents have; 0: no gradient, and the order of preference is the space's own. best: programs that are
    looked at for operations and constants."""
    descents = Descents(problem, rng, best)
    try:
        for k in range(rounds):
            last, executions = k + 1 == rounds, first * growth**k
            code = None if last else descents.go(budget, share * executions)
            if code is None:
                part = replace(problem, space=restricted(problem.space, *descents.preferred(), (k + 1) / rounds))
                code = _enumerate(part, budget, np.inf if last else (1 - share) * executions, rng)
            if code is not None:
                return Outcome(code, descents.begun)
    except Exhausted:
        pass
    return Outcome(None, descents.begun)


def _enumerate(problem: Problem, budget: Budget, executions: float, rng: np.random.Generator) -> np.ndarray | None:
    """What is found with at most so many executions. Raises Exhausted when the budget is used up and nothing is found."""
    own, code = Budget(min(executions, budget.evaluations - budget.spent), budget.left_s), None
    try:
        code = Values(problem, own, rng).search()
    except Exhausted:
        budget.spend(own.spent)
    else:
        budget.spent += own.spent
    return code


@dataclass(frozen=True, order=True)
class Seen:
    """What a program is and computes with: bits wrong on all examples, register forms of operations, 12-bit constants."""

    wrong_bits: int
    functions: tuple[str, ...]
    constants: tuple[int, ...]

    @classmethod
    def of(cls, code: np.ndarray, outputs: int, wrong_bits: int) -> "Seen":
        """A code `[W, 5]` in static single assignment, without the slots that none of its last `outputs` ones needs."""
        needed, functions, constants = set(code[len(code) - outputs :, RD].tolist()), set(), set()
        for line in code[::-1]:
            row = isa.OPERATIONS[line[OP]]
            if line[RD] in needed:
                needed.update(line[[RS1, RS2]][list(isa.FORMATS[row.format][1:])].tolist())
                functions.add(isa.REGISTER_FORM.get(row.name, row.name))
                constants.update([int(line[IMM])] if row.format == "I" else [])
        return cls(wrong_bits, tuple(sorted(functions)), tuple(sorted(constants)))


class Descents:
    """Descents on each core, and what the best programs that they end at compute with."""

    def __init__(self, problem: Problem, rng: np.random.Generator, best: int) -> None:
        self.wide = assignment.widen(problem, max(6, problem.space.length + 2))
        self.evaluator, self.size = Evaluator(self.wide.problem.examples), best
        self.descents = [_Descent(self.wide, self.evaluator, rng) for _ in range(cores.threads())]
        self.best: list[Seen] = []

    @property
    def begun(self) -> int:
        return sum(each.begun for each in self.descents)

    def go(self, budget: Budget, executions: float) -> np.ndarray | None:
        """Descend for about so many executions; a code that is right, in the problem's space, or None. Raises Exhausted."""
        start = budget.spent
        while budget.spent < start + executions:
            spent = sum(cores.share(self._finish, len(self.descents), len(self.descents)))
            found = (self.wide.back(each.code) for each in self.descents if each.right)
            code = next((code for code in found if code is not None), None)
            if code is not None:
                budget.spent += spent
                return code
            budget.spend(spent + self._look())
        return None

    def _finish(self, part: slice) -> int:
        """Run a descent to its end; returns executions."""
        descent = self.descents[part.start]
        iterations = _ITERATIONS - int(descent.progress[ITERATION])
        return descent.go(iterations * _EXAMPLES * len(descent.code) * (1 + BACKWARD), _SCHEDULE)

    def _look(self) -> int:
        codes = np.stack([each.code for each in self.descents])
        scores, outputs = self.evaluator.score(codes), len(self.wide.original.examples.targets)
        new = (Seen.of(code, outputs, int(d)) for code, d in zip(codes, scores.distance, strict=True))
        self.best = sorted({*self.best, *new})[: self.size]
        return scores.executed

    def preferred(self) -> tuple[list[str], list[int]]:
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
    forms = {name: isa.REGISTER_FORM.get(name, name) for name in space.operations}
    known = [name for name in dict.fromkeys([_ALWAYS, *functions, *forms.values()]) if name in forms.values()]
    kept = known[: int(np.ceil(part * len(known)))]
    values = [
        c for c in dict.fromkeys([*_CONSTANTS, *constants, *sorted(space.constants, key=abs)]) if c in space.constants
    ]
    values = values[: int(np.ceil(len(_CONSTANTS) + len(space.constants) ** part))]
    return replace(
        space, operations=tuple(name for name, form in forms.items() if form in kept),
        constants=tuple(c for c in space.constants if c in values),
    )  # fmt: skip
