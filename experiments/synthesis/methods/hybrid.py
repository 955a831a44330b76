"""Gradient proposals, discrete acceptance: a Markov chain most of whose moves the adjoint of the machine proposes.

One backward pass scores every substitute of every field of the code that the chain is at; moves are drawn by those scores and
accepted as in stochastic search, by what they really cost. Straight-line programs are walked in static single assignment.
"""

from typing import Any

import numpy as np

from experiments.synthesis import assignment
from experiments.synthesis.discrete import chains
from experiments.synthesis.search import Budget, Outcome, Problem


def search(
    problem: Problem, budget: Budget, rng: np.random.Generator, share: float = 0.75, single_assignment: bool = True,
    slots: int | None = None, beta: float = 4.0, examples: int = 8, wrong: int = 4, **settings: Any,
) -> Outcome:  # fmt: skip
    """share: of the moves, those that the gradient proposes. single_assignment: where the problem has that form. slots: of
    the wide program; None: two more than the space has, at least six. The rest: fields of `chains.Settings`."""
    made = chains.Settings(share=share, beta=beta, examples=examples, wrong=wrong, **settings)
    if single_assignment and assignment.fits(problem) is None:
        wide = assignment.widen(problem, slots or max(6, problem.space.length + 2))
        return chains.search(problem, budget, rng, made, wide)
    return chains.search(problem, budget, rng, made)
