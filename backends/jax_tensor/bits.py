"""Relaxation `bits`: a word is 32 expectations of independent bits `[32, *b]`, lowest first.

The semantics is that of `backends/core/soft.py`, computed so that nothing is done twice. Carries ripple: the batch is what
is parallel here, and a ripple does the least work per word. All shifts by all amounts are one convolution of the word, since
a shift is linear in the mass of its amount. Multiply and divide are in `vertex.py`.

Sources: Kogge and Stone, A Parallel Algorithm for the Efficient Solution of a General Class of Recurrence Equations (1973);
Petersen et al., Deep Differentiable Logic Gate Networks (2022).
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from backends.jax_tensor import vertex
from backends.jax_tensor.algebra import BITWISE, MULTIPLY_DIVIDE, Algebra, Difference, Form, Integers, Pair, earlier
from backends.jax_tensor.sums import Term, alone, apart, derived, mean, outer, settled, total, unstack

LOGIC, SHIFTS = BITWISE[:3], BITWISE[3:]


def xor(a: jax.Array, b: jax.Array) -> jax.Array:
    return a + b - 2 * a * b


@jax.custom_vjp
def ripple(generate: jax.Array, propagate: jax.Array, carry: jax.Array) -> jax.Array:
    """Carries `[33, *b]` into each bit and out of the last: the next is generate + propagate times this one."""
    out, into = lax.scan(lambda c, x: (x[0] + x[1] * c, c), carry, (generate, propagate))
    return jnp.concatenate([into, out[None]])


def _ripple_forward(generate, propagate, carry):
    carries = ripple(generate, propagate, carry)
    return carries, (propagate, carries)


def _ripple_backward(saved, g):
    """The derivatives by the carries ripple down."""
    propagate, carries = saved
    slopes = ripple(g[-2::-1], propagate[::-1], g[-1])[::-1]
    return slopes[1:], slopes[1:] * carries[:-1], slopes[0]


ripple.defvjp(_ripple_forward, _ripple_backward)


def add(a: jax.Array, b: jax.Array, carry: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Sum bits `[32, *b]`, and the carries `[2, *b]` into the highest bit and out of it."""
    propagate = xor(a, b)
    carries = ripple(a * b, propagate, carry)
    return xor(propagate, carries[:-1]), carries[-2:]


def side_by_side(words: Sequence[jax.Array]) -> jax.Array:
    return jnp.stack(jnp.broadcast_arrays(*words), axis=1)


@alone
def product(x: jax.Array) -> jax.Array:
    """Product over the first axis, by halving: gradients without division."""
    while len(x) > 1:
        half = len(x) // 2
        rest = x[2 * half :]
        x = jnp.concatenate([x[:half] * x[half : 2 * half], rest]) if len(rest) else x[:half] * x[half:]
    return x[0]


@alone
def choices(bits: jax.Array) -> jax.Array:
    """The mass `[2^n, *b]` of each number of n independent bits `[n, *b]`."""
    masses = jnp.ones_like(bits[:1])
    for bit in bits:  # becomes the highest
        masses = jnp.concatenate([masses * (1 - bit), masses * bit])
    return masses


def _convolve_back(saved, g):
    (x, w), around = saved, ((31, 31),) + ((0, 0),) * (g.ndim - 1)
    back, padded = apart(lambda w, g: (w[::-1], jnp.pad(g, around)))(w, g)
    dx = apart(lambda g, back: total([g[k] * back[31 - k : 63 - k] for k in range(32)]))(g, back)
    return dx, apart(lambda x, padded: total([x[j] * padded[j : j + 63] for j in range(32)]))(x, padded)


convolve = derived(apart(lambda x, w: total([x[j] * w[31 - j : 63 - j] for j in range(32)])), _convolve_back)
"""Bit k is the sum over j of bit j of x `[32, *b]` times w[31 + k - j], w `[63, *b]`."""


def shift(x: jax.Array, left: jax.Array, right: jax.Array, filled: jax.Array) -> jax.Array:
    """x `[32, *b]` shifted by 0 … 31, times the masses `[32, *b]` of these amounts toward the highest bit and the lowest;
    `filled` is the part of the latter that repeats the sign."""
    left, right, filled = jnp.broadcast_arrays(left, right, filled)
    w = jnp.concatenate([right[:0:-1], (left[0] + right[0])[None], left[1:]])
    b = jnp.broadcast_shapes(x.shape[1:], w.shape[1:])
    shifted = convolve(jnp.broadcast_to(x, (32, *b)), jnp.broadcast_to(w, (63, *b)))
    beyond = jnp.cumsum(filled[:0:-1], axis=0)  # bit k is beyond the word for the amounts above 31 - k
    beyond = settled(jnp.concatenate([jnp.zeros_like(beyond[:1]), beyond]))
    return shifted + outer(beyond, x[-1])


