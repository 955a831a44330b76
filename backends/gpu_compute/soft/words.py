"""Sums, differences, orders and logic on words of expected bits, and the operations made of them; with the adjoints."""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.compiling import inlined
from backends.gpu_compute.soft import names
from backends.gpu_compute.soft.carries import BITS, add, add_back, sum_of
from backends.gpu_compute.soft.independent import product, product_back
from backends.gpu_compute.soft.layout import ONWARD, TRAPPED, WRITTEN, Sizes, clear
from backends.gpu_compute.soft.names import ADD, ADDI, AUIPC, COMPUTING, LUI, SUB

AB, AI, HI, OFFSET = range(4)


class Words(NamedTuple):
    """sums `[4, 65, K]`: of a and b, of a and imm, of here and imm, and the address in memory; differences `[2, 65, K]`: of a
    and b, of a and imm; each word and carries. orders `[2, 2, K]`: less, less unsigned, of both differences. equal `[65, K]`:
    factors of equality, and their products. Or cotangents."""

    sums: np.ndarray
    differences: np.ndarray
    orders: np.ndarray
    equal: np.ndarray

    @classmethod
    def of(cls, sizes: Sizes) -> "Words":
        z = sizes.zeros
        return cls(z(4, 2 * BITS + 1), z(2, 2 * BITS + 1), z(2, 2), z(2 * BITS + 1))


@inlined
def combine(program, f, w):
    """The sums, differences and conditions that the program needs."""
    if program.groups[names.SUM_AB]:
        add(f.a, f.b, False, sum_of(w.sums[AB]))
    if program.groups[names.SUM_AI]:
        add(f.a, f.imm, False, sum_of(w.sums[AI]))
    if program.groups[names.SUM_HI]:
        add(f.here, f.imm, False, sum_of(w.sums[HI]))
    if program.groups[names.DIFFERENCE_AB]:
        compare(f.a, f.b, sum_of(w.differences[AB]), w.orders[AB])
    if program.groups[names.DIFFERENCE_AI]:
        compare(f.a, f.imm, sum_of(w.differences[AI]), w.orders[AI])
    if program.groups[names.EQUALITY]:
        for k in range(len(f.a)):
            w.equal[k] = 1.0 - f.a[k] - f.b[k] + 2.0 * (f.a[k] * f.b[k])
        product(w.equal, len(f.a), w.equal[BITS:])


@inlined
def combine_back(program, f, w, d_f, d_w):
    """Adds the cotangents of a, b, imm and here, given those of what was combined."""
    if program.groups[names.SUM_AB]:
        add_back(f.a, f.b, False, sum_of(w.sums[AB]), sum_of(d_w.sums[AB]), d_f.a, d_f.b)
    if program.groups[names.SUM_AI]:
        add_back(f.a, f.imm, False, sum_of(w.sums[AI]), sum_of(d_w.sums[AI]), d_f.a, d_f.imm)
    if program.groups[names.SUM_HI]:
        add_back(f.here, f.imm, False, sum_of(w.sums[HI]), sum_of(d_w.sums[HI]), d_f.here, d_f.imm)
    if program.groups[names.DIFFERENCE_AB]:
        compare_back(f.a, f.b, w.differences[AB], d_w.differences[AB], d_w.orders[AB], d_f.a, d_f.b)
    if program.groups[names.DIFFERENCE_AI]:
        compare_back(f.a, f.imm, w.differences[AI], d_w.differences[AI], d_w.orders[AI], d_f.a, d_f.imm)


@inlined
def equal_back(f, w, d_equal, d_f):
    """Adds the cotangents of a and b, given that of the expectation that they are equal."""
    factors = w.equal[:BITS]
    product_back(factors, len(f.a), w.equal[BITS:], d_equal, factors)
    for k in range(len(f.a)):
        d_f.a[k] += factors[k] * (2.0 * f.b[k] - 1.0)
        d_f.b[k] += factors[k] * (2.0 * f.a[k] - 1.0)


@inlined
def compare(x, y, difference, orders):
    """The difference x - y, and the expectations that x < y, signed and unsigned, from its last carry: with both sign bits
    flipped that is of the signed order."""
    add(x, y, True, difference)
    p, q = x[BITS - 1], y[BITS - 1]
    propagate = 1.0 - p - q + 2.0 * (p * q)
    orders[0] = 1.0 - ((1.0 - p) * q + propagate * difference.carries[BITS - 1])
    orders[1] = 1.0 - difference.carries[BITS]


