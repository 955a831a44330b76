"""What surrounds running programs. An environment is asked between the advances of a session, sees the whole state, and may
answer, stop, suspend, resume or copy instances, and limit how far they run. `bare` is the default."""

from abc import ABC, abstractmethod

import numpy as np

from backends.interface import State


class Environment(ABC):
    """Of one run."""

    def begin(self, state: State) -> None:
        """Prepare the state of a run before a machine opens it."""
        return

    def limits(self, state: State, max_steps: int) -> np.ndarray:
        """`[B]` uint64, how many instructions each instance may have retired when `answer` is asked next: `max_steps`, or
        fewer."""
        return np.full(len(state.pc), max_steps, np.uint64)

    @abstractmethod
    def answer(self, state: State) -> np.ndarray:
        """Answer the instances that wait. Returns `[k]`, those of which registers, memory or `fetched` were changed."""
