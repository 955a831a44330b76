"""Words of the hard machine, `[...]` uint32 whatever `jax_enable_x64` says: what meanings are computed on here (see
`core/isa/words.py`). A 64-bit product is put together from 16-bit halves, none of whose products overflows."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from backends.core import isa

U32 = jnp.uint32


def word(condition: jax.Array) -> jax.Array:
    """1 where it holds, else 0."""
    return condition.astype(U32)


def signed(words: jax.Array) -> jax.Array:
    """The same bits as int32."""
    return lax.bitcast_convert_type(words, jnp.int32)


class JaxWords:
    def less(self, a: jax.Array, b: jax.Array) -> jax.Array:
        return signed(a) < signed(b)

    def below(self, a: jax.Array, b: jax.Array) -> jax.Array:
        return a < b

    def opposite(self, condition: jax.Array) -> jax.Array:
        return ~condition

    def where(self, condition: jax.Array, a: jax.Array, b: jax.Array) -> jax.Array:
        return jnp.where(condition, a, b)

    def constant(self, value: int, like: jax.Array) -> jax.Array:
        return jnp.full_like(like, value & 0xFFFFFFFF)

    def shift_right(self, a: jax.Array, by: jax.Array) -> jax.Array:
        return a >> U32(by)

    def shift_right_signed(self, a: jax.Array, by: jax.Array) -> jax.Array:
        return lax.bitcast_convert_type(signed(a) >> signed(U32(by)), U32)

    def high_product(self, a: jax.Array, b: jax.Array, signed: tuple[bool, bool]) -> jax.Array:
        """A negative operand counts 2^32 too much as an unsigned one, so the other operand is taken off."""
        al, ah, bl, bh = a & 0xFFFF, a >> 16, b & 0xFFFF, b >> 16
        middle = ah * bl + (al * bl >> 16)
        other = al * bh + (middle & 0xFFFF)
        high = ah * bh + (middle >> 16) + (other >> 16)
        for negative, operand, counts in ((a, b, signed[0]), (b, a, signed[1])):
            high = high - jnp.where(negative >> 31, operand, 0) if counts else high
        return high

    def quotient(self, a: jax.Array, b: jax.Array, signed: bool) -> jax.Array:
        magnitude = _magnitude(a, signed) // jnp.maximum(_magnitude(b, signed), U32(1))
        return jnp.where((a ^ b) >> 31 == 1, -magnitude, magnitude) if signed else magnitude

    def remainder(self, a: jax.Array, b: jax.Array, signed: bool) -> jax.Array:
        return a - b * self.quotient(a, b, signed)


def _magnitude(a: jax.Array, signed: bool) -> jax.Array:
    return jnp.where(a >> 31 == 1, -a, a) if signed else a


WORDS = JaxWords()
ALU = {name: partial(isa.OPERATIONS[isa.NUMBER[name]].meaning, WORDS) for name in isa.ARITHMETIC}
"""Every arithmetic operation on two words."""
