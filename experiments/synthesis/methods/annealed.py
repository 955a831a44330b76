"""Annealed softmax: programs descend through the soft machine while the temperature of their choices falls.

Gradient alone, from random logits. A warm start, with the logits biased toward the problem's hint, is an ablation.
"""

from typing import Any

import numpy as np

from experiments.synthesis.gradient import descend
from experiments.synthesis.gradient.descend import Engine, Settings
from experiments.synthesis.search import Budget, Outcome, Problem

fits = descend.fits


def search(
    problem: Problem, budget: Budget, rng: np.random.Generator, relaxation: str = "bits", backend: str = "jax_tensor",
    hint_logit: float = 2.0, **settings: Any,
) -> Outcome:  # fmt: skip
    """hint_logit: added to the logits of what the problem's hint chooses, where it has one. settings: of `Settings`."""
    engine = Engine(problem, budget, rng, relaxation, backend, Settings(**settings))
    bias = engine.toward(problem.hint, hint_logit) if problem.hint is not None else None
    return engine.search(bias=bias)
