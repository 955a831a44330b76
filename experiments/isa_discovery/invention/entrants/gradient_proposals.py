"""Annealing whose proposals come from a gradient: the derivative of the loss by every operation's table, at exact programs.

Source: Grathwohl et al., Oops I Took A Gradient (ICML 2021). The programs are the shortest for the set at hand; the set is
changed by the gradient that they give (`adjoint.py`). A proposal is drawn from the softmax of half the predicted gain over the
temperature; acceptance is Metropolis', without the correction for proposals that are not symmetric.
"""

from functools import partial

import numpy as np

from experiments.isa_discovery.invention.adjoint import predicted_change
from experiments.isa_discovery.invention.case import Set
from experiments.isa_discovery.invention.entrant import Entrant, Evaluator
from experiments.isa_discovery.invention.entrants import annealing
from experiments.isa_discovery.invention.signals import SIGNALS, altered, label

BREADTH = 3.0
"""Temperatures of the proposals, in those of the acceptance; chosen, as `adjoint.WEIGHT`, on `words_3` and on the held-out
tasks of the words in place of the tasks. Results on `words_4` were seen in between, so they are not blind."""


def search(evaluator: Evaluator, rng: np.random.Generator, signal: str) -> None:
    case, known = evaluator.case, dict[Set, np.ndarray]()

    def gain(chosen: Set) -> np.ndarray:
        """`[k * O]`: predicted, once for each set."""
        if chosen not in known:
            found = predicted_change(case, chosen, case.code(case, case.tables[list(chosen)]))
            evaluator.budget.spend(found.executions)
            outside = np.setdiff1d(case.distinct, chosen)
            centred = found.predicted[:, outside] - found.predicted[:, outside].mean()
            gains = np.full(found.predicted.shape, -np.inf)
            gains[:, outside] = -altered(centred, signal, rng)
            known[chosen] = gains.ravel()
        return known[chosen]

    def proposed(chosen: list[int], heat: float) -> list[int]:
        key = case.canonical(chosen)
        logits = gain(key) / (2 * BREADTH * heat)
        place, number = divmod(int(np.argmax(logits + rng.gumbel(size=len(logits)))), len(case.tables))
        return [*key[:place], number, *key[place + 1 :]]

    annealing.walk(evaluator, rng, proposed)


ENTRANTS = tuple(
    Entrant(
        label("gradient_proposals", signal), "gradient" if signal == "gradient" else "control",
        "annealing that proposes by the gradient at exact programs", partial(search, signal=signal),
    )
    for signal in SIGNALS
)  # fmt: skip
