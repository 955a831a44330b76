"""Operations on words that are real numbers, exact on the rounded operands, with the derivatives that `jax_tensor` gives."""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.compiling import inlined
from backends.gpu_compute.soft import names
from backends.gpu_compute.soft.lanes import as_real, ones, truncated, where
from backends.gpu_compute.soft.layout import ONWARD, TRAPPED, WRITTEN, Sizes, clear
from backends.gpu_compute.soft.names import ADD, ADDI, AUIPC, COMPUTING, LUI, MULTIPLY_DIVIDE, SUB
from backends.gpu_compute.soft.numbers import WORD, cell, integer, modulo, multiply, sigmoid, signed, slope
from backends.gpu_compute.soft.vertex import operation

AB, AI, HI = range(3)
_ONES = 0xFFFFFFFF


class Words(NamedTuple):
    """sums `[3, K]`: of a and b, of a and imm, of here and imm; differences `[2, K]`: of a and b, of a and imm. orders `[2, 2,
    K]`: less, less unsigned, of both differences. equal `[2, K]`: mass, and its derivative. Or cotangents."""

    sums: np.ndarray
    differences: np.ndarray
    orders: np.ndarray
    equal: np.ndarray

    @classmethod
    def of(cls, sizes: Sizes) -> "Words":
        return cls(sizes.zeros(3), sizes.zeros(2), sizes.zeros(2, 2), sizes.zeros(2))


@inlined
def combine(program, f, w):
    """The sums, differences and conditions that the program needs."""
    a, imm, t = f.a[0], f.imm[0], program.temperature
    w.sums[AB], w.sums[AI] = modulo(a + f.b[0], WORD), modulo(a + imm, WORD)
    w.sums[HI] = modulo(f.here[0] + imm, WORD)
    for form in range(2):
        y = imm if form else f.b[0]
        w.differences[form] = modulo(a - y, WORD)
        if program.groups[names.DIFFERENCE_AB + form]:
            w.orders[form, 0] = sigmoid(signed(y) - signed(a) - 0.5, t)
            w.orders[form, 1] = sigmoid(y - a - 0.5, t)
    if program.groups[names.EQUALITY]:
        w.equal[0], w.equal[1] = cell(a - f.b[0], t)


@inlined
def combine_back(program, f, w, d_f, d_w):
    """Adds the cotangents of a, b, imm and here; wrapping has derivative 1."""
    d_a, d_b, d_imm = d_f.a[0], d_f.b[0], d_f.imm[0]
    d_a += d_w.sums[AB] + d_w.sums[AI] + d_w.differences[0] + d_w.differences[1]
    d_b += d_w.sums[AB] - d_w.differences[0]
    d_imm += d_w.sums[AI] + d_w.sums[HI] - d_w.differences[1]
    for form in range(2):
        if program.groups[names.DIFFERENCE_AB + form]:
            d_order = 0.0 * d_a
            for order in range(2):
                d_order += d_w.orders[form, order] * slope(w.orders[form, order], program.temperature)
            d_a -= d_order
            if form:
                d_imm += d_order
            else:
                d_b += d_order
    d_f.a[0], d_f.b[0], d_f.imm[0] = d_a, d_b, d_imm
    d_f.here[0] += d_w.sums[HI]


@inlined
def operate(program, f, w, e):
    """Begins the effects with all operations that compute a word."""
    mass = f.op[COMPUTING[0]]
    for n in range(1, len(COMPUTING)):
        mass += f.op[COMPUTING[n]]
    e.masses[WRITTEN], e.masses[ONWARD], e.masses[TRAPPED] = mass, mass, 0.0 * mass
    word = f.op[LUI] * f.imm[0] + f.op[ADD] * w.sums[AB] + f.op[ADDI] * w.sums[AI]
    word += f.op[AUIPC] * w.sums[HI] + f.op[SUB] * w.differences[0]
    a, x = f.a[0], integer(f.a[0])
    for form in range(2):
        y = integer(f.imm[0] if form else f.b[0])
        if program.groups[names.DIFFERENCE_AB + form]:
            for order in range(2):
                word += f.op[names.ORDERS[form, order]] * w.orders[form, order]
        for kind in range(3):
            if program.groups[names.LOGIC_B + form]:
                word += f.op[names.LOGIC[form, kind]] * as_real(logic(kind, x, y))
            if program.groups[names.SHIFTS_B + form]:
                word += f.op[names.SHIFTS[form, kind]] * as_real(shift(kind, x, y & 31))
    y = integer(f.b[0])
    for n in range(len(MULTIPLY_DIVIDE)):
        if program.used[MULTIPLY_DIVIDE[n]]:
            word += f.op[MULTIPLY_DIVIDE[n]] * (multiply(a, f.b[0]) if n == names.MUL else as_real(operation(n, x, y)))
    e.word[0] = word


