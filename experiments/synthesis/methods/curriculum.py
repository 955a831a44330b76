"""A curriculum of length and of difficulty: the outputs may read the first slot alone, then one more and one more; and the low
bits, which are functions of fewer bits, come before the high ones.

Source: Bengio et al., Curriculum Learning (2009).
"""

from typing import Any

import numpy as np

from experiments.synthesis.gradient import descend
from experiments.synthesis.gradient.descend import Engine, Round, Settings
from experiments.synthesis.gradient.programs import NEVER
from experiments.synthesis.search import Budget, Outcome, Problem

fits = descend.fits


def search(
    problem: Problem, budget: Budget, rng: np.random.Generator, relaxation: str = "bits", backend: str = "jax_tensor",
    lessons: float = 0.5, focus: float = 0.5, **settings: Any,
) -> Outcome:  # fmt: skip
    """lessons: the part of a round after which all slots may be read. focus: on low bits, of every other restart at the
    start of a round; it falls to 0 at the end. settings: of `Settings`."""
    engine = Engine(problem, budget, rng, relaxation, backend, Settings(**settings))
    length, slots, first = engine.settings.iterations, engine.frame.slots, engine.frame.first

    def teach(now: Round, _: np.random.Generator) -> None:
        passed = now.iteration / length
        open_slots = min(slots, 1 + int(slots * passed / lessons))
        out = engine.mask.out.copy()
        out[:, first + open_slots :] = NEVER
        now.mask = engine.mask._replace(out=out)
        now.focus = np.where(np.arange(len(now.focus)) % 2, focus * (1 - passed), now.focus)

    return engine.search(teach)
