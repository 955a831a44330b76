"""The soft machine: the step of `backends/core/soft.py` in the words of a relaxation, and runs of it.

Everything is pure: logits in, state out.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from backends.core.soft import COLUMN
from backends.interface import Logits
from backends.jax_tensor.algebra import Algebra, select, select_bits
from backends.jax_tensor.soft_operations import RELAXATIONS, Fetched, Machine, Operations, Place, SoftState, write
from backends.jax_tensor.sums import mean, mixture, settled, unstack

SEGMENT_STEPS = 64
"""A run of at most as many steps keeps the state before every step for its backward pass. Of a longer one every sqrt(steps)-th
is kept, and the segment between two is run again in the backward pass."""
Tree = Any
"""A pytree of arrays, or None."""
Step = Callable[[Tree, Tree, Tree, Tree], Tree]


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
    target on multiples of 4."""

    targets: jax.Array
    aligned: jax.Array


def selections(machine: Machine, algebra: Algebra, logits: Logits, place: Place) -> Selections:
    """What a program selects, once for a whole run."""
    columns = np.array([COLUMN[name] for name in machine.operations])
    slots = _addresses(len(logits.op), place)
    here, link = (jnp.moveaxis(algebra.constants(x), 0, -1) for x in (slots, slots + 4))
    op, rd, rs1, rs2 = (select(x, algebra.temperature).T for x in (logits.op[:, columns], *logits[1:4]))
    return Selections(op, rd, rs1, rs2, algebra.from_bits(select_bits(logits.imm, algebra.temperature).T), here, link)


def _addresses(slots: int, place: Place) -> jax.Array:
    return place.program + jnp.arange(0, 4 * slots, 4, dtype=jnp.uint32)


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


def step(machine: Machine, place: Place, fixed: tuple[Selections, Jumps, jax.Array], _: None, state: SoftState) -> SoftState:
    """One soft step, from any program counter; fixed: what the program selects, where it jumps, and the temperature."""
    chosen, jumps, temperature = fixed
    algebra = RELAXATIONS[machine.relaxation](temperature)
    f, q = fetch_blend(machine, chosen, state)
    operations, nothing = Operations(machine, algebra, f), jnp.zeros_like(q[0])
    memory, effects = operations.operate(place, state.memory)

    taken, passed = operations.branch()
    jal, jalr = f.op.get("jal", nothing), f.op.get("jalr", nothing)
    slots, linked = blend(jumps.targets, q) * (jal + taken), jal * blend(jumps.aligned, q)
    if "jalr" in f.op:
        target = algebra.even(operations.sums["a", "imm"])
        slots = slots + jalr * settled(algebra.matches(target, _addresses(len(q), place)))
        linked = linked + jalr * algebra.aligned(target)
    if machine.having("jump"):
        effects = effects.plus(linked, mixture([(linked, f.link)]), 0.0, 0.0)

    onward = jnp.concatenate([jnp.zeros_like(q[:1]), (effects.onward + passed) * q])
    halted = f.op.get("ecall", nothing) + f.op.get("ebreak", nothing)
    lost = jal + taken + jalr - jnp.sum(slots, axis=0) + onward[-1] + effects.trapped
    pc = jnp.concatenate([onward[:-1] + slots, state.pc[-2:] + jnp.stack([halted, lost])])
    return SoftState(write(state.registers, f.rd, effects), memory, pc)


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def unroll(step: Step, times: int, integers: Tree, fixed: Tree, rows: Tree, state: Tree) -> Tree:
    """The state after `times` steps, with backpropagation through them.

    The forward pass keeps the state before every step; the backward pass computes each step again from it. This is what a
    `lax.scan` of a `jax.checkpoint` does, but the compiler sees each step whole: differentiating a scan takes what does not
    depend on the state out of the step, constants among it, and has them read from memory in every step.

    step: of integers and fixed, the same in every step; of a row of rows, whose first axis is the step (or None); and of
    the state. It has derivatives by the last three, and reads nothing else that is traced.
    """
    return _forward(step, times, integers, fixed, rows, state)[0]


def _forward(step, times, integers, fixed, rows, state):
    end, before = lax.scan(lambda x, row: (step(integers, fixed, row, x), x), state, rows, length=times)
    return end, (integers, fixed, rows, before)


def _backward(step, times, saved, cotangent):
    integers, fixed, rows, before = saved

    def back(carry, saved_):
        row, state = saved_
        _, pull = jax.vjp(partial(step, integers), fixed, row, state)
        of_fixed, of_row, of_state = pull(carry[1])
        return (jax.tree.map(lambda x, y: x + y, carry[0], of_fixed), of_state), of_row

    zeros = jax.tree.map(lambda x: 0 * x, fixed)
    (of_fixed, of_state), of_rows = lax.scan(back, (zeros, cotangent), (rows, before), length=times, reverse=True)
    return None, of_fixed, of_rows, of_state


unroll.defvjp(_forward, _backward)


def run(
    machine: Machine,
    logits: Logits,
    place: Place,
    temperature: jax.Array,
    state: SoftState,
    steps: int,
    start: int | None = None,
) -> SoftState:
    """The state after `steps` soft steps.

    start: the slot where all mass of `state.pc` lies, where that is known beforehand. Where the machine's operations are
    all straight-line, each step then runs one slot, and nothing is blended over slots.
    """
    algebra = RELAXATIONS[machine.relaxation](temperature)
    chosen = selections(machine, algebra, logits, place)
    if start is not None and not machine.having("branch", "jump", "system"):
        return _run_slots(machine, chosen, place, temperature, state, range(start, start + steps))
    (targets,) = algebra.add([(chosen.here, chosen.imm)])
    jumps = Jumps(algebra.matches(targets, _addresses(len(logits.op), place)), algebra.aligned(targets))
    one, fixed, state = partial(step, machine), (chosen, jumps, temperature), jax.tree.map(jnp.asarray, state)
    if steps > SEGMENT_STEPS:
        length = math.isqrt(steps)
        state = unroll(partial(unroll, one, length), steps // length, place, fixed, None, state)
        steps %= length
    return unroll(one, steps, place, fixed, None, state)


def _run_slots(
    machine: Machine, chosen: Selections, place: Place, temperature: jax.Array, state: SoftState, slots: range
) -> SoftState:
    """The slots one after the other, as far as there are any; what comes after the last is a trap."""
    end, b = len(state.pc) - 2, state.pc.shape[1:]
    rows = jax.tree.map(lambda x: jnp.moveaxis(x, -1, 0)[slots.start : slots.stop], chosen)
    uncertain = b if machine.having("load", "store") else (1,) * len(b)
    mass, trapped = jnp.ones(uncertain, temperature.dtype), jnp.zeros(uncertain, temperature.dtype)
    first = (jnp.asarray(state.registers), jnp.asarray(state.memory), mass, trapped)
    last = unroll(partial(_slot, machine), len(rows.op), place, temperature, rows, first)
    registers, memory, mass, trapped = last
    pc = jnp.zeros_like(state.pc).at[slots.stop if slots.stop < end else -1].add(mass).at[-1].add(trapped)
    return SoftState(registers, memory, pc)


def _slot(machine: Machine, place: Place, temperature: jax.Array, slot: Selections, state: tuple) -> tuple:
    """One step of one slot, on registers, memory, and the masses that run and that have trapped."""
    registers, memory, mass, trapped = state
    algebra = RELAXATIONS[machine.relaxation](temperature)
    f = fetch_slot(machine, slot, mass, registers)
    memory, effects = Operations(machine, algebra, f).operate(place, memory)
    return write(registers, f.rd, effects), memory, effects.onward, trapped + effects.trapped
