"""What a relaxation must provide: words, the operations on them, and memory as the soft step uses it.

A word is an array `[*word, *b]`: `*word` is 32 in relaxation `bits` (bit expectations) and nothing in `value` (a number); a
byte likewise has 8 or nothing. `*b` are any axes of instances. They come last, so that instances are contiguous in memory
and every operation is a loop over them, and they need not be named: masses `[*b]` broadcast against words. The soft step
(`soft.py`) is written once in terms of this class.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from backends.jax_tensor.sums import Term

Integers = TypeVar("Integers", jax.Array, np.ndarray)
BITWISE = ("and", "or", "xor", "sll", "srl", "sra")
MULTIPLY_DIVIDE = ("mul", "mulh", "mulhsu", "mulhu", "div", "divu", "rem", "remu")


class Difference(NamedTuple):
    """a - b: the word, and the expectations `[*b]` that a < b, signed and unsigned."""

    word: jax.Array
    lt: jax.Array
    ltu: jax.Array


Pair = tuple[jax.Array, jax.Array]
Form = tuple[jax.Array, dict[str, jax.Array]]
"""A second operand, and the masses `[*b]` of the operations that take it."""


class Algebra(Protocol):
    """temperature: scalar of the run's dtype, 0 or more. The axes `*b` of what is combined broadcast."""

    temperature: jax.Array

    def __init__(self, temperature: jax.Array) -> None:
        self.temperature = temperature

    @property
    def dtype(self) -> np.dtype:
        return self.temperature.dtype

    @staticmethod
    def from_integers(values: Integers, width: int) -> Integers:
        """Unsigned integers `[...]` of `width` bits as words or bytes `[..., *word]`."""

    def constants(self, words: jax.Array) -> jax.Array:
        """Words `[K]` uint32 as `[K, *word]`."""
        return self.from_integers(words, 32).astype(self.dtype)

    def from_bits(self, bits: jax.Array) -> jax.Array:
        """Words `[*word, *b]` from bit expectations `[32, *b]`."""

    def add(self, pairs: Sequence[Pair]) -> list[jax.Array]:
        """The sums modulo 2^32, side by side."""

    def subtract(self, pairs: Sequence[Pair]) -> list[Difference]:
        """The differences modulo 2^32, side by side."""

    def equal(self, a: jax.Array, b: jax.Array) -> jax.Array:
        """The expectation `[*b]` that a = b."""

    def flag(self, bit: jax.Array) -> jax.Array:
        """The word that is an expectation `[*b]` of 1 and otherwise 0."""

    def bitwise(self, a: jax.Array, forms: Sequence[Form]) -> list[Term]:
        """Terms whose mixture is that of the operations in BITWISE on a and the second operands."""

    def multiply_divide(self, a: jax.Array, forms: Sequence[Form]) -> list[Term]:
        """The same of the operations in MULTIPLY_DIVIDE."""

    def matches(self, word: jax.Array, words: jax.Array) -> jax.Array:
        """`[K, *b]`, the mass of `word` on each of distinct words `[K]` uint32; they add up to at most 1."""

    def offsets(self, offset: jax.Array, size_bytes: int) -> jax.Array:
        """`[M, *b]`, the mass of `offset` on each of 0 … M - 1."""

    def aligned(self, address: jax.Array) -> jax.Array:
        """The mass of `address` on multiples of 4."""

    def even(self, address: jax.Array) -> jax.Array:
        """`address` with bit 0 cleared."""

    def load(self, covers: Sequence[jax.Array], signed: dict[int, jax.Array], memory: jax.Array) -> jax.Array:
        """Loads of one byte or more from memory `[M, *byte, *b]`, times their masses.

        covers: for byte k of the word, the mass `[M, *b]` with which it is each byte of memory. signed: for a width in
        bytes, the mass `[M, *b]` of sign-extended loads that begin at each byte.
        """

    def bytes(self, word: jax.Array, width: int) -> jax.Array:
        """The lowest `width` bytes `[width, *byte, *b]`."""


def later(values: jax.Array, k: int) -> jax.Array:
    """Element m - k of values `[M, ...]` at m; zeros before the first."""
    return jnp.concatenate([jnp.zeros_like(values[:k]), values[: len(values) - k]])


def earlier(values: jax.Array, k: int) -> jax.Array:
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