@inlined
def compare_back(x, y, row, d_row, d_orders, d_x, d_y):
    difference, d_difference = sum_of(row), sum_of(d_row)
    p, q, carry, d_signed = x[BITS - 1], y[BITS - 1], difference.carries[BITS - 1], -d_orders[0]
    d_x[BITS - 1] += d_signed * (carry * (2.0 * q - 1.0) - q)
    d_y[BITS - 1] += d_signed * (carry * (2.0 * p - 1.0) + 1.0 - p)
    d_difference.carries[BITS - 1] += d_signed * (1.0 - p - q + 2.0 * (p * q))
    d_difference.carries[BITS] -= d_orders[1]
    add_back(x, y, True, difference, d_difference, d_x, d_y)


@inlined
def operate(program, f, w, e):
    """Begins the effects with operations that compute a word by sums, differences, orders and logic."""
    mass = f.op[COMPUTING[0]]
    for n in range(1, len(COMPUTING)):
        mass += f.op[COMPUTING[n]]
    e.masses[WRITTEN], e.masses[ONWARD], e.masses[TRAPPED] = mass, mass, 0.0 * mass
    for k in range(len(f.a)):
        e.word[k] = f.op[LUI] * f.imm[k]
    for n, row in ((ADD, w.sums[AB]), (ADDI, w.sums[AI]), (AUIPC, w.sums[HI]), (SUB, w.differences[AB])):
        if program.used[n]:
            for k in range(len(f.a)):
                e.word[k] += f.op[n] * row[k]
    for form in range(2):
        if program.groups[names.DIFFERENCE_AB + form]:
            for order in range(2):
                e.word[0] += f.op[names.ORDERS[form, order]] * w.orders[form, order]
        if program.groups[names.LOGIC_B + form]:
            logic(f, names.LOGIC[form], f.imm if form else f.b, e)


@inlined
def operate_back(program, f, w, d, d_w):
    """Adds to the cotangents of what `operate` reads, given those of the effects."""
    d_mass = d.e.masses[WRITTEN] + d.e.masses[ONWARD]
    for n in range(len(COMPUTING)):
        d.f.op[COMPUTING[n]] += d_mass
    d_lui = d.f.op[LUI]
    for k in range(len(f.a)):
        d_lui += d.e.word[k] * f.imm[k]
        d.f.imm[k] += d.e.word[k] * f.op[LUI]
    d.f.op[LUI] = d_lui
    for n, row, d_row in (
        (ADD, w.sums[AB], d_w.sums[AB]),
        (ADDI, w.sums[AI], d_w.sums[AI]),
        (AUIPC, w.sums[HI], d_w.sums[HI]),
        (SUB, w.differences[AB], d_w.differences[AB]),
    ):
        if program.used[n]:
            d_op = d.f.op[n]
            for k in range(len(f.a)):
                d_op += d.e.word[k] * row[k]
                d_row[k] += d.e.word[k] * f.op[n]
            d.f.op[n] = d_op
    for form in range(2):
        if program.groups[names.DIFFERENCE_AB + form]:
            for order in range(2):
                n = names.ORDERS[form, order]
                d.f.op[n] += d.e.word[0] * w.orders[form, order]
                d_w.orders[form, order] += d.e.word[0] * f.op[n]
        if program.groups[names.LOGIC_B + form]:
            logic_back(f, names.LOGIC[form], f.imm if form else f.b, d, d.f.imm if form else d.f.b)


@inlined
def logic(f, columns, b, e):
    """All three are linear in a + b and a b."""
    both, any_, odd = f.op[columns[0]], f.op[columns[1]], f.op[columns[2]]
    by_sum, by_product = any_ + odd, both - any_ - 2.0 * odd
    for k in range(len(f.a)):
        e.word[k] += by_sum * (f.a[k] + b[k]) + by_product * (f.a[k] * b[k])


@inlined
def logic_back(f, columns, b, d, d_b):
    both, any_, odd = f.op[columns[0]], f.op[columns[1]], f.op[columns[2]]
    by_sum, by_product = any_ + odd, both - any_ - 2.0 * odd
    d_sum, d_product = 0.0 * both, 0.0 * both
    for k in range(len(f.a)):
        g = d.e.word[k]
        d_sum += g * (f.a[k] + b[k])
        d_product += g * (f.a[k] * b[k])
        d.f.a[k] += g * (by_sum + by_product * b[k])
        d_b[k] += g * (by_sum + by_product * f.a[k])
    d.f.op[columns[0]] += d_product
    d.f.op[columns[1]] += d_sum - d_product
    d.f.op[columns[2]] += d_sum - 2.0 * d_product


@inlined
def clear_words(d_w):
    """Cotangents begin at zero."""
    for i in range(4):
        clear(d_w.sums[i])
    for i in range(2):
        clear(d_w.differences[i])
        clear(d_w.orders[i])
