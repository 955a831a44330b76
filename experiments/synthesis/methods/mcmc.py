"""Stochastic search as in STOKE (Schkufza, Sharma and Aiken 2013): Markov chains over codes, one on each core."""

from typing import Any

import numpy as np

from experiments.synthesis.discrete import chains
from experiments.synthesis.search import Budget, Outcome, Problem


def search(problem: Problem, budget: Budget, rng: np.random.Generator, **settings: Any) -> Outcome:
    """settings: fields of `chains.Settings`, but for those of the gradient."""
    return chains.search(problem, budget, rng, chains.Settings(**settings))
