"""Words as real numbers: what is exact at integers, and sigmoids at the temperature; each with its derivative.

As `backends/jax_tensor/value.py` defines it: a word is a number in [0, 2^32), float64.
"""

from backends.gpu_compute.compiling import inlined
from backends.gpu_compute.soft.lanes import bits_of, floor, from_bits, nearest, where

WORD, SIGN, HALF = 2.0**32, 2.0**31, 2.0**16
_SHIFT, _LOG2_E, _LN2_HIGH, _LN2_LOW = 2.0**52, 1.4426950408889634, 0.693147180369123816490, 1.90821492927058770002e-10
_LEAST = -708.0  # exp of it is still a normal number
_INVERSE_FACTORIALS = (
    1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
    1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0,
)  # fmt: skip


@inlined
def modulo(x, power):
    """x modulo a power of two, exactly."""
    return x - power * floor(x * (1.0 / power))


@inlined
def integer(x):
    """The nearest word, as an integer."""
    return bits_of(modulo(nearest(x), WORD) + _SHIFT) & 0xFFFFFFFF


@inlined
def signed(x):
    return where(x >= SIGN, x - WORD, x)


@inlined
def exponential(x):
    """exp of numbers up to 0, to the last bit or two: a power of two times the series up to the 13th power."""
    x = where(x < _LEAST, _LEAST, x)
    power = nearest(x * _LOG2_E)
    rest = x - power * _LN2_HIGH - power * _LN2_LOW
    series = 0.0 * x
    for coefficient in _INVERSE_FACTORIALS:
        series = series * rest + coefficient
    return series * from_bits(bits_of(power + (1.5 * _SHIFT + 1023.0)) << 52)


@inlined
def sigmoid(x, temperature):
    """1 / (1 + exp(-x / T)); at temperature 0 whether x is positive."""
    if temperature > 0.0:
        scaled = x / temperature
        positive = scaled >= 0.0
        power = exponential(where(positive, -scaled, scaled))
        return where(positive, 1.0, power) / (1.0 + power)
    return where(x > 0.0, 1.0, 0.0 * x)


@inlined
def slope(mass, temperature):
    """The derivative of a sigmoid that has this value."""
    return mass * (1.0 - mass) / temperature if temperature > 0.0 else 0.0 * mass


@inlined
def cell(distance, temperature):
    """The mass on an integer of a number at this distance from it, and its derivative."""
    above, below = sigmoid(distance + 0.5, temperature), sigmoid(distance - 0.5, temperature)
    return above - below, slope(above, temperature) - slope(below, temperature)


@inlined
def multiply(a, b):
    """The product modulo 2^32; no partial product exceeds 2^33, so at integers nothing is rounded."""
    high_a, high_b = floor(a / HALF), floor(b / HALF)
    low_a, low_b = a - HALF * high_a, b - HALF * high_b
    middle = modulo(high_a * low_b + low_a * high_b, HALF)
    return modulo(low_a * low_b + HALF * middle, WORD)
