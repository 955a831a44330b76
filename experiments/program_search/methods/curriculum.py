"""A curriculum of length and of difficulty: the outputs may read the first slot alone, then one more and one more; and the low
bits, which are functions of fewer bits, come before the high ones.

Source: Bengio et al., Curriculum Learning (2009).
"""

import numpy as np

from experiments.program_search.method import Budget, Outcome, Problem
from experiments.program_search.relaxed import rounds
from experiments.program_search.relaxed.rounds import Options, Round
from experiments.program_search.space import NEVER

_LESSONS, _FOCUS = 0.5, 0.5
"""The part of a round after which all slots may be read; the focus on low bits of every other restart at the start of a round,
which falls to 0 at the end."""


def run(problem: Problem, budget: Budget, rng: np.random.Generator, options: Options) -> Outcome:
    descent = rounds.Rounds(problem, budget, rng, options)
    slots, first = descent.form.slots, descent.form.first

    def teach(now: Round, _: np.random.Generator) -> None:
        passed = now.iteration / options.iterations
        open_slots = min(slots, 1 + int(slots * passed / _LESSONS))
        out = descent.mask.out.copy()
        out[:, first + open_slots :] = NEVER
        now.mask = descent.mask._replace(out=out)
        now.focus = np.where(np.arange(len(now.focus)) % 2, _FOCUS * (1 - passed), now.focus)

    return descent.search(teach)


METHOD = rounds.method("curriculum", "annealed descent, from short programs and low bits to all", run)
VARIANTS = (METHOD.variant("curriculum", 10),)
