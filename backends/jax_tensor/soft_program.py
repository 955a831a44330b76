"""Soft programs: their logits, what these select, and the instruction that a soft program counter fetches.

One program runs for all instances `*b`, which are the last axes of every array of the state (none, for a single instance); to
train many programs at once, `jax.vmap` over the logits.
"""

from typing import NamedTuple

import jax

from backends.core import isa
from backends.interface import SoftExecution
from backends.jax_tensor.algebra import Algebra
from backends.jax_tensor.bits import Bits
from backends.jax_tensor.value import Value

RELAXATIONS: dict[str, type[Algebra]] = {"bits": Bits, "value": Value}
KIND = {op.name: op.kind for op in isa.OPERATIONS}


SoftState = SoftExecution
"""registers `[R, *word, *b]`, memory `[M, *byte, *b]`, pc `[L + 2, *b]`: mass per slot, halted, trapped."""


class Machine(NamedTuple):
    """What is static in a soft run.

    relaxation: a key of RELAXATIONS. operations: those that a program may use; the others have no weight and are not
    computed.
    """

    relaxation: str = "bits"
    operations: tuple[str, ...] = isa.SOFT_OPERATIONS

    def having(self, *kinds: str) -> tuple[str, ...]:
        return tuple(name for name in self.operations if KIND[name] in kinds)


class Place(NamedTuple):
    """Addresses, scalars of uint32: of slot 0 and of the first byte of memory."""

    program: jax.Array | int = 0
    memory: jax.Array | int = 0


class Fetched(NamedTuple):
    """The instruction that runs: op, mass by name; rd `[R, *b]`; words a, b, imm, here, link `[*word, *b]`.

    What is the same for all instances has axes of one element for `*b`.
    """

    op: dict[str, jax.Array]
    rd: jax.Array
    a: jax.Array
    b: jax.Array
    imm: jax.Array
    here: jax.Array
    link: jax.Array
