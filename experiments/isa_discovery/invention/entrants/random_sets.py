"""Uniformly random sets: what every other entrant must beat."""

import numpy as np

from experiments.isa_discovery.invention.entrant import Entrant, Evaluator


def search(evaluator: Evaluator, rng: np.random.Generator) -> None:
    while len(evaluator.known) < evaluator.sets:
        evaluator.cost(evaluator.drawn(rng))


ENTRANTS = (Entrant("random", "discrete", "random sets", search),)
