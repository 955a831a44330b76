"""Multiply and divide on words of expected bits: the vertex expansion of `backends/core/soft.py`.

The exact operation at the nearest vertex and at its 64 neighbours; a result bit moves away from its value at the vertex by
the sum of the distances of those operand bits whose flip flips it. The 64 flipped words of an operation are kept packed, and
forward and backward are each one contraction over their bits, written out as in `sums.py`.
"""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from backends.jax_tensor.sums import apart, total
from backends.jax_tensor.words import ALU

PLACES = np.arange(32, dtype=np.uint32)


def along(values: np.ndarray, rank: int) -> np.ndarray:
    """Values on the first of `rank` axes."""
    return values.reshape(-1, *(1,) * (rank - 1))


def pack(bits: jax.Array) -> jax.Array:
    """The word, uint32, of bits `[32, *b]` bool."""
    return total([bits[k].astype(jnp.uint32) << np.uint32(k) for k in range(32)])


def unpack(words: jax.Array, dtype: np.dtype) -> jax.Array:
    """Bits `[32, ...]` of words `[...]` uint32."""
    return (words >> along(PLACES, words.ndim + 1) & 1).astype(dtype)


def _at_vertices(names: Sequence[str], a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Results at the vertex (a, b) of uint32 `[*b]`: words `[n, *b]`, and what each flip changes in them, `[n, 64, *b]`."""
    flip = along(np.concatenate([np.uint32(1) << PLACES, np.zeros(32, np.uint32)]), a.ndim + 1)
    all_a, all_b = a ^ flip, b ^ np.roll(flip, 32, axis=0)
    words = jnp.stack([ALU[name](a, b) for name in names])
    flipped = jnp.stack([ALU[name](all_a, all_b) for name in names]) ^ words[:, None]
    return words, flipped


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def expand(names: Sequence[str], masses: jax.Array, a: jax.Array, b: jax.Array) -> jax.Array:
    """Sum over the named operations of masses `[n, *b]` times the expansion at words a and b `[32, *b]`."""
    return _forward(names, masses, a, b)[0]


def _forward(names, masses, a, b):
    x = jnp.concatenate([a, b])
    vertex, distance = x > 0.5, jnp.where(x > 0.5, 1 - x, x)
    words, flipped = apart(partial(_at_vertices, names))(*apart(lambda v: (pack(v[:32]), pack(v[32:])))(vertex))
    moved = apart(_moved)(flipped, distance)
    word, clipped, results = apart(_results)(words, moved, masses)
    return word, (masses, vertex, words, flipped, clipped, results)


def _bits(rank: int) -> jax.Array:
    """`[32, 1, …]` of `rank` axes, the words that are one bit."""
    return jnp.uint32(1) << lax.broadcasted_iota(jnp.uint32, (32,) + (1,) * (rank - 1), 0)


def _moved(flipped, distance):
    """`[n, 32, *b]`, by how much each bit of each result moves."""
    bit = _bits(distance.ndim)
    return total([jnp.where(flipped[:, j, None] & bit != 0, distance[j], 0) for j in range(64)])


def _results(words, moved, masses):
    start = (words[:, None] & _bits(moved.ndim - 1) != 0).astype(moved.dtype)
    results = start + (1 - 2 * start) * jnp.where(moved > 1, 1, moved)
    return total([masses[n, None] * results[n] for n in range(len(words))]), moved > 1, results


def _backward(names, saved, g):
    masses, vertex, words, flipped, clipped, results = saved
    toward, of_masses = apart(_slopes)(masses, words, clipped, g, results)
    parts = apart(_parts)(flipped, toward)
    slopes = apart(lambda parts: jnp.where(vertex, -1, 1) * total([parts[n] for n in range(len(words))]))(parts)
    return of_masses, slopes[:32], slopes[32:]


def _slopes(masses, words, clipped, g, results):
    """By how much what follows depends on how far each bit of each result moves, and on the masses."""
    start = words[:, None] & _bits(g.ndim) != 0
    away = masses[:, None] * g
    return jnp.where(clipped, 0, jnp.where(start, -away, away)), total([results[:, k] * g[k] for k in range(32)])


def _parts(flipped, toward):
    """`[n, 64, *b]`, the same for each distance, of each result."""
    return total([jnp.where(flipped & np.uint32(1 << k) != 0, toward[:, k, None], 0) for k in range(32)])


expand.defvjp(_forward, _backward)
