"""Exchanges of one operation, accepted as Metropolis et al. 1953 do, under a temperature that falls with the budget.

Source: Kirkpatrick, Gelatt and Vecchi, Optimization by Simulated Annealing (1983). The temperatures are parts of the cost of
the first set. Sets that are known are free, so a cold walk ends after `PATIENCE` proposals without a new one.
"""

from collections.abc import Callable

import numpy as np

from experiments.isa_discovery.invention.entrant import Entrant, Evaluator

FIRST, LAST = 0.03, 0.001
PATIENCE = 200
Propose = Callable[[list[int], float], list[int]]


def temperature(evaluator: Evaluator, scale: float) -> float:
    """Geometric in the part of the budget that is spent."""
    budget = evaluator.budget
    return scale * FIRST * (LAST / FIRST) ** (budget.spent / budget.executions)


def walk(evaluator: Evaluator, rng: np.random.Generator, propose: Propose) -> None:
    """Walks by proposals `(set, temperature)`, one after another, each from a random set."""
    while True:
        chosen, known, idle = evaluator.drawn(rng), len(evaluator.known), 0
        now = scale = evaluator.cost(chosen)
        while idle < PATIENCE:
            heat = temperature(evaluator, scale)
            other = propose(chosen, heat)
            cost = evaluator.cost(other)
            if cost <= now or rng.random() < np.exp((now - cost) / heat):
                chosen, now = other, cost
            idle = 0 if len(evaluator.known) > known else idle + 1
            known = len(evaluator.known)
        if len(evaluator.known) >= evaluator.sets:
            return


def search(evaluator: Evaluator, rng: np.random.Generator) -> None:
    def exchanged(chosen: list[int], heat: float) -> list[int]:
        others = [number for number in evaluator.case.distinct if number not in chosen]
        place = int(rng.integers(len(chosen)))
        return [*chosen[:place], int(rng.choice(others)), *chosen[place + 1 :]]

    walk(evaluator, rng, exchanged)


ENTRANTS = (Entrant("annealing", "discrete", "exchanges under a falling temperature", search),)
