"""Constraint solving refined by counterexamples: a solver chooses a program that is right on a few examples; it is run on
all, and one that it gets wrong joins the few.

`ssa/connections.py` says how programs become unknowns. Lengths grow from one. Only the programs that the solver proposes are
counted as executed. What limits the solver is its own count of steps, how often it asks whether to stop, so that a search ends
at the same place on every computer: one such step is worth `_STEP` executions of the budget.

Source: Solar-Lezama et al., Combinatorial Sketching for Finite Programs (2006), for the refinement.
"""

from contextlib import suppress

import numpy as np

from backends.interface import UserError
from experiments.program_search.evaluation import Evaluator
from experiments.program_search.method import Budget, Exhausted, Method, NoOptions, Outcome, Problem
from experiments.program_search.ssa.connections import Connections, GivenUp
from experiments.program_search.ssa.register_allocation import allocate

_FEW = 3
"""Examples that the first program is to be right on."""
_STEP = 5_000
"""Executions that take about as long as a step of the solver."""


def fits(problem: Problem) -> str | None:
    """Why it cannot take a problem; None where it can."""
    if problem.on_registers:
        return None
    return "method smt searches straight-line register programs only: choose another, or no branches and no memory"


def run(problem: Problem, budget: Budget, rng: np.random.Generator, _: NoOptions) -> Outcome:
    """Raises UserError for a problem that has loops or memory."""
    if (reason := fits(problem)) is not None:
        raise UserError(reason)
    evaluator, few = Evaluator(problem.examples), rng.permutation(len(problem.examples))[:_FEW].tolist()
    steps = 0

    def stop() -> bool:
        nonlocal steps
        steps += 1
        return steps * _STEP >= budget.left or budget.left_s <= 0

    with suppress(Exhausted, GivenUp):
        for length in range(1, problem.space.length + 1):
            connections = Connections(problem.space, problem.examples, length)
            for row in few:
                connections.add(row)
            while (outputs := connections.solve(stop)) is not None:
                code = allocate(outputs, connections.sources, problem.space)
                if code is None:
                    connections.forbid()
                    continue
                failed, executed = evaluator.failures(code)
                budget.spent += executed
                if not len(failed):
                    return Outcome(code)
                budget.check()
                few.append(int(rng.choice(failed)))
                connections.add(few[-1])
    return Outcome(None)


METHOD = Method("smt", "discrete", "a solver, refined by counterexamples", run, 5e7, fits=fits)
VARIANTS = (METHOD.variant("smt", 5),)
