"""Gradient proposals, discrete acceptance: Markov chains some of whose proposals the adjoint of the machine makes, over the
static single assignment form for straight-line programs on registers (`ssa/markov_chain.py`), over the codes of their space
for all others (`machine_code/markov_chain.py`).
"""

from typing import NamedTuple

import numpy as np

from experiments.program_search.machine_code import markov_chain as over_machine_code
from experiments.program_search.method import Budget, Method, Outcome, Problem
from experiments.program_search.ssa import form
from experiments.program_search.ssa import markov_chain as over_ssa

_SHARE = 0.02
"""Of the proposals for other programs, those that the gradient makes: it takes a program's path as fixed, and so knows little
of loops, and costs as much as many blind proposals."""


class Options(NamedTuple):
    """For each of the two forms."""

    ssa: over_ssa.Options = over_ssa.Options()
    machine_code: over_machine_code.Options = over_machine_code.Options(share=_SHARE)


def run(problem: Problem, budget: Budget, rng: np.random.Generator, options: Options) -> Outcome:
    if form.unfit(problem) is None:
        return over_ssa.Chains(problem, rng, options.ssa).search(budget)
    return over_machine_code.Chains(problem, rng, options.machine_code).search(budget)


_BLIND = {"ssa": over_ssa.Options(share=0.0), "machine_code": over_machine_code.Options(share=0.0)}
METHOD = Method("hybrid", "hybrid", "Markov chains with proposals from gradients", run, 3e7, Options)
VARIANTS = (
    METHOD.variant("hybrid", 2),
    # the same chains in the same form, with every proposal drawn blindly
    METHOD.variant("hybrid_without_gradient", 8, family="ablation", given=_BLIND),
)
