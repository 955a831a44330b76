"""Boolean gates: sets of at most four of the 16 gates of two inputs, and all 256 functions of three.

The cost of a function is the size of its smallest formula: gates counted with repetition (`formulas.py`).
"""

from functools import cache

import numpy as np

from experiments.isa_discovery.invention import formulas
from experiments.isa_discovery.invention.case import Case

GATES = (
    "zero", "nor", "b_andn_a", "not_a", "a_andn_b", "not_b", "xor", "nand",
    "and", "xnor", "b", "b_orn_a", "a", "a_orn_b", "or", "one",
)  # fmt: skip
"""Gate g has, for operands x and y, the bit 2 x + y of g."""
UNDONE = 32
"""Cost of a function that a set cannot compute: more than the largest formula over any set that computes all."""


def tables() -> np.ndarray:
    """`[16, 4]` uint8."""
    return (np.arange(16)[:, None] >> np.arange(4) & 1).astype(np.uint8)


@cache
def case(count: int) -> Case:
    """The case with sets of at most `count` gates."""
    bits = (np.arange(formulas.FUNCTIONS)[:, None] >> np.arange(8) & 1).astype(np.uint8)
    names = tuple(f"f{number:02x}" for number in range(formulas.FUNCTIONS))
    inputs = bits[list(formulas.INPUTS)]
    tasks, how = (names, bits, (), bits[:0]), (formulas.shortest, formulas.code)
    return Case(f"boolean_{count}", GATES, tables(), inputs, *tasks, count, UNDONE, *how)
