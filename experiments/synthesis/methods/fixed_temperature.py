"""The control: the descent of `annealed` at one temperature.

A fixed temperature alone does not keep choices soft: they sharpen as the logits spread, and Adam lets logits grow by its rate
in every iteration. Choices stay soft where the temperature is no less than rate times iterations.
"""

from typing import Any

import numpy as np

from experiments.synthesis.gradient import descend
from experiments.synthesis.gradient.descend import Engine, Settings
from experiments.synthesis.search import Budget, Outcome, Problem

fits = descend.fits


def search(
    problem: Problem, budget: Budget, rng: np.random.Generator, relaxation: str = "bits", backend: str = "jax_tensor",
    temperature: float = 1.0, **settings: Any,
) -> Outcome:  # fmt: skip
    """settings: of `Settings`, but for temperatures."""
    fixed = Settings(hot=temperature, cold=temperature, **settings)
    return Engine(problem, budget, rng, relaxation, backend, fixed).search()
