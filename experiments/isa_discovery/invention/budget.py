"""What an entrant is charged, in one place.

An execution is one operation applied to one pair of values over all rows of a case. Measuring a set costs all that its
enumeration applies; a set that was measured before is free. A soft instruction costs every operation that it mixes, forward and
backward together `SOFT` times; so does each instruction of an exact program that is gone through backwards.
"""

from experiments.program_search.budget import Budget, Exhausted

__all__ = ["SOFT", "Budget", "Exhausted", "soft"]
SOFT = 3


def soft(instructions: float, mixed: int) -> float:
    """Executions of soft instructions, forward and backward, each a mixture of so many operations; of a part of the rows, that
    part of an instruction."""
    return SOFT * instructions * mixed
