"""What a relaxation must provide: words, the operations on them, and memory as the soft step uses it.

A word is an array `[*word, *b]`: `*word` is 32 in relaxation `bits` (bit expectations) and nothing in `value` (a number); a
byte likewise has 8 or nothing. `*b` are any axes of instances. They come last, so that instances are contiguous in memory
and every operation is a loop over them, and they need not be named: masses `[*b]` broadcast against words. The soft step
(`soft.py`) is written once in terms of this class.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

Integers = TypeVar("Integers", jax.Array, np.ndarray)


class Algebra(ABC):
    """temperature: scalar of the run's dtype, 0 or more."""

    def __init__(self, temperature: jax.Array) -> None:
        self.temperature = temperature

    @property
    def dtype(self) -> np.dtype:
        return self.temperature.dtype

    @staticmethod
    @abstractmethod
    def from_integers(values: Integers, width: int) -> Integers:
        """Unsigned integers `[...]` of `width` bits as words or bytes `[..., *word]`."""

    def constants(self, words: jax.Array) -> jax.Array:
        """Words `[K]` uint32 as `[K, *word]`."""
        return self.from_integers(words, 32).astype(self.dtype)

    @abstractmethod
    def from_bits(self, bits: jax.Array) -> jax.Array:
        """Words `[*word, *b]` from bit expectations `[32, *b]`."""

    @abstractmethod
    def add(self, a: jax.Array, b: jax.Array) -> jax.Array:
        """The sum modulo 2^32."""

    @abstractmethod
    def results(self, names: Collection[str], a: jax.Array, b: jax.Array) -> dict[str, jax.Array]:
        """At least the named operations of `isa.ARITHMETIC` on a and b, whose `*b` broadcast."""

    @abstractmethod
    def conditions(self, names: Collection[str], a: jax.Array, b: jax.Array) -> dict[str, jax.Array]:
        """Expectations `[*b]` of at least the named of "eq", "lt" and "ltu"."""

    @abstractmethod
    def matches(self, word: jax.Array, words: jax.Array) -> jax.Array:
        """`[K, *b]`, the mass of `word` on each of distinct words `[K]` uint32; they add up to at most 1."""

    @abstractmethod
    def offsets(self, offset: jax.Array, size_bytes: int) -> jax.Array:
        """`[M, *b]`, the mass of `offset` on each of 0 … M - 1."""

    @abstractmethod
    def aligned(self, address: jax.Array) -> jax.Array:
        """The mass of `address` on multiples of 4."""

    @abstractmethod
    def even(self, address: jax.Array) -> jax.Array:
        """`address` with bit 0 cleared."""

    @abstractmethod
    def load(self, weights: jax.Array, memory: jax.Array, width: int, signed: bool) -> jax.Array:
        """The mean, by `weights` `[M, *b]`, of the words that begin at each byte of memory `[M, *byte, *b]`."""

    @abstractmethod
    def bytes(self, word: jax.Array, width: int) -> jax.Array:
        """The lowest `width` bytes `[width, *byte, *b]`."""


def spread(weights: jax.Array, values: jax.Array) -> jax.Array:
    """Weights `[K, *b]` shaped to multiply values `[K, *word, *b]`."""
    return weights.reshape(weights.shape[:1] + (1,) * (values.ndim - weights.ndim) + weights.shape[1:])


def mean(weights: jax.Array, values: jax.Array) -> jax.Array:
    """Sum over the first axis of weights `[K, *b]` times values `[K, *word, *b]`.

    A product and a sum, not a matrix product, since each instance has its own weights and its own values.
    """
    return jnp.sum(spread(weights, values) * values, axis=0)


def window(values: jax.Array, k: int) -> jax.Array:
    """Element m + k of values `[M, ...]` at m; zeros past the end."""
    return jnp.concatenate([values[k:], jnp.zeros_like(values[:k])])


def select(logits: jax.Array, temperature: jax.Array) -> jax.Array:
    """softmax(logits / temperature) over the last axis; the one-hot of the first greatest at temperature 0."""
    positive = jnp.where(temperature > 0, temperature, 1.0)
    chosen = jax.nn.one_hot(jnp.argmax(logits, axis=-1), logits.shape[-1], dtype=logits.dtype)
    below = logits - lax.stop_gradient(jnp.max(logits, axis=-1, keepdims=True))  # no overflow, however cold
    return jnp.where(temperature > 0, jax.nn.softmax(below / positive, axis=-1), chosen)


def select_bits(logits: jax.Array, temperature: jax.Array) -> jax.Array:
    """sigmoid(logits / temperature); at temperature 0 whether the logit is positive."""
    positive = jnp.where(temperature > 0, temperature, 1.0)
    return jnp.where(temperature > 0, jax.nn.sigmoid(logits / positive), (logits > 0).astype(logits.dtype))
