"""Runs in two sessions: the second one begins with the state that the first one left, in the middle of the program."""

from typing import final

import numpy as np

from backends.conformance import compare
from backends.conformance.cases import Case
from backends.core import run
from backends.core.environments import Environment
from backends.core.environments.bare import Bare
from backends.core.state import finish
from backends.interface import Backend, Execution, State

_DIFFERENT_LIMITS = 7


@final
class Limited(Environment):
    """The bare environment, in which every instance may retire another number of instructions, 1 to 7."""

    def __init__(self) -> None:
        self.bare = Bare()

    def limits(self, state: State, max_steps: int) -> np.ndarray:
        return np.minimum(1 + np.arange(len(state.pc)) % _DIFFERENT_LIMITS, max_steps).astype(np.uint64)

    def answer(self, state: State) -> np.ndarray:
        return self.bare.answer(state)


def failures(case: Case, backend: Backend, whole: Execution) -> np.ndarray:
    """`[B]` bool, the instances that run on over their limit, or end otherwise than in `whole`, the run by one session."""
    begun, limited = run.start(backend, case.programs, case.batch, case.config, case.max_steps), Limited()
    run.drive(backend.open(begun), begun, limited, case.max_steps)
    over = begun.retired > limited.limits(begun, case.max_steps)
    run.drive(backend.open(begun), begun, Bare(), case.max_steps)
    return over | compare.mismatches(finish(begun), whole)
