r"""Relaxation `value`: a word is one real number in [0, 2^32), a byte one in [0, 256). float64 holds every word exactly.

T is the temperature; S(x) = 1 / (1 + exp(-x / T)), at T = 0 the step x > 0. The cell of an integer n is
C(x - n) = S(x - n + 1/2) - S(x - n - 1/2): the mass that x, with logistic noise of width T, has on n once it is rounded. The
cells of all integers add up to 1, and at T = 0 an integer lies in its own cell only.

| operation | forward | backward |
|---|---|---|
| add, sub | a + b, a - b of the reals, wrapped into [0, 2^32) | 1, +-1: wrapping has derivative 1 |
| mul | a b of the reals, wrapped, exact at integers by 16-bit halves | b, a |
| mulh, mulhsu, mulhu | exact high word of the rounded operands | that of a b / 2^32 on signed or unsigned values |
| div, divu | exact on the rounded operands | that of a / b on their values: 1 / b, -a / b^2; by zero 0 |
| rem, remu | exact on the rounded operands | that of a - q b with the quotient q held: 1, -q; by zero 1, 0 |
| and, or, xor, sll, srl, sra | through the bits of the rounded operands, as in `bits.py` | through the bits, see below |
| slt, sltu, blt, bltu, ... | S(b - a - 1/2) on signed or unsigned values | its derivative |
| beq, bne | C(a - b) | its derivative |
| address, jump target | mass C(x - n) on byte or slot n; beyond memory and slots it traps | its derivative |
| multiple of 4 | C of the distance to the nearest multiple | its derivative |
| bit 0 cleared | exact | 1 |
| load | mean of the words at each offset, sum of 256^k byte_k; sign extension is a wrap | linear in bytes and masses |
| store | bytes of the rounded word | see below |

Going to digits (32 bits, or the bytes that a store needs) is straight-through: a digit of place value p, one of D, is exact
forward and has the derivative 1 / (D p), so that each digit answers for an equal share and digits put together again have
derivative 1. The signed value of a word a is a - 2^32 from 2^31 on, with derivative 1. Selections are those of `bits`, and an
immediate is the sum of 2^j times its bits' expectations.
"""

from collections.abc import Collection

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from backends.jax_tensor import bits
from backends.jax_tensor.algebra import Algebra, Integers, mean, window
from backends.jax_tensor.datapath import ALU

WORD, SIGN, HALF = 2.0**32, 2.0**31, 2.0**16
BITWISE = ("and", "or", "xor", "sll", "srl", "sra")


def straight_through(forward: jax.Array, backward: jax.Array) -> jax.Array:
    """`forward`, exactly, with the derivative of `backward`."""
    return lax.stop_gradient(forward) + (backward - lax.stop_gradient(backward))


def wrap(x: jax.Array) -> jax.Array:
    """x modulo 2^32, with derivative 1."""
    return straight_through(jnp.mod(x, WORD), x)


def integer(x: jax.Array) -> jax.Array:
    """The nearest word, uint32."""
    return lax.stop_gradient(jnp.mod(jnp.round(x), WORD)).astype(jnp.uint32)


def signed(x: jax.Array) -> jax.Array:
    return jnp.where(x >= SIGN, x - WORD, x)


def multiply(a: jax.Array, b: jax.Array) -> jax.Array:
    """The product modulo 2^32. No partial product exceeds 2^33, so at integers nothing is rounded."""
    high_a, high_b = jnp.floor(a / HALF), jnp.floor(b / HALF)
    low_a, low_b = a - HALF * high_a, b - HALF * high_b
    middle = jnp.mod(high_a * low_b + low_a * high_b, HALF)
    return straight_through(jnp.mod(low_a * low_b + HALF * middle, WORD), a * b)


def digits(x: jax.Array, count: int, base: int) -> jax.Array:
    """The lowest `count` digits `[count, ...]` of the rounded word, straight-through."""
    places = np.uint32(base) ** np.arange(count, dtype=np.uint32).reshape(count, *(1,) * x.ndim)
    exact = integer(x) // places & np.uint32(base - 1)
    return straight_through(exact.astype(x.dtype), x / (count * places.astype(np.float64)))


