"""Products of masses and words, and their sums, as loops that vectorise.

A mass `[K, *b]` has the axes of instances; a value `[K, *word, *b]` has at most one axis of a word between. The products are
closed under differentiation: `mean` sums over K, `outer` over nothing, `scale` goes one by one.

XLA's CPU compiler does not vectorise a reduction that it fuses, and takes 10 to 40 times as long for it as for the same sum
written out term by term, whose loop runs over the instances. So short sums are written out, in four partial sums that need
not wait for each other; and derivatives are given here, since the derivative of a sum written out is not one.
"""

from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

LANES, MOST_TERMS = 4, 64


def total(terms: Sequence[jax.Array]) -> jax.Array:
    """The sum of at least one array."""
    sums = list(terms[:LANES])
    for i, term in enumerate(terms[LANES:]):
        sums[i % LANES] += term
    while len(sums) > 1:
        sums = [sum(sums[i : i + 2]) for i in range(0, len(sums), 2)]
    return sums[0]


def apart(function: Callable) -> Callable:
    """The function of arrays, computed by itself: XLA fuses nothing into it, and computes its results once.

    Its fusion computes an array again for each of several readers, a chain of such arrays exponentially often. It does not
    fuse across a branch; this one is always taken, but the compiler cannot know.
    """

    def computed(*arguments):
        shapes = jax.eval_shape(function, *arguments)

        def nothing(*_):
            return jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)

        return lax.cond(lax.optimization_barrier(jnp.asarray(True)), function, nothing, *arguments)

    return computed


def derived(function: Callable, back: Callable) -> Callable:
    """The function of arrays with a derivative of its own, `back` of the arguments and the cotangent of the result."""

    @jax.custom_vjp
    def computed(*arguments):
        return function(*arguments)

    computed.defvjp(lambda *arguments: (function(*arguments), arguments), back)
    return computed


def alone(function: Callable) -> Callable:
    """The differentiable function of arrays, computed by itself, and so its derivative."""
    return derived(apart(function), apart(lambda arguments, g: jax.vjp(function, *arguments)[1](g)))


settled = alone(lambda x: x)
"""x, computed before anything reads it; and so its derivative."""


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def unstack(x: jax.Array, axis: int) -> list[jax.Array]:
    """The parts of x along an axis; the derivative is stacked, where that of slices would be padded and added up."""
    return [lax.index_in_dim(x, i, axis, keepdims=False) for i in range(x.shape[axis])]


unstack.defvjp(lambda x, axis: (unstack(x, axis), None), lambda axis, _, g: (jnp.stack(g, axis),))


Term = tuple[jax.Array, jax.Array]
"""A mass `[*b]` and the word `[*word, *b]` that it weights; `*b` broadcast."""


def mixture(terms: Sequence[Term]) -> jax.Array:
    """The sum of masses times words."""
    b = jnp.broadcast_shapes(*(mass.shape for mass, _ in terms), *(word.shape[word.ndim - mass.ndim :] for mass, word in terms))
    masses = [jnp.broadcast_to(mass, b) for mass, _ in terms]
    return _mixture(masses, [jnp.broadcast_to(w, (*w.shape[: w.ndim - len(b)], *b)) for _, w in terms])


def _alike(function: Callable) -> Callable:
    """The function of weights `[K, *b]` and values, broadcast so that both have the same instances."""

    def broadcast(weights: jax.Array, values: jax.Array) -> jax.Array:
        lead = values.ndim - weights.ndim + 1
        b = jnp.broadcast_shapes(weights.shape[1:], values.shape[lead:])
        return function(
            jnp.broadcast_to(weights, (*weights.shape[:1], *b)), jnp.broadcast_to(values, (*values.shape[:lead], *b))
        )

    return broadcast


def _spread(weights: jax.Array, values: jax.Array) -> jax.Array:
    return weights.reshape(weights.shape[:1] + (1,) * (values.ndim - weights.ndim) + weights.shape[1:])


def _over_first(weights: jax.Array, values: jax.Array) -> jax.Array:
    if len(values) > MOST_TERMS:
        return jnp.sum(_spread(weights, values) * values, axis=0)
    return total([weights[k] * values[k] for k in range(len(values))])


def _over_word(x: jax.Array, y: jax.Array, rank: int) -> jax.Array:
    """Sum of x y over the axes of a word, where there is one, down to `rank` axes."""
    return x * y if y.ndim == rank else total([x[:, k] * y[:, k] for k in range(y.shape[1])])


@apart
def _mixture_back(saved, g):
    masses, words = saved
    return [_over_word(g[None], w[None], masses[0].ndim + 1)[0] for w in words], [m * g for m in masses]


@apart
def _outer_back(saved, g):
    weights, word = saved
    return _over_word(word[None], g, weights.ndim), _over_first(weights, g)


def _scale_back(saved, g):
    weights, values = saved
    return _over_word(g, values, weights.ndim), _spread(weights, values) * g


mean = _alike(derived(apart(_over_first), apart(lambda saved, g: _scale_back(saved, g[None]))))
"""`[*word, *b]`: the sum over the first axis of weights `[K, *b]` times values `[K, *word, *b]`."""
outer = _alike(derived(lambda weights, word: _spread(weights, word[None]) * word, _outer_back))
"""`[K, *word, *b]`: each of weights `[K, *b]` times the word `[*word, *b]`."""
scale = _alike(derived(lambda weights, values: _spread(weights, values) * values, apart(_scale_back)))
"""`[K, *word, *b]`: weights `[K, *b]` times values `[K, *word, *b]`."""
_mixture = derived(apart(lambda masses, words: total([m * w for m, w in zip(masses, words, strict=True)])), _mixture_back)
