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

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from backends.jax_tensor.algebra import BITWISE, MULTIPLY_DIVIDE, Algebra, Difference, Form, Integers, Pair, earlier
from backends.jax_tensor.sums import Term, mean, settled, total
from backends.jax_tensor.words import ALU

LOGIC = BITWISE[:3]
WORD, SIGN, HALF = 2.0**32, 2.0**31, 2.0**16


def straight_through(forward: jax.Array, backward: jax.Array) -> jax.Array:
    """`forward`, exactly, with the derivative of `backward`."""
    return lax.stop_gradient(forward) + (backward - lax.stop_gradient(backward))


def wrap(x: jax.Array) -> jax.Array:
    """x modulo 2^32, with derivative 1."""
    return straight_through(_modulo(x, WORD), x)


def _modulo(x: jax.Array, power: float) -> jax.Array:
    """x modulo a power of two, exactly; `jnp.mod` is a call for each number."""
    return x - power * jnp.floor(x / power)


def integer(x: jax.Array) -> jax.Array:
    """The nearest word, uint32."""
    return lax.stop_gradient(_modulo(jnp.round(x), WORD)).astype(jnp.uint32)


def signed(x: jax.Array) -> jax.Array:
    return jnp.where(x >= SIGN, x - WORD, x)


def multiply(a: jax.Array, b: jax.Array) -> jax.Array:
    """The product modulo 2^32. No partial product exceeds 2^33, so at integers nothing is rounded."""
    high_a, high_b = jnp.floor(a / HALF), jnp.floor(b / HALF)
    low_a, low_b = a - HALF * high_a, b - HALF * high_b
    middle = _modulo(high_a * low_b + low_a * high_b, HALF)
    return straight_through(_modulo(low_a * low_b + HALF * middle, WORD), a * b)


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


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def bitwise(name: str, a: jax.Array, b: jax.Array) -> jax.Array:
    """Exact on the rounded operands; the derivative is that through their bits, in closed form.

    The derivative of a result's bit k by an operand's bit j, times 2^k, shared out by 1 / (32 * 2^j), summed over both.
    """
    return ALU[name](integer(a), integer(b)).astype(a.dtype)


@bitwise.defjvp
def _bitwise_jvp(name, primals, tangents):
    x, y = (integer(p) for p in primals)
    slopes = (_logic_slopes if name in LOGIC else _shift_slopes)(name, x, y, primals[0].dtype)
    return bitwise(name, *primals), slopes[0] * tangents[0] + slopes[1] * tangents[1]


def _logic_slopes(name: str, x: jax.Array, y: jax.Array, dtype: np.dtype) -> Pair:
    """A bit of the result depends on the same bit of each operand: on as many as the other has ones, or zeros."""
    ones = [lax.population_count(word).astype(dtype) / 32 for word in (y, x)]
    change = {"and": lambda n: n, "or": lambda n: 1 - n, "xor": lambda n: 1 - 2 * n}[name]
    return change(ones[0]), change(ones[1])


def _shift_slopes(name: str, x: jax.Array, amount: jax.Array, dtype: np.dtype) -> Pair:
    """By the word: the 32 - s bits that stay move by s places, and the sign fills s more. By the amount: what each of
    its five bits, on instead of off, does to the result."""
    s = (amount & 31).astype(dtype)
    power = (np.uint32(1) << (amount & 31)).astype(dtype)
    by_word = (32 - s) / 32 * (power if name == "sll" else 1 / power)
    if name == "sra":
        by_word = by_word + (2 - 2 / power) / 32

    def shift(by: jax.Array) -> jax.Array:
        return ALU[name](x, by).astype(dtype)

    changes = [(shift(amount | 1 << i) - shift(amount & ~np.uint32(1 << i))) / (32 << i) for i in range(5)]
    return by_word, total(changes)


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
        return jnp.tensordot(2.0 ** np.arange(32), bits, axes=1, precision=lax.Precision.HIGHEST)

    def add(self, pairs: Sequence[Pair]) -> list[jax.Array]:
        return [wrap(a + b) for a, b in pairs]

    def subtract(self, pairs: Sequence[Pair]) -> list[Difference]:
        return [Difference(wrap(a - b), self._below(signed(a), signed(b)), self._below(a, b)) for a, b in pairs]

    def equal(self, a: jax.Array, b: jax.Array) -> jax.Array:
        return self._cell(a - b)

    def flag(self, bit: jax.Array) -> jax.Array:
        return bit

    def bitwise(self, a: jax.Array, forms: Sequence[Form]) -> list[Term]:
        return [(mass, bitwise(name, a, b)) for b, masses in forms for name, mass in masses.items() if name in BITWISE]

    def multiply_divide(self, a: jax.Array, forms: Sequence[Form]) -> list[Term]:
        return [
            (mass, multiply(a, b) if name == "mul" else multiply_divide(name, a, b))
            for b, masses in forms
            for name, mass in masses.items()
            if name in MULTIPLY_DIVIDE
        ]

    def _below(self, a: jax.Array, b: jax.Array) -> jax.Array:
        return self._sigmoid(b - a - 0.5)

    def matches(self, word: jax.Array, words: jax.Array) -> jax.Array:
        return self._cell(word - words.astype(self.dtype).reshape(-1, *(1,) * word.ndim))

    def offsets(self, offset: jax.Array, size_bytes: int) -> jax.Array:
        edges = np.arange(size_bytes + 1).reshape(-1, *(1,) * offset.ndim) - 0.5
        beyond = settled(self._sigmoid(offset - edges))  # of each edge between two cells, the mass above it
        return beyond[:-1] - beyond[1:]

    def aligned(self, address: jax.Array) -> jax.Array:
        return self._cell(address - lax.stop_gradient(4 * jnp.round(address / 4)))

    def even(self, address: jax.Array) -> jax.Array:
        return address - (integer(address) & 1)

    def load(self, covers: Sequence[jax.Array], signed: dict[int, jax.Array], memory: jax.Array) -> jax.Array:
        word = total([256.0**k * mean(weights, memory) for k, weights in enumerate(covers)])
        for width, weights in signed.items():
            limit = 256.0**width
            low = total([256.0**k * earlier(memory, k) for k in range(width)])
            word = word + mean(weights, jnp.where(low >= limit / 2, WORD - limit, 0.0))
        return word

    def bytes(self, word: jax.Array, width: int) -> jax.Array:
        return digits(word, width, 256)
