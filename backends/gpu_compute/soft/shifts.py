"""Shifts of a word of expected bits by a word of expected bits, and the adjoint.

A shift is linear in the mass of its amount, so all shifts by all amounts, toward both ends, are one convolution of the word
with 63 taps.
"""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.compiling import inlined
from backends.gpu_compute.soft import names
from backends.gpu_compute.soft.carries import BITS
from backends.gpu_compute.soft.independent import choices, choices_back
from backends.gpu_compute.soft.layout import Sizes

AMOUNT_BITS, ZERO = 5, BITS - 1
"""The tap of no shift; those above it shift toward the highest bit."""


class Shifts(NamedTuple):
    """amounts `[2, 64, K]`: masses of amounts, by b and by imm, see `choices`. taps `[63, K]`. filled `[32, K]`: of each
    amount, the mass that repeats the sign. Or cotangents."""

    amounts: np.ndarray
    taps: np.ndarray
    filled: np.ndarray

    @classmethod
    def of(cls, sizes: Sizes) -> "Shifts":
        return cls(sizes.zeros(2, 2 * BITS), sizes.zeros(2 * BITS - 1), sizes.zeros(BITS))


@inlined
def shift(program, f, s, e):
    """Adds the shifts to the word."""
    nothing = 0.0 * e.word[0]
    for t in range(len(s.taps)):
        s.taps[t] = nothing
    for amount in range(len(s.filled)):
        s.filled[amount] = nothing
    for form in range(2):
        if program.groups[names.SHIFTS_B + form]:
            choices(f.imm if form else f.b, AMOUNT_BITS, s.amounts[form])
            left, right, filled = names.SHIFTS[form, 0], names.SHIFTS[form, 1], names.SHIFTS[form, 2]
            for amount in range(len(s.filled)):
                mass = s.amounts[form, BITS + amount]
                s.taps[ZERO + amount] += f.op[left] * mass
                s.taps[ZERO - amount] += (f.op[right] + f.op[filled]) * mass
                s.filled[amount] += f.op[filled] * mass
    convolve(f.a, s.taps, e.word)
    beyond = nothing
    for k in range(1, len(f.a)):
        beyond += s.filled[BITS - k]
        e.word[k] += beyond * f.a[BITS - 1]


@inlined
def convolve(x, taps, word):
    """Adds to bit k the sum over j of bit j times taps[31 + k - j]; four bits at a time, which share what they read."""
    for k in range(0, len(x), 4):
        w0, w1, w2, w3 = word[k], word[k + 1], word[k + 2], word[k + 3]
        t0, t1, t2 = taps[ZERO + k + 1], taps[ZERO + k + 2], taps[ZERO + k + 3]
        for j in range(len(x)):
            bit, t = x[j], taps[ZERO + k - j]
            w0 += bit * t
            w1 += bit * t0
            w2 += bit * t1
            w3 += bit * t2
            t0, t1, t2 = t, t0, t1
        word[k], word[k + 1], word[k + 2], word[k + 3] = w0, w1, w2, w3


@inlined
def shift_back(program, f, s, d, d_s):
    """Adds the cotangents of a, b, imm and masses, given that of the word."""
    convolve_back(f.a, s.taps, d.e.word, d.f.a, d_s.taps)
    beyond, d_sign = 0.0 * f.a[0], d.f.a[BITS - 1]
    for k in range(1, len(f.a)):
        beyond += s.filled[BITS - k]
        d_sign += d.e.word[k] * beyond
    d.f.a[BITS - 1] = d_sign
    d_filled = 0.0 * f.a[0]
    for i in range(len(f.a) - 1):
        k = BITS - 1 - i
        d_filled += d.e.word[k] * f.a[BITS - 1]
        d_s.filled[BITS - k] = d_filled
    d_s.filled[0] = 0.0 * d_filled
    for form in range(2):
        if program.groups[names.SHIFTS_B + form]:
            masses_back(f, s, d, d_s, form)


@inlined
def masses_back(f, s, d, d_s, form):
    left, right, filled = names.SHIFTS[form, 0], names.SHIFTS[form, 1], names.SHIFTS[form, 2]
    d_left, d_right, d_filled = d.f.op[left], d.f.op[right], d.f.op[filled]
    for amount in range(len(s.filled)):
        mass = s.amounts[form, BITS + amount]
        up, down = d_s.taps[ZERO + amount], d_s.taps[ZERO - amount]
        fill = down + d_s.filled[amount]
        d_left += mass * up
        d_right += mass * down
        d_filled += mass * fill
        d_s.amounts[form, BITS + amount] = f.op[left] * up + f.op[right] * down + f.op[filled] * fill
    d.f.op[left], d.f.op[right], d.f.op[filled] = d_left, d_right, d_filled
    choices_back(f.imm if form else f.b, AMOUNT_BITS, s.amounts[form], d_s.amounts[form], d.f.imm if form else d.f.b)


@inlined
def convolve_back(x, taps, d_word, d_x, d_taps):
    """Adds the cotangents of x, and writes those of the taps."""
    for j in range(0, len(x), 4):
        x0, x1, x2, x3 = d_x[j], d_x[j + 1], d_x[j + 2], d_x[j + 3]
        t1, t2, t3 = taps[ZERO - j - 1], taps[ZERO - j - 2], taps[ZERO - j - 3]
        for k in range(len(x)):
            g, t = d_word[k], taps[ZERO + k - j]
            x0 += g * t
            x1 += g * t1
            x2 += g * t2
            x3 += g * t3
            t1, t2, t3 = t, t1, t2
        d_x[j], d_x[j + 1], d_x[j + 2], d_x[j + 3] = x0, x1, x2, x3
    for t in range(len(d_taps)):
        total = 0.0 * d_word[0]
        for j in range(max(0, ZERO - t), min(BITS, 2 * BITS - 1 - t)):
            total += x[j] * d_word[t + j - ZERO]
        d_taps[t] = total
