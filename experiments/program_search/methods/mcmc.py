"""Stochastic search as in STOKE (Schkufza, Sharma and Aiken 2013): Markov chains over codes."""

import numpy as np

from experiments.program_search.machine_code.markov_chain import Chains, Options
from experiments.program_search.method import Budget, Method, Outcome, Problem


def run(problem: Problem, budget: Budget, rng: np.random.Generator, options: Options) -> Outcome:
    return Chains(problem, rng, options).search(budget)


METHOD = Method("mcmc", "discrete", "Markov chains over codes, by their cost", run, 1e8, Options)
VARIANTS = (METHOD.variant("mcmc", 3),)