def _quotient(a: jax.Array, b: jax.Array) -> jax.Array:
    """a / b, and a constant where b rounds to zero."""
    zero = jnp.abs(b) < 0.5
    return jnp.where(zero, 0.0, a / jnp.where(zero, 1.0, b))


def multiply_divide(name: str, a: jax.Array, b: jax.Array) -> jax.Array:
    """Exact on the rounded operands; the derivative is that of the relaxed operation on their values."""
    exact = ALU[name](integer(a), integer(b)).astype(a.dtype)
    if name in ("mulh", "mulhsu", "div", "rem"):
        a = signed(a)
    if name in ("mulh", "div", "rem"):
        b = signed(b)
    if name.startswith("mul"):
        return straight_through(exact, a * b / WORD)
    quotient = _quotient(a, b)
    if name.startswith("div"):
        return straight_through(exact, quotient)
    return straight_through(exact, a - lax.stop_gradient(jnp.trunc(quotient)) * b)


class Value(Algebra):
    def _sigmoid(self, x: jax.Array) -> jax.Array:
        positive = jnp.where(self.temperature > 0, self.temperature, 1.0)
        return jnp.where(self.temperature > 0, jax.nn.sigmoid(x / positive), (x > 0).astype(self.dtype))

    def _cell(self, distance: jax.Array) -> jax.Array:
        return self._sigmoid(distance + 0.5) - self._sigmoid(distance - 0.5)

    @staticmethod
    def from_integers(values: Integers, width: int) -> Integers:
        return values

    def from_bits(self, bits: jax.Array) -> jax.Array:
        return mean(2.0 ** np.arange(32), bits)

    def add(self, a: jax.Array, b: jax.Array) -> jax.Array:
        return wrap(a + b)

    def results(self, names: Collection[str], a: jax.Array, b: jax.Array) -> dict[str, jax.Array]:
        simple = {
            "add": self.add,
            "sub": lambda a, b: wrap(a - b),
            "mul": multiply,
            "slt": lambda a, b: self._below(signed(a), signed(b)),
            "sltu": self._below,
        }
        results = {name: simple[name](a, b) for name in names if name in simple}
        bitwise = [name for name in names if name in BITWISE]
        if bitwise:
            words = bits.Bits(self.temperature).results(bitwise, digits(a, 32, 2), digits(b, 32, 2))
            results |= {name: mean(2.0 ** np.arange(32), words[name]) for name in bitwise}
        rest = [name for name in names if name not in results]
        return results | {name: multiply_divide(name, a, b) for name in rest}

    def _below(self, a: jax.Array, b: jax.Array) -> jax.Array:
        return self._sigmoid(b - a - 0.5)

    def conditions(self, names: Collection[str], a: jax.Array, b: jax.Array) -> dict[str, jax.Array]:
        return {
            "eq": self._cell(a - b),
            "lt": self._below(signed(a), signed(b)),
            "ltu": self._below(a, b),
        }

    def matches(self, word: jax.Array, words: jax.Array) -> jax.Array:
        return self._cell(word - words.astype(self.dtype).reshape(-1, *(1,) * word.ndim))

    def offsets(self, offset: jax.Array, size_bytes: int) -> jax.Array:
        return self._cell(offset - np.arange(size_bytes, dtype=np.float64).reshape(-1, *(1,) * offset.ndim))

    def aligned(self, address: jax.Array) -> jax.Array:
        return self._cell(address - lax.stop_gradient(4 * jnp.round(address / 4)))

    def even(self, address: jax.Array) -> jax.Array:
        return address - (integer(address) & 1)

    def load(self, weights: jax.Array, memory: jax.Array, width: int, signed: bool) -> jax.Array:
        words = sum(256.0**k * window(memory, k) for k in range(width))
        if signed:
            limit = 256.0**width
            words = jnp.where(words >= limit / 2, words + (WORD - limit), words)
        return mean(weights, words)

    def bytes(self, word: jax.Array, width: int) -> jax.Array:
        return digits(word, width, 256)
