"""Greedy choices, as compilers for custom instructions make them.

frequency_greedy: the operations that cost least when each is alone. marginal_greedy: always the one that helps most beside
those that are there (Nemhauser, Wolsey and Fisher 1978 bound what this loses, where help only diminishes; here it need not).
"""

import numpy as np

from experiments.isa_discovery.invention.entrant import Entrant, Evaluator


def frequency_greedy(evaluator: Evaluator, rng: np.random.Generator) -> None:
    order = rng.permutation(evaluator.case.distinct).tolist()  # decides between equals
    evaluator.cost(sorted(order, key=lambda number: evaluator.cost([number]))[: evaluator.case.count])


def marginal_greedy(evaluator: Evaluator, rng: np.random.Generator) -> None:
    chosen: list[int] = []
    for _ in range(min(evaluator.case.count, len(evaluator.case.distinct))):
        others = [n for n in rng.permutation(evaluator.case.distinct).tolist() if n not in chosen]
        chosen.append(min(others, key=lambda number: evaluator.cost([*chosen, number])))


ENTRANTS = (
    Entrant("frequency_greedy", "discrete", "those that cost least alone", frequency_greedy),
    Entrant("marginal_greedy", "discrete", "always the one that helps most", marginal_greedy),
)
