"""Population-based training: while restarts descend, the worse ones go on from the logits of better ones, with other settings.

Source: Jaderberg et al., Population Based Training of Neural Networks (2017). Losses are compared among restarts with the
same focus.
"""

from typing import Any

import jax
import numpy as np

from experiments.synthesis.gradient import descend
from experiments.synthesis.gradient.descend import EVERY, Engine, Round, Settings
from experiments.synthesis.gradient.programs import Descent
from experiments.synthesis.search import Budget, Outcome, Problem

fits = descend.fits
_FACTORS = (0.8, 1.25)


def search(
    problem: Problem, budget: Budget, rng: np.random.Generator, relaxation: str = "bits", backend: str = "jax_tensor",
    exploit: int = 2, quarter: float = 0.25, jitter: float = 0.3, **settings: Any,
) -> Outcome:  # fmt: skip
    """exploit: readings between two exchanges. quarter: share of the restarts that is replaced by as many. jitter: standard
    deviation of what is added to copied logits. settings: of `Settings`."""

    def exchange(now: Round, rng: np.random.Generator) -> None:
        if now.iteration and now.iteration // EVERY % exploit == 0:
            _exchange(now, rng, quarter, jitter)

    engine = Engine(problem, budget, rng, relaxation, backend, Settings(**settings))
    return engine.search(exchange)


def _exchange(now: Round, rng: np.random.Generator, quarter: float, jitter: float) -> None:
    source = np.arange(len(now.losses))
    for focus in np.unique(now.focus):
        group = np.flatnonzero(now.focus == focus)
        order = group[np.argsort(now.losses[group])]
        moved = int(quarter * len(group))
        source[order[len(order) - moved :]] = rng.permutation(order[:moved])
    copied = source != np.arange(len(source))
    now.descent = Descent(*jax.tree.map(lambda x: np.asarray(x)[source], tuple(now.descent)))
    noise = jax.tree.map(
        lambda x: (jitter * copied[:, None, None] * rng.normal(size=x.shape)).astype(x.dtype), now.descent.logits
    )
    now.descent = now.descent._replace(logits=now.descent.logits.plus(noise))
    for knob in (now.heat, now.haste):
        knob[:] = np.where(copied, knob[source] * rng.choice(_FACTORS, len(source)), knob)
