"""Words of the hard machine, `[...]` uint32 whatever `jax_enable_x64` says: what meanings are computed on here (see
`core/isa/words.py`)."""

from functools import partial

import jax
import jax.numpy as jnp

from backends.core import isa
from backends.core.isa.words import Arrays

U32 = jnp.uint32


def word(condition: jax.Array) -> jax.Array:
    """1 where it holds, else 0."""
    return condition.astype(U32)


WORDS = Arrays(jnp)
ALU = {name: partial(isa.OPERATIONS[isa.NUMBER[name]].meaning, WORDS) for name in isa.ARITHMETIC}
"""Every arithmetic operation on two words."""