def _places(rank: int) -> jax.Array:
    """`[32, 1, …]` of `rank` axes, the number of each bit. To choose bits by it leaves a loop without the branch that
    padding puts there."""
    return lax.broadcasted_iota(jnp.int32, (32,) + (1,) * (rank - 1), 0)


class Bits(Algebra):
    @staticmethod
    def from_integers(values: Integers, width: int) -> Integers:
        return values[..., None] >> np.arange(width, dtype=values.dtype) & 1

    def from_bits(self, bits: jax.Array) -> jax.Array:
        return bits

    def add(self, pairs: Sequence[Pair]) -> list[jax.Array]:
        a, b = (side_by_side(words) for words in zip(*pairs, strict=True))
        return unstack(settled(add(a, b, jnp.zeros_like(a[0]))[0]), 1)

    def subtract(self, pairs: Sequence[Pair]) -> list[Difference]:
        """Both orders come from the carries of the subtraction; flipping the sign bits changes the last one only."""
        a, b = (side_by_side(words) for words in zip(*pairs, strict=True))
        words, (into_sign, out) = add(a, 1 - b, jnp.ones_like(a[0]))
        signed_out = (1 - a[-1]) * b[-1] + xor(a[-1], 1 - b[-1]) * into_sign
        parts = settled((words, 1 - signed_out, 1 - out))
        return [Difference(*part) for part in zip(*map(unstack, parts, (1, 0, 0)), strict=True)]

    def equal(self, a: jax.Array, b: jax.Array) -> jax.Array:
        return product(1 - xor(a, b))

    def flag(self, bit: jax.Array) -> jax.Array:
        return (_places(bit.ndim + 1) == 0) * bit

    def bitwise(self, a: jax.Array, forms: Sequence[Form]) -> list[Term]:
        terms, none = [], jnp.zeros((1,) * (a.ndim - 1), self.dtype)
        amounts: dict[str, jax.Array] = {}
        for b, masses in forms:
            if set(LOGIC) & set(masses):  # all three are linear in a + b and a b
                and_, or_, xor_ = (masses.get(name, none) for name in LOGIC)
                terms += [(or_ + xor_, a + b), (and_ - or_ - 2 * xor_, a * b)]
            if names := [name for name in SHIFTS if name in masses]:
                choice = choices(b[:5])
                amounts |= {name: amounts.get(name, 0.0) + masses[name] * choice for name in names}
        if amounts:
            left, right, filled = (amounts.get(name, jnp.zeros((32, *none.shape), self.dtype)) for name in SHIFTS)
            terms.append((none + 1, shift(a, left, right + filled, filled)))
        return terms

    def multiply_divide(self, a: jax.Array, forms: Sequence[Form]) -> list[Term]:
        terms, one = [], jnp.ones((1,) * (a.ndim - 1), self.dtype)
        for b, masses in forms:
            if names := tuple(name for name in masses if name in MULTIPLY_DIVIDE):
                stacked = jnp.stack([jnp.broadcast_to(masses[name], a.shape[1:]) for name in names])
                terms.append((one, vertex.expand(names, stacked, a, jnp.broadcast_to(b, a.shape))))
        return terms

    def matches(self, word: jax.Array, words: jax.Array) -> jax.Array:
        wanted = vertex.unpack(words, self.dtype).reshape(32, len(words), *(1,) * (word.ndim - 1))
        repeated = outer(jnp.ones((len(words),) + (1,) * (word.ndim - 1), self.dtype), word)
        return product(1 - xor(wanted, jnp.moveaxis(repeated, 0, 1)))

    def offsets(self, offset: jax.Array, size_bytes: int) -> jax.Array:
        low = (size_bytes - 1).bit_length()
        return (choices(offset[:low]) * product(1 - offset[low:]))[:size_bytes]

    def aligned(self, address: jax.Array) -> jax.Array:
        return (1 - address[0]) * (1 - address[1])

    def even(self, address: jax.Array) -> jax.Array:
        return jnp.concatenate([jnp.zeros_like(address[:1]), address[1:]])

    def load(self, covers: Sequence[jax.Array], signed: dict[int, jax.Array], memory: jax.Array) -> jax.Array:
        low = jnp.concatenate([mean(weights, memory) for weights in covers])
        word = jnp.concatenate([low, jnp.zeros((32 - len(low), *low.shape[1:]), low.dtype)])
        for width, weights in signed.items():
            sign = mean(weights, earlier(memory[:, 7], width - 1))
            word = word + settled(sign) * (_places(word.ndim) >= 8 * width)
        return word

    def bytes(self, word: jax.Array, width: int) -> jax.Array:
        return word.reshape(4, 8, *word.shape[1:])[:width]
