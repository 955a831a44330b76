"""The entrants that learn operations and programs together by gradient, and their controls (`relaxed.py`).

Torch is imported when one begins: those that list the entrants do without.
"""

from functools import partial

import numpy as np

from experiments.isa_discovery.invention.entrant import Entrant, Evaluator
from experiments.isa_discovery.invention.signals import SIGNALS, label


def relaxations(name: str, about: str, hard: bool) -> tuple[Entrant, ...]:
    """By the gradient, and by what stands in for it. hard: choices are drawn."""
    return tuple(
        Entrant(label(name, signal), family, about, partial(_search, hard=hard, signal=signal))
        for signal, family in zip(SIGNALS, ("gradient", "control", "control"), strict=True)
    )


def _search(evaluator: Evaluator, rng: np.random.Generator, hard: bool, signal: str) -> None:
    from experiments.isa_discovery.invention.relaxed import Options, descend

    descend(evaluator, rng, Options(hard), signal)
