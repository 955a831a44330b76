"""Relaxation `bits`: a word is 32 expectations of independent bits `[32, *b]`, lowest first.

The semantics is that of `backends/core/soft.py`. Carries ripple through a scan over the bits: the batch is what is parallel
here, and a ripple does the least work per word (a prefix tree of the same operator does five times as much). Shifts run as
a barrel of five stages: the amount's bits being independent, the stages compose to the mean over all 32 amounts. Multiply
and divide are the exact operation at the nearest vertex and at its 64 neighbours (vertex expansion).

Scans are also what keeps XLA from fusing the stages into one another: each value of a stage has several readers in the next,
and fusion computes it again for every one of them.

Sources: Kogge and Stone, A Parallel Algorithm for the Efficient Solution of a General Class of Recurrence Equations (1973);
Petersen et al., Deep Differentiable Logic Gate Networks (2022).
"""

from collections.abc import Collection

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from backends.jax_tensor.algebra import Algebra, Integers, mean, window
from backends.jax_tensor.datapath import ALU

SHIFTS = ("sll", "srl", "sra")
MULTIPLY_DIVIDE = ("mul", "mulh", "mulhsu", "mulhu", "div", "divu", "rem", "remu")
PLACES = np.arange(32, dtype=np.uint32)


def xor(a: jax.Array, b: jax.Array) -> jax.Array:
    return a + b - 2 * a * b


