"""Soft programs: their logits, what these select, and the instruction that a soft program counter fetches.

One program runs for all instances `*b`, which are the last axes of every array of the state (none, for a single instance); to
train many programs at once, `jax.vmap` over the logits.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from backends.core import isa
from backends.core.soft import COLUMN
from backends.interface import Logits, SoftExecution
from backends.jax_tensor.algebra import Algebra, select, select_bits
from backends.jax_tensor.bits import Bits
from backends.jax_tensor.sums import mean, settled, unstack
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


class Selections(NamedTuple):
    """A program's selections, L slots on the last axis of each: op `[n, L]`, of the operations that the machine has; rd,
    rs1, rs2 `[R, L]`; imm, here, link `[*word, L]`, the immediate, the slot's address and that of the next slot."""

    op: jax.Array
    rd: jax.Array
    rs1: jax.Array
    rs2: jax.Array
    imm: jax.Array
    here: jax.Array
    link: jax.Array


class Jumps(NamedTuple):
    """Where the jump of a slot leads: targets `[L, L]`, mass on each slot of the jump from each; aligned `[L]`, mass of its
    target on multiples of 4; slots `[L]` uint32, addresses."""

    targets: jax.Array
    aligned: jax.Array
    slots: jax.Array


def selections(machine: Machine, algebra: Algebra, logits: Logits, place: Place) -> Selections:
    """What a program selects, once for a whole run."""
    columns = np.array([COLUMN[name] for name in machine.operations])
    slots = _addresses(logits, place)
    here, link = (jnp.moveaxis(algebra.constants(x), 0, -1) for x in (slots, slots + 4))
    op, rd, rs1, rs2 = (select(x, algebra.temperature).T for x in (logits.op[:, columns], *logits[1:4]))
    return Selections(op, rd, rs1, rs2, algebra.from_bits(select_bits(logits.imm, algebra.temperature).T), here, link)


def jumps(algebra: Algebra, logits: Logits, place: Place, chosen: Selections) -> Jumps:
    """Where the jumps of a program lead, once for a whole run."""
    (targets,), slots = algebra.add([(chosen.here, chosen.imm)]), _addresses(logits, place)
    return Jumps(algebra.matches(targets, slots), algebra.aligned(targets), slots)


def _addresses(logits: Logits, place: Place) -> jax.Array:
    return place.program + jnp.arange(0, 4 * len(logits.op), 4, dtype=jnp.uint32)


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


def blend(table: jax.Array, weights: jax.Array) -> jax.Array:
    """Table `[..., K]` times weights `[K, ...]`."""
    return jnp.tensordot(table, weights, axes=1, precision=lax.Precision.HIGHEST)


def fetch_blend(machine: Machine, chosen: Selections, state: SoftState) -> tuple[Fetched, jax.Array]:
    """The blend of the instructions of all slots, and q `[L, *b]`, how the running mass is shared between them."""
    run = state.pc[:-2]
    mass = jnp.sum(run, axis=0)
    q = jnp.where(mass > 0, run / jnp.where(mass > 0, mass, 1.0), 0.0)
    op, rd, rs1, rs2, *words = (blend(table, weights) for table, weights in zip(chosen, (run, *(q,) * 6), strict=True))
    a, b = mean(rs1, state.registers), mean(rs2, state.registers)
    return Fetched(_by_name(machine, op), rd, a, b, *words), q


def fetch_slot(machine: Machine, slot: Selections, mass: jax.Array, registers: jax.Array) -> Fetched:
    """The instruction of the one slot that runs, with mass `[*b]`; of its selections the last axis is gone."""
    axes = range(-mass.ndim, 0)
    op, rd, *words = (jnp.expand_dims(x, axes) for x in (slot.op, slot.rd, slot.imm, slot.here, slot.link))
    a, b = (settled(blend(weights, registers)) for weights in (slot.rs1, slot.rs2))
    return Fetched(_by_name(machine, op * mass), rd, a, b, *words)


def _by_name(machine: Machine, op: jax.Array) -> dict[str, jax.Array]:
    return dict(zip(machine.operations, unstack(op, 0), strict=True))
