"""Gradient proposals, discrete acceptance: a Markov chain some of whose moves the adjoint of the machine proposes.

One backward pass scores every substitute of every choice of the program that the chain is at; moves are drawn by those scores
and accepted as in stochastic search, by what they really cost. Straight-line programs on registers are walked in the form of
`gradient/frame.py` (`gradient/walk.py`), all others as the space has them (`discrete/chains.py`).
"""

from typing import Any

import numpy as np

from experiments.synthesis.discrete import chains
from experiments.synthesis.gradient import frame
from experiments.synthesis.gradient.descents import Walks
from experiments.synthesis.search import Budget, Outcome, Problem

_SHARE = 0.02
"""Of the moves of other programs, those that the gradient proposes: it takes a program's path as fixed, and so knows little of
loops, and costs as much as many blind moves."""


def search(problem: Problem, budget: Budget, rng: np.random.Generator, **settings: Any) -> Outcome:
    """settings: of `Walks` where programs have that form, of `chains.Settings` for all others."""
    if frame.unfit(problem.space, problem.examples) is not None:
        return chains.search(problem, budget, rng, chains.Settings(**{"share": _SHARE} | settings))
    return Walks(problem, rng, **settings).search(budget)
