"""The control: the descent of `annealed` at one temperature, which is all that it differs in.

A fixed temperature alone does not keep choices soft: they sharpen as the logits spread, and Adam lets logits grow by its rate
in every iteration. In relaxation `value` the temperature of 1 at which annealing begins keeps them soft enough; in relaxation
`bits` it takes 10, about what Adam can add to a logit in a whole descent. Programs are read off from soft choices too, which
is a random search: a control may succeed where solutions are common.
"""

from dataclasses import dataclass, replace

import numpy as np

from experiments.program_search.budget import Budget
from experiments.program_search.method import Method
from experiments.program_search.problem import Outcome, Problem
from experiments.program_search.relaxed import rounds


@dataclass(frozen=True)
class Options(rounds.Options):
    """temperature: in place of the first and the last one."""

    temperature: float = 1.0


def run(problem: Problem, budget: Budget, rng: np.random.Generator, options: Options) -> Outcome:
    fixed = replace(options, first_temperature=options.temperature, last_temperature=options.temperature)
    return rounds.Rounds(problem, budget, rng, fixed).search()


METHOD = Method(
    "fixed_temperature", "control", "descent through the soft machine at one temperature", run, rounds.RATE, Options,
    fits=rounds.fits, compiled_once=False,
)  # fmt: skip
VARIANTS = (
    METHOD.variant("fixed_temperature", 11, given={"relaxation": "value"}),
    METHOD.variant("fixed_temperature_bits", 16, given={"temperature": 10.0}),
)