def add(a: jax.Array, b: jax.Array, carry: float = 0.0) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Sum bits `[32, *b]`, the carry into the highest bit, and the carry out of it."""
    propagate = xor(a, b)
    out, into = lax.scan(lambda c, x: (x[0] + x[1] * c, c), jnp.full_like(propagate[0], carry), (a * b, propagate))
    return xor(propagate, into), into[-1], out


def compare(a: jax.Array, b: jax.Array) -> dict[str, jax.Array]:
    """One subtraction gives the difference and both orders; flipping the sign bits changes the last carry only."""
    difference, into_sign, out = add(a, 1 - b, 1.0)
    signed_out = (1 - a[-1]) * b[-1] + xor(a[-1], 1 - b[-1]) * into_sign
    return {"sub": difference, "ltu": 1 - out, "lt": 1 - signed_out}


def product(x: jax.Array) -> jax.Array:
    """Product over the first axis, by halving: gradients without division."""
    while len(x) > 1:
        half = len(x) // 2
        rest = x[2 * half :]
        x = jnp.concatenate([x[:half] * x[half : 2 * half], rest]) if len(rest) else x[:half] * x[half:]
    return x[0]


def shifts(names: Collection[str], x: jax.Array, amount: jax.Array) -> dict[str, jax.Array]:
    """The named shifts of x `[32, *b]` by the amount whose five low bits are `amount[:5]`.

    All are shifts toward the lowest bit, sll that of the reversed word, and run through the barrel side by side.
    """
    x = jnp.broadcast_to(x, jnp.broadcast_shapes(x.shape, amount.shape))
    words = jnp.stack([x[::-1] if name == "sll" else x for name in names], axis=1)
    above = jnp.stack([x[-1] if name == "sra" else jnp.zeros_like(x[-1]) for name in names])
    above = jnp.broadcast_to(above, (16, *above.shape))

    def stage(word: jax.Array, step: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        distance, on = step
        moved = lax.dynamic_slice_in_dim(jnp.concatenate([word, above]), distance, 32)
        return word + on * (moved - word), None

    words, _ = lax.scan(stage, words, (np.array([1, 2, 4, 8, 16], np.int32), amount[:5]))
    return {name: words[::-1, i] if name == "sll" else words[:, i] for i, name in enumerate(names)}


def pack(bits: jax.Array) -> jax.Array:
    """The word, uint32, of bits `[32, *b]` bool."""
    return jnp.sum(bits.astype(jnp.uint32) << _along(PLACES, bits.ndim), axis=0, dtype=jnp.uint32)


def unpack(words: jax.Array, dtype: np.dtype) -> jax.Array:
    """Bits `[32, ...]` of words `[...]` uint32."""
    return (words >> _along(PLACES, words.ndim + 1) & 1).astype(dtype)


def _along(values: np.ndarray, rank: int) -> np.ndarray:
    """Values on the first of `rank` axes."""
    return values.reshape(-1, *(1,) * (rank - 1))


def vertex_expansion(names: Collection[str], a: jax.Array, b: jax.Array) -> dict[str, jax.Array]:
    """First-order expansion of the named exact operations at the vertex nearest to a and b, clipped to [0, 1].

    A result bit moves away from its value at the vertex by the sum of the distances of those operand bits whose flip
    flips it.
    """
    vertex_a, vertex_b = a > 0.5, b > 0.5
    distance = jnp.concatenate([jnp.where(vertex_a, 1 - a, a), jnp.where(vertex_b, 1 - b, b)])
    word_a, word_b = pack(vertex_a), pack(vertex_b)
    flip = _along(np.concatenate([np.uint32(1) << PLACES, np.zeros(32, np.uint32)]), a.ndim)
    all_a, all_b = word_a ^ flip, word_b ^ np.roll(flip, 32, axis=0)
    results = {}
    for name in names:
        at_vertex = ALU[name](word_a, word_b)
        flipped = ALU[name](all_a, all_b) ^ at_vertex
        moved = jnp.sum(unpack(flipped, a.dtype) * distance, axis=1)
        moved = jnp.where(moved > 1, 1.0, moved)
        start = unpack(at_vertex, a.dtype)
        results[name] = start + (1 - 2 * start) * moved
    return results


class Bits(Algebra):
    @staticmethod
    def from_integers(values: Integers, width: int) -> Integers:
        return values[..., None] >> np.arange(width, dtype=values.dtype) & 1

    def from_bits(self, bits: jax.Array) -> jax.Array:
        return bits

    def add(self, a: jax.Array, b: jax.Array) -> jax.Array:
        return add(a, b)[0]

    def results(self, names: Collection[str], a: jax.Array, b: jax.Array) -> dict[str, jax.Array]:
        simple = {"add": self.add, "and": lambda a, b: a * b, "or": lambda a, b: a + b - a * b, "xor": xor}
        results = {name: simple[name](a, b) for name in names if name in simple}
        if {"sub", "slt", "sltu"} & set(names):
            compared = compare(a, b)
            results |= {"sub": compared["sub"], "slt": _as_word(compared["lt"]), "sltu": _as_word(compared["ltu"])}
        for group, function in ((SHIFTS, shifts), (MULTIPLY_DIVIDE, vertex_expansion)):
            named = [name for name in names if name in group]
            results |= function(named, a, b) if named else {}
        return results

    def conditions(self, names: Collection[str], a: jax.Array, b: jax.Array) -> dict[str, jax.Array]:
        found = {"eq": product(1 - xor(a, b))} if "eq" in names else {}
        return found | (compare(a, b) if {"lt", "ltu"} & set(names) else {})

    def matches(self, word: jax.Array, words: jax.Array) -> jax.Array:
        wanted = unpack(words, self.dtype).reshape(32, len(words), *(1,) * (word.ndim - 1))
        return product(1 - xor(wanted, word[:, None]))

    def offsets(self, offset: jax.Array, size_bytes: int) -> jax.Array:
        low = (size_bytes - 1).bit_length()
        weights = product(1 - offset[low:])[None]
        for bit in range(low):  # the bit becomes the highest of the index
            weights = jnp.concatenate([weights * (1 - offset[bit]), weights * offset[bit]])
        return weights[:size_bytes]

    def aligned(self, address: jax.Array) -> jax.Array:
        return (1 - address[0]) * (1 - address[1])

    def even(self, address: jax.Array) -> jax.Array:
        return jnp.concatenate([jnp.zeros_like(address[:1]), address[1:]])

    def load(self, weights: jax.Array, memory: jax.Array, width: int, signed: bool) -> jax.Array:
        low = jnp.concatenate([mean(weights, window(memory, k)) for k in range(width)])
        sign = jnp.broadcast_to(low[-1], (32 - len(low), *low.shape[1:]))
        return jnp.concatenate([low, sign if signed else jnp.zeros_like(sign)])

    def bytes(self, word: jax.Array, width: int) -> jax.Array:
        return word.reshape(4, 8, *word.shape[1:])[:width]


def _as_word(bit: jax.Array) -> jax.Array:
    return jnp.concatenate([bit[None], jnp.zeros((31, *bit.shape), bit.dtype)])
