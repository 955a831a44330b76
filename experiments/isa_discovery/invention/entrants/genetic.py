"""A population of sets: tournaments, crossover of two sets, mutation of an operation, the better replace the worst.

Source: Holland, Adaptation in Natural and Artificial Systems (1975), in the steady-state form of Syswerda (1991).
"""

import numpy as np

from experiments.isa_discovery.invention.entrant import Entrant, Evaluator

POPULATION, TOURNAMENT, MUTATION = 16, 3, 0.3
PATIENCE = 500


def search(evaluator: Evaluator, rng: np.random.Generator) -> None:
    while len(evaluator.known) < evaluator.sets:
        _evolve(evaluator, rng)


def _evolve(evaluator: Evaluator, rng: np.random.Generator) -> None:
    """Until children stay known sets."""
    members = [evaluator.drawn(rng) for _ in range(POPULATION)]
    costs = [evaluator.cost(member) for member in members]
    known, idle = len(evaluator.known), 0
    while idle < PATIENCE:
        child = _child(evaluator, members, np.array(costs), rng)
        cost, worst = evaluator.cost(child), int(np.argmax(costs))
        if cost <= costs[worst] and sorted(child) not in [sorted(member) for member in members]:
            members[worst], costs[worst] = child, cost
        idle = 0 if len(evaluator.known) > known else idle + 1
        known = len(evaluator.known)


def _child(evaluator: Evaluator, members: list[list[int]], costs: np.ndarray, rng: np.random.Generator) -> list[int]:
    def parent() -> list[int]:
        drawn = rng.choice(len(members), TOURNAMENT, replace=False)
        return members[drawn[np.argmin(costs[drawn])]]

    genes = sorted({*parent(), *parent()})
    child = rng.choice(genes, evaluator.case.count, replace=False).tolist()
    if rng.random() < MUTATION:
        others = [number for number in evaluator.case.distinct if number not in child]
        child[int(rng.integers(len(child)))] = int(rng.choice(others))
    return child


ENTRANTS = (Entrant("genetic", "discrete", "crossover and mutation of sets", search),)