@inlined
def operate_back(program, f, w, d, d_w):
    """Adds to the cotangents of what `operate` reads, given those of the effects."""
    g, d_mass = d.e.word[0], d.e.masses[WRITTEN] + d.e.masses[ONWARD]
    for n in range(len(COMPUTING)):
        d.f.op[COMPUTING[n]] += d_mass
    d.f.op[LUI] += g * f.imm[0]
    d.f.imm[0] += g * f.op[LUI]
    for n, row, d_row, i in ((ADD, w.sums, d_w.sums, AB), (ADDI, w.sums, d_w.sums, AI), (AUIPC, w.sums, d_w.sums, HI)):
        d.f.op[n] += g * row[i]
        d_row[i] += g * f.op[n]
    d.f.op[SUB] += g * w.differences[0]
    d_w.differences[0] += g * f.op[SUB]
    for form in range(2):
        if program.groups[names.DIFFERENCE_AB + form]:
            for order in range(2):
                n = names.ORDERS[form, order]
                d.f.op[n] += g * w.orders[form, order]
                d_w.orders[form, order] += g * f.op[n]
        bitwise_back(program, f, d, form)
    multiply_divide_back(program, f, d)


@inlined
def logic(kind, x, y):
    return (x & y) if kind == 0 else ((x | y) if kind == 1 else (x ^ y))


@inlined
def shift(kind, x, amount):
    """x toward the highest bit, the lowest, or that with its sign."""
    if kind == 0:
        return (x << amount) & _ONES
    flipped = 0 - (x >> 31) if kind == 2 else x & 0
    return ((((x ^ flipped) & _ONES) >> amount) ^ flipped) & _ONES


@inlined
def bitwise_back(program, f, d, form):
    """Logic and shifts: the derivative through their bits, in closed form."""
    g, x, y = d.e.word[0], integer(f.a[0]), integer(f.imm[0] if form else f.b[0])
    d_a, d_y = 0.0 * g, 0.0 * g
    for kind in range(3):
        if program.groups[names.LOGIC_B + form]:
            n = names.LOGIC[form, kind]
            by_a, by_y = logic_slope(kind, y), logic_slope(kind, x)
            d.f.op[n] += g * as_real(logic(kind, x, y))
            d_a += g * f.op[n] * by_a
            d_y += g * f.op[n] * by_y
        if program.groups[names.SHIFTS_B + form]:
            n = names.SHIFTS[form, kind]
            by_a, by_y = shift_slopes(kind, x, y)
            d.f.op[n] += g * as_real(shift(kind, x, y & 31))
            d_a += g * f.op[n] * by_a
            d_y += g * f.op[n] * by_y
    d.f.a[0] += d_a
    if form:
        d.f.imm[0] += d_y
    else:
        d.f.b[0] += d_y


@inlined
def logic_slope(kind, other):
    """A bit of the result depends on that of one operand where the other has a one, or a zero."""
    share = as_real(ones(other)) * (1.0 / 32.0)
    return share if kind == 0 else (1.0 - share if kind == 1 else 1.0 - 2.0 * share)


@inlined
def shift_slopes(kind, x, y):
    """By the word: the bits that stay move, and the sign fills more. By the amount: what each of its bits does."""
    amount = y & 31
    power, stay = as_real((amount & 0) + 1 << amount), (32.0 - as_real(amount)) * (1.0 / 32.0)
    by_word = stay * power if kind == 0 else stay / power
    if kind == 2:
        by_word += (2.0 - 2.0 / power) * (1.0 / 32.0)
    by_amount = 0.0 * by_word
    for i in range(5):
        on, off = shift(kind, x, amount | 1 << i), shift(kind, x, amount & (31 - (1 << i)))
        by_amount += (as_real(on) - as_real(off)) * (1.0 / (32 << i))
    return by_word, by_amount


@inlined
def multiply_divide_back(program, f, d):
    a, b, g = f.a[0], f.b[0], d.e.word[0]
    x, y = integer(a), integer(b)
    for n in range(len(MULTIPLY_DIVIDE)):
        if program.used[MULTIPLY_DIVIDE[n]]:
            by_a, by_b = slopes(n, a, b)
            mass = f.op[MULTIPLY_DIVIDE[n]]
            d.f.op[MULTIPLY_DIVIDE[n]] += g * (multiply(a, b) if n == names.MUL else as_real(operation(n, x, y)))
            d.f.a[0] += g * mass * by_a
            d.f.b[0] += g * mass * by_b


@inlined
def slopes(n, a, b):
    """Derivatives of the relaxed operation on signed or unsigned values; by zero those of a constant, or of the dividend."""
    if n == names.MUL:
        return b, a
    if n in (names.MULH, names.MULHSU, names.DIV, names.REM):
        a = signed(a)
    if n in (names.MULH, names.DIV, names.REM):
        b = signed(b)
    if n <= names.MULHU:
        return b * (1.0 / WORD), a * (1.0 / WORD)
    zero = where(b < 0.0, -b, b) < 0.5
    divisor = where(zero, 1.0, b)
    ratio = where(zero, 0.0, a / divisor)
    if n >= names.REM:
        return 1.0 + 0.0 * a, -truncated(ratio)
    return where(zero, 0.0, 1.0 / divisor), where(zero, 0.0, -ratio / divisor)


@inlined
def clear_words(d_w):
    """Cotangents begin at zero."""
    clear(d_w.sums)
    clear(d_w.differences)
    clear(d_w.orders[0])
    clear(d_w.orders[1])
