"""What a search may spend: executions, and seconds as a guard.

An execution is of one instruction of one program on one example; a backward pass counts as two forward passes, memory of
earlier results is free, and restarts spend from the same budget. Recorded searches end by executions: the same on every
computer.
"""

import math
import time


class Exhausted(Exception):
    """The budget is spent."""


class Budget:
    """Executions (program × example × step) and seconds; whichever ends first."""

    def __init__(self, executions: float, seconds: float = math.inf) -> None:
        self.executions, self.seconds = executions, seconds
        self.spent = 0.0
        self._start = time.perf_counter()

    @property
    def elapsed_s(self) -> float:
        return time.perf_counter() - self._start

    @property
    def left_s(self) -> float:
        return self.seconds - self.elapsed_s

    @property
    def left(self) -> float:
        """Executions that are left."""
        return self.executions - self.spent

    @property
    def ended(self) -> bool:
        return self.left <= 0 or self.left_s <= 0

    def restart(self) -> None:
        """Count seconds from now on."""
        self._start = time.perf_counter()

    def part(self, share: float) -> "Budget":
        """A budget of this share of what is left."""
        return Budget(share * self.left, share * self.left_s)

    def spend(self, executions: float) -> None:
        """Count executions that have happened. Raises Exhausted when the budget is used up."""
        self.spent += executions
        self.check()

    def check(self) -> None:
        """Raises Exhausted when the budget is used up."""
        if self.ended:
            raise Exhausted

    def slice(self, executions: float) -> int:
        """So many executions, or what is left where that is less; at least one."""
        return int(min(executions, self.left)) + 1
