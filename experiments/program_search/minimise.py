"""Programs without instructions that do nothing for their examples."""

from collections.abc import Callable

import numpy as np

from backends.core import isa
from experiments.program_search.space import IMM, OP


def minimise(code: np.ndarray, right: Callable[[np.ndarray], bool]) -> np.ndarray:
    """The code `[L, 5]` less instructions, one at a time, as long as `right` says yes of the rest; at least one stays."""
    slot = len(code)
    while slot > 0 and len(code) > 1:
        slot -= 1
        shorter = without(code, slot)
        if right(shorter):
            code, slot = shorter, len(shorter)
    return code


def without(code: np.ndarray, slot: int) -> np.ndarray:
    """The code less one slot. Branches go where they went; those to the slot that is gone go to the one behind it."""
    made = code.copy()
    for at, fields in enumerate(code):
        if isa.OPERATIONS[fields[OP]].format in ("B", "J"):
            target = at + int(fields[IMM]) // 4
            made[at, IMM] = 4 * (target - (target > slot) - (at - (at > slot)))
    return np.delete(made, slot, axis=0)
