"""Annealed softmax: programs descend through the soft machine while the temperature of their choices falls.

Gradient alone, from random logits. A warm start, with the logits biased toward the problem's hint, is an ablation.
"""

from dataclasses import dataclass

import numpy as np

from experiments.program_search.method import Budget, Outcome, Problem
from experiments.program_search.relaxed import rounds


@dataclass(frozen=True)
class Options(rounds.Options):
    """hint_logit: added to the logits of what the problem's hint chooses, where it has one."""

    hint_logit: float = 2.0


def run(problem: Problem, budget: Budget, rng: np.random.Generator, options: Options) -> Outcome:
    descent = rounds.Rounds(problem, budget, rng, options)
    bias = descent.toward(problem.hint, options.hint_logit) if problem.hint is not None else None
    return descent.search(bias=bias)


METHOD = rounds.method("annealed", "descent through the soft machine at a falling temperature", run, Options)
VARIANTS = (
    METHOD.variant("annealed_bits", 1),
    METHOD.variant("annealed_value", 6, given={"relaxation": "value"}),
    METHOD.variant("annealed_neural", 14, given={"backend": "torch_neural"}),
    METHOD.variant("warm_start", 12, family="ablation", hinted=True),
)
