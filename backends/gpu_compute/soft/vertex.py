"""Multiply and divide on words of expected bits: the vertex expansion of `backends/core/soft.py`, and its adjoint.

At the nearest vertex an operation is exact; each of its 64 neighbours says which bits of the result one flip of an operand's
bit flips, and each bit of the result moves by the sum of the distances of the operands' bits that flip it.
"""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.compiling import inlined
from backends.gpu_compute.soft.carries import BITS
from backends.gpu_compute.soft.lanes import as_real, as_word, high_half, kept_where_bit, quotient, where
from backends.gpu_compute.soft.layout import Sizes
from backends.gpu_compute.soft.names import DIV, MUL, MULH, MULHU, MULTIPLY_DIVIDE, REM

_ONES, _SIGN = 0xFFFFFFFF, 31


class Vertex(NamedTuple):
    """distances `[64, K]` of the bits of a and b from the vertex. flips `[64, K]`: words of an operation that flip with each of
    them. vertex `[2, K]` words. moves `[8, 32, K]`: of each operation, by how much each bit moves; starts `[8, K]`: its word at
    the vertex. toward `[32, K]`: cotangents of moves."""

    distances: np.ndarray
    flips: np.ndarray
    vertex: np.ndarray
    moves: np.ndarray
    starts: np.ndarray
    toward: np.ndarray

    @classmethod
    def of(cls, sizes: Sizes) -> "Vertex":
        z, words = sizes.zeros, np.dtype(f"u{sizes.dtype.itemsize}")
        flips, vertex, starts = (np.zeros((n, sizes.lanes), words) for n in (2 * BITS, 2, len(MULTIPLY_DIVIDE)))
        return cls(z(2 * BITS), flips, vertex, z(len(MULTIPLY_DIVIDE), BITS), starts, z(BITS))


@inlined
def negated(x, sign):
    """-x modulo 2^32 where the sign is 1, else x."""
    return ((x ^ (0 - sign)) + sign) & _ONES


@inlined
def high(function, x, y):
    """The high word of a product: mulh and mulhsu take an operand from it for each that is negative."""
    word = high_half(x, y)
    if function != MULHU:
        word = word - y * (x >> _SIGN)
    if function == MULH:
        word = word - x * (y >> _SIGN)
    return word & _ONES


@inlined
def divided(function, x, y):
    """Quotients and remainders; signed ones are those of the magnitudes, with a sign. By 0: all ones, and the dividend."""
    remains = function >= REM
    one = y - y + 1
    sign_x, sign_y = one - one, one - one
    if function in (DIV, REM):
        sign_x, sign_y = x >> _SIGN, y >> _SIGN
    magnitude, divisor = negated(x, sign_x), negated(y, sign_y)
    ratio = quotient(magnitude, where(divisor == 0, one, divisor))
    if remains:
        return where(divisor == 0, x, negated(magnitude - ratio * divisor, sign_x))
    return where(divisor == 0, one * _ONES, negated(ratio, sign_x ^ sign_y))


@inlined
def operation(function, x, y):
    """The word that an operation gives."""
    if function == MUL:
        return (x * y) & _ONES
    if function <= MULHU:
        return high(function, x, y)
    return divided(function, x, y)


@inlined
def neighbours(function, v):
    """The word of an operation at the vertex, and what each flip of a bit of the operands changes in it."""
    a, b = v.vertex[0], v.vertex[1]
    one, start = a - a + 1, operation(function, a, b)
    v.starts[function] = start
    for j in range(len(v.toward)):
        v.flips[j] = operation(function, a ^ (one << j), b) ^ start
        v.flips[BITS + j] = operation(function, a, b ^ (one << j)) ^ start


@inlined
def vertex_of(f, v):
    """The vertex nearest to a and b, and how far each bit is from it."""
    for side in range(2):
        word = v.vertex[0] & 0
        x = f.b if side else f.a
        for k in range(len(x)):
            above = x[k] > 0.5
            word = word | as_word(above, x[k]) << k
            v.distances[BITS * side + k] = where(above, 1.0 - x[k], x[k])
        v.vertex[side] = word


@inlined
def moved(v, moves):
    """By how much each bit of the result moves; four bits at a time, so that sums need not wait for each other."""
    nothing = 0.0 * v.distances[0]
    for k in range(0, len(moves), 4):
        m0, m1, m2, m3 = nothing, nothing, nothing, nothing
        for j in range(len(v.flips)):
            flips, distance = v.flips[j], v.distances[j]
            m0 += kept_where_bit(flips, k, distance)
            m1 += kept_where_bit(flips, k + 1, distance)
            m2 += kept_where_bit(flips, k + 2, distance)
            m3 += kept_where_bit(flips, k + 3, distance)
        moves[k], moves[k + 1], moves[k + 2], moves[k + 3] = m0, m1, m2, m3


@inlined
def multiply_divide(program, f, v, e):
    """Adds the operations to the word."""
    vertex_of(f, v)
    for n in range(len(MULTIPLY_DIVIDE)):
        if program.used[MULTIPLY_DIVIDE[n]]:
            neighbours(n, v)
            moved(v, v.moves[n])
            for k in range(len(v.toward)):
                e.word[k] += f.op[MULTIPLY_DIVIDE[n]] * result(v.starts[n], k, v.moves[n, k])


@inlined
def result(start, k, move):
    """A bit of a result."""
    bit = as_real(start >> k & 1)
    return bit + (1.0 - 2.0 * bit) * where(move > 1.0, 1.0, move)


@inlined
def multiply_divide_back(program, f, v, d):
    """Adds the cotangents of a, b and masses, given that of the word."""
    for n in range(len(MULTIPLY_DIVIDE)):
        if program.used[MULTIPLY_DIVIDE[n]]:
            mass, d_mass = f.op[MULTIPLY_DIVIDE[n]], d.f.op[MULTIPLY_DIVIDE[n]]
            for k in range(len(v.toward)):
                move, g = v.moves[n, k], d.e.word[k]
                d_mass += g * result(v.starts[n], k, move)
                away = where(move > 1.0, 0.0, mass * g)
                v.toward[k] = where((v.starts[n] >> k & 1) == 1, -away, away)
            d.f.op[MULTIPLY_DIVIDE[n]] = d_mass
            neighbours(n, v)
            pulled(v, d.f)


@inlined
def pulled(v, d_f):
    """Adds the cotangents of a and b, given those of the moves; four bits of them at a time."""
    nothing = 0.0 * v.toward[0]
    for side in range(2):
        d_x, vertex = d_f.b if side else d_f.a, v.vertex[side]
        for j in range(0, len(v.toward), 4):
            d0, d1, d2, d3 = nothing, nothing, nothing, nothing
            first = BITS * side + j
            for k in range(len(v.toward)):
                toward = v.toward[k]
                d0 += kept_where_bit(v.flips[first], k, toward)
                d1 += kept_where_bit(v.flips[first + 1], k, toward)
                d2 += kept_where_bit(v.flips[first + 2], k, toward)
                d3 += kept_where_bit(v.flips[first + 3], k, toward)
            d_x[j] += away_from(vertex, j, d0)
            d_x[j + 1] += away_from(vertex, j + 1, d1)
            d_x[j + 2] += away_from(vertex, j + 2, d2)
            d_x[j + 3] += away_from(vertex, j + 3, d3)


@inlined
def away_from(vertex, j, d_distance):
    return where((vertex >> j & 1) == 1, -d_distance, d_distance)
