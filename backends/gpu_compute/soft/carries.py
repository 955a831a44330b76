"""Sums of words of expected bits: a carry that ripples through generate and propagate, and its adjoint.

Source: Kogge and Stone, A Parallel Algorithm for the Efficient Solution of a General Class of Recurrence Equations (1973),
whose carry operator ripples here: the lanes are what is parallel.
"""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.compiling import inlined

BITS = 32


class Sum(NamedTuple):
    """word `[32]`; carries `[33]`, into each bit and out of the last. Also cotangents of a sum, of all of these."""

    word: np.ndarray
    carries: np.ndarray


@inlined
def sum_of(row):
    """A row `[65]` of lanes as a sum."""
    return Sum(row[:BITS], row[BITS:])


@inlined
def add(x, y, minus, out):
    """The sum of words x and y `[32]`; minus: their difference."""
    out.carries[0] = 1.0 if minus else 0.0
    carry = out.carries[0]
    for k in range(len(x)):
        z = 1.0 - y[k] if minus else y[k]
        generate = x[k] * z
        propagate = x[k] + z - 2.0 * generate
        out.word[k] = propagate + carry - 2.0 * (propagate * carry)
        carry = generate + propagate * carry
        out.carries[k + 1] = carry


@inlined
def add_back(x, y, minus, out, d_out, d_x, d_y):
    """Adds the cotangents of x and y, given those of what `add` made."""
    d_carry = d_out.carries[BITS]
    for i in range(len(x)):
        k = BITS - 1 - i
        z = 1.0 - y[k] if minus else y[k]
        carry, d_word = out.carries[k], d_out.word[k]
        propagate = x[k] + z - 2.0 * (x[k] * z)
        d_propagate = d_carry * carry + d_word * (1.0 - 2.0 * carry)
        d_x[k] += d_propagate * (1.0 - 2.0 * z) + d_carry * z
        d_z = d_propagate * (1.0 - 2.0 * x[k]) + d_carry * x[k]
        d_y[k] += -d_z if minus else d_z
        d_carry = d_carry * propagate + d_word * (1.0 - 2.0 * propagate) + d_out.carries[k]
