"""The soft machine: the step of `backends/core/soft.py` in the words of a relaxation, and runs of it.

Everything is pure: logits in, state out.
"""

import math
from functools import partial

import jax
import jax.numpy as jnp

from backends.interface import Logits
from backends.jax_tensor.soft_operations import arithmetic, branch, operate, write
from backends.jax_tensor.soft_program import (
    RELAXATIONS,
    Jumps,
    Machine,
    Place,
    Selections,
    SoftState,
    blend,
    fetch_blend,
    fetch_slot,
    jumps,
    selections,
)
from backends.jax_tensor.sums import mixture, settled
from backends.jax_tensor.unroll import Step, unroll

SEGMENT_STEPS = 64
"""A run of at most as many steps keeps the state before every step for its backward pass."""


def step(
    machine: Machine, chosen: Selections, targets: Jumps, place: Place, temperature: jax.Array, state: SoftState
) -> SoftState:
    """One soft step, from any program counter."""
    algebra = RELAXATIONS[machine.relaxation](temperature)
    f, q = fetch_blend(machine, chosen, state)
    known, nothing = arithmetic(machine, algebra, f), jnp.zeros_like(q[0])
    memory, effects = operate(machine, algebra, f, known, place, state.memory)

    taken, passed = branch(machine, algebra, f, known)
    jal, jalr = f.op.get("jal", nothing), f.op.get("jalr", nothing)
    slots, linked = blend(targets.targets, q) * (jal + taken), jal * blend(targets.aligned, q)
    if "jalr" in f.op:
        target = algebra.even(known.sums["a", "imm"])
        slots = slots + jalr * settled(algebra.matches(target, targets.slots))
        linked = linked + jalr * algebra.aligned(target)
    if machine.having("jump"):
        effects = effects.plus(linked, mixture([(linked, f.link)]), 0.0, 0.0)

    onward = jnp.concatenate([jnp.zeros_like(q[:1]), (effects.onward + passed) * q])
    halted = f.op.get("ecall", nothing) + f.op.get("ebreak", nothing)
    lost = jal + taken + jalr - jnp.sum(slots, axis=0) + onward[-1] + effects.trapped
    pc = jnp.concatenate([onward[:-1] + slots, state.pc[-2:] + jnp.stack([halted, lost])])
    return SoftState(write(state.registers, f.rd, effects), memory, pc)


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
    targets, aligned, slots = jumps(algebra, logits, place, chosen)
    fixed = (chosen, targets, aligned, temperature)
    return _iterate(partial(_step, machine), (place, slots), fixed, jax.tree.map(jnp.asarray, state), steps)


def _step(machine: Machine, integers: tuple, fixed: tuple, _: None, state: SoftState) -> SoftState:
    (place, slots), (chosen, targets, aligned, temperature) = integers, fixed
    return step(machine, chosen, Jumps(targets, aligned, slots), place, temperature, state)


def _iterate(function: Step, integers: tuple, fixed: tuple, state: SoftState, steps: int) -> SoftState:
    """`function` applied `steps` times; of a long run only every sqrt(steps)-th state is kept, and the segment between
    two is run again in the backward pass."""
    if steps <= SEGMENT_STEPS:
        return unroll(function, steps, integers, fixed, None, state)
    length = math.isqrt(steps)

    def segment(integers: tuple, fixed: tuple, _: None, state: SoftState) -> SoftState:
        return unroll(function, length, integers, fixed, None, state)

    state = unroll(segment, steps // length, integers, fixed, None, state)
    return unroll(function, steps % length, integers, fixed, None, state)


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
    memory, effects = operate(machine, algebra, f, arithmetic(machine, algebra, f), place, memory)
    return write(registers, f.rd, effects), memory, effects.onward, trapped + effects.trapped
