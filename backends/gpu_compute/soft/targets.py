"""Where jumps lead in relaxation `bits`: a target is a distribution over slots, the product of its bits; with the adjoints.

Targets of jal and branches depend on a program alone. They are computed once, with slots in the lanes.
"""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.compiling import entry, inlined
from backends.gpu_compute.soft.carries import BITS, add, add_back, sum_of
from backends.gpu_compute.soft.independent import factors_back, factors_of, product, product_back
from backends.gpu_compute.soft.lanes import rows
from backends.gpu_compute.soft.layout import Sizes, clear


class Target(NamedTuple):
    """word `[32, K]`; factors `[65, K]` of the mass on a slot, and their products; sum `[65, K]`. Or cotangents."""

    word: np.ndarray
    factors: np.ndarray
    sum: np.ndarray

    @classmethod
    def of(cls, sizes: Sizes) -> "Target":
        return cls(sizes.zeros(BITS), sizes.zeros(2 * BITS + 1), sizes.zeros(2 * BITS + 1))


@inlined
def on_slots(word, addresses, t, masses):
    """The mass of a word on the addresses `[32, L]`, bits of slots, and on multiples of 4: masses `[L + 1]`."""
    slots, factors = len(masses) - 1, t.factors[:BITS]
    for j in range(slots):
        factors_of(word, addresses, j, factors)
        product(factors, len(factors), t.factors[BITS:])
        masses[j] = t.factors[2 * BITS]
    masses[slots] = (1.0 - word[0]) * (1.0 - word[1])


@inlined
def on_slots_back(word, addresses, t, d_masses, d_word):
    """Adds the cotangent of the word."""
    slots = len(d_masses) - 1
    factors = t.factors[:BITS]
    for j in range(slots):
        factors_of(word, addresses, j, factors)
        product(factors, len(factors), t.factors[BITS:])
        product_back(factors, len(factors), t.factors[BITS:], d_masses[j], factors)
        factors_back(addresses, j, factors, d_word)
    d_word[0] -= d_masses[slots] * (1.0 - word[1])
    d_word[1] -= d_masses[slots] * (1.0 - word[0])


@inlined
def even(word, target):
    target[0] = 0.0
    for k in range(1, len(target)):
        target[k] = word[k]


@entry
def lead(imm, here, addresses, _temperature, jumps, room):
    """Writes the jumps `[P, L + 1, S / K, K]` of programs, given imm `[P, 32, S / K, K]`, and here and addresses, the bits of
    slots, `[32, S / K, K]` and `[32, S]`."""
    imm, here, jumps, t = rows(imm), rows(here), rows(jumps), rows(room)
    for p in range(imm.shape[0]):
        for s in range(imm.shape[2]):
            add(here[:, s], imm[p, :, s], False, sum_of(t.sum))
            on_slots(t.sum, addresses, t, jumps[p, :, s])


@entry
def lead_back(imm, here, addresses, _temperature, d_jumps, d_imm, room, d_room):
    """Adds to d_imm, given d_jumps; both as in `lead`."""
    imm, here, d_jumps, d_imm = rows(imm), rows(here), rows(d_jumps), rows(d_imm)
    t, d_t = rows(room), rows(d_room)
    for p in range(imm.shape[0]):
        for s in range(imm.shape[2]):
            add(here[:, s], imm[p, :, s], False, sum_of(t.sum))
            clear(d_t.sum)
            on_slots_back(t.sum, addresses, t, d_jumps[p, :, s], d_t.sum)
            add_back(here[:, s], imm[p, :, s], False, sum_of(t.sum), sum_of(d_t.sum), d_t.word, d_imm[p, :, s])
