"""The soft machine: the step of `backends/core/soft.py` in the words of a relaxation, and runs of it.

Everything is pure: logits in, state out. One program runs for all instances `*b`, which are the last axes of every array of
the state (none, for a single instance); to train many programs at once, `jax.vmap` over the logits. Steps are a `lax.scan`
of a `jax.checkpoint`.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from backends.core import isa
from backends.core.soft import COLUMN
from backends.jax_tensor.algebra import Algebra, mean, select, select_bits, spread
from backends.jax_tensor.bits import Bits
from backends.jax_tensor.value import Value

RELAXATIONS: dict[str, type[Algebra]] = {"bits": Bits, "value": Value}
KIND = {op.name: op.kind for op in isa.OPERATIONS}
# branch: the condition, and whether it is taken where that holds
BRANCH = {
    "beq": ("eq", True),
    "bne": ("eq", False),
    "blt": ("lt", True),
    "bge": ("lt", False),
    "bltu": ("ltu", True),
    "bgeu": ("ltu", False),
}
WIDTH = {"lb": 1, "lbu": 1, "sb": 1, "lh": 2, "lhu": 2, "sh": 2, "lw": 4, "sw": 4}
SEGMENT_STEPS = 64
"""A run of at most as many steps keeps the state before every step for its backward pass."""


class Logits(NamedTuple):
    """As in `SoftProgram`: op `[L, N]`, rd, rs1, rs2 `[L, R]`, imm `[L, 32]`."""

    op: jax.Array
    rd: jax.Array
    rs1: jax.Array
    rs2: jax.Array
    imm: jax.Array


class SoftState(NamedTuple):
    """registers `[R, *word, *b]`, memory `[M, *byte, *b]`, pc `[L + 2, *b]`: mass per slot, halted, trapped."""

    registers: jax.Array
    memory: jax.Array
    pc: jax.Array


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


class Tables(NamedTuple):
    """A program's selections, L slots on the last axis of each, and what does not depend on the state.

    op `[n, L]`; rd, rs1, rs2 `[R, L]`; imm, here, link `[*word, L]`; targets `[L, L]`, mass on each slot of the jump from
    each; aligned `[L]`, mass of that jump's target on multiples of 4; slots `[L]` uint32, addresses; memory, as in Place.
    """

    op: jax.Array
    rd: jax.Array
    rs1: jax.Array
    rs2: jax.Array
    imm: jax.Array
    here: jax.Array
    link: jax.Array
    targets: jax.Array
    aligned: jax.Array
    slots: jax.Array
    memory: jax.Array | int


def tables(machine: Machine, algebra: Algebra, logits: Logits, place: Place) -> Tables:
    """What a program selects, once for a whole run."""
    columns = np.array([COLUMN[name] for name in machine.operations])
    slots = place.program + jnp.arange(0, 4 * len(logits.op), 4, dtype=jnp.uint32)
    here, link = (jnp.moveaxis(algebra.constants(x), 0, -1) for x in (slots, slots + 4))
    op, rd, rs1, rs2 = (select(x, algebra.temperature).T for x in (logits.op[:, columns], *logits[1:4]))
    imm = algebra.from_bits(select_bits(logits.imm, algebra.temperature).T)
    jumps = algebra.add(here, imm)
    targets, aligned = algebra.matches(jumps, slots), algebra.aligned(jumps)
    return Tables(op, rd, rs1, rs2, imm, here, link, targets, aligned, slots, place.memory)


def _blend(table: jax.Array, weights: jax.Array) -> jax.Array:
    """Table `[..., L]` times weights `[L, *b]`."""
    return jnp.tensordot(table, weights, axes=1, precision=lax.Precision.HIGHEST)


class Fetched(NamedTuple):
    """The blend of the instructions that run: op, mass by name; q `[L, *b]`; rd `[R, *b]`; words a, b, imm, here, link."""

    op: dict[str, jax.Array]
    q: jax.Array
    rd: jax.Array
    a: jax.Array
    b: jax.Array
    imm: jax.Array
    here: jax.Array
    link: jax.Array


def fetch(machine: Machine, t: Tables, state: SoftState) -> Fetched:
    run = state.pc[:-2]
    total = jnp.sum(run, axis=0)
    q = jnp.where(total > 0, run / jnp.where(total > 0, total, 1.0), 0.0)
    op = _blend(t.op, run)
    a, b = (mean(_blend(table, q), state.registers) for table in (t.rs1, t.rs2))
    words = (_blend(table, q) for table in (t.imm, t.here, t.link))
    return Fetched({name: op[i] for i, name in enumerate(machine.operations)}, q, _blend(t.rd, q), a, b, *words)


class Effects(NamedTuple):
    """What operations add up to: mass that writes rd and the word it writes, times mass; mass that goes on to the next
    slot; mass that traps."""

    written: jax.Array | float = 0.0
    word: jax.Array | float = 0.0
    onward: jax.Array | float = 0.0
    trapped: jax.Array | float = 0.0

    def plus(self, *more: jax.Array | float) -> "Effects":
        return Effects(*(x + y for x, y in zip(self, more, strict=True)))


def compute(machine: Machine, algebra: Algebra, f: Fetched) -> Effects:
    """The operations that compute a word from operands; register and immediate forms run side by side."""
    effects = Effects()
    forms: dict[str, dict[int, str]] = {}  # function -> which second operand -> operation
    for name in machine.having("alu"):
        forms.setdefault(name, {})[0] = name
    for name in machine.having("alu_imm"):
        forms.setdefault("sltu" if name == "sltiu" else name[:-1], {})[1] = name
    axis = f.a.ndim - f.q.ndim + 1  # after those of the word
    for seconds in sorted({tuple(sorted(form)) for form in forms.values()}):
        names = [function for function, form in forms.items() if tuple(sorted(form)) == seconds]
        second = jnp.stack([(f.b, f.imm)[k] for k in seconds], axis=axis)
        results = algebra.results(names, jnp.expand_dims(f.a, axis), second)
        for function in names:
            mass = jnp.stack([f.op[forms[function][k]] for k in seconds])
            word, total = jnp.sum(mass * results[function], axis=axis), jnp.sum(mass, axis=0)
            effects = effects.plus(total, word, total, 0.0)
    for name in machine.having("upper"):
        word = f.imm if name == "lui" else algebra.add(f.here, f.imm)
        effects = effects.plus(f.op[name], f.op[name] * word, f.op[name], 0.0)
    return effects


def access(
    machine: Machine, algebra: Algebra, f: Fetched, offset: jax.Array, memory: jax.Array
) -> tuple[jax.Array, Effects]:
    """Loads and stores at the word `offset` from the base of memory: memory after them, and their effects."""
    effects, size = Effects(), len(memory)
    weights = algebra.offsets(offset, size)
    stored, moved = jnp.zeros_like(weights), jnp.zeros_like(memory)
    for name in machine.having("load", "store"):
        mass, width = f.op[name], WIDTH[name]
        inside = jnp.concatenate([weights[: size - width + 1], jnp.zeros_like(weights[size - width + 1 :])])
        within = mass * jnp.sum(inside, axis=0)
        effects = effects.plus(0.0, 0.0, within, mass - within)
        if KIND[name] == "load":
            loaded = algebra.load(inside, memory, width, signed=name in ("lb", "lh"))
            effects = effects.plus(within, mass * loaded, 0.0, 0.0)
        else:
            for k, byte in enumerate(algebra.bytes(f.b, width)):
                weight = mass * jnp.concatenate([jnp.zeros_like(inside[:k]), inside[: size - k]])
                stored, moved = stored + weight, moved + spread(weight, memory) * byte
    return memory - spread(stored, memory) * memory + moved, effects


def step(machine: Machine, t: Tables, temperature: jax.Array, state: SoftState) -> SoftState:
    """One soft step."""
    algebra = RELAXATIONS[machine.relaxation](temperature)
    f = fetch(machine, t, state)
    effects, memory, nothing = compute(machine, algebra, f), state.memory, jnp.zeros_like(f.q[0])
    if machine.having("load", "store"):
        base = algebra.constants(-jnp.asarray(t.memory, jnp.uint32)[None])[0]
        offset = algebra.add(algebra.add(f.a, f.imm), base.reshape(base.shape + (1,) * nothing.ndim))
        memory, accessed = access(machine, algebra, f, offset, memory)
        effects = effects.plus(*accessed)

    taken, passed = branch(machine, algebra, f)
    jal, jalr = f.op.get("jal", nothing), f.op.get("jalr", nothing)
    slots, linked = _blend(t.targets, f.q) * (jal + taken), jal * _blend(t.aligned, f.q)
    if "jalr" in f.op:
        target = algebra.even(algebra.add(f.a, f.imm))
        slots = slots + jalr * algebra.matches(target, t.slots)
        linked = linked + jalr * algebra.aligned(target)
    effects = effects.plus(linked, linked * f.link, passed, 0.0)

    onward = jnp.concatenate([jnp.zeros_like(f.q[:1]), effects.onward * f.q])
    halted = f.op.get("ecall", nothing) + f.op.get("ebreak", nothing)
    lost = jal + taken + jalr - jnp.sum(slots, axis=0) + onward[-1] + effects.trapped
    pc = jnp.concatenate([onward[:-1] + slots, state.pc[-2:] + jnp.stack([halted, lost])])

    rd = jnp.concatenate([jnp.zeros_like(f.rd[:1]), f.rd[1:]])  # x0 is never written
    registers = state.registers
    registers = registers - spread(effects.written * rd, registers) * registers + spread(rd, registers) * effects.word
    return SoftState(registers, memory, pc)


def branch(machine: Machine, algebra: Algebra, f: Fetched) -> tuple[jax.Array, jax.Array]:
    """Masses of the branches that are taken and that are not."""
    taken = passed = jnp.zeros_like(f.q[0])
    names = machine.having("branch")
    conditions = algebra.conditions({BRANCH[name][0] for name in names}, f.a, f.b)
    for name in names:
        condition, sense = BRANCH[name]
        holds = f.op[name] * conditions[condition]
        fails = f.op[name] - holds
        taken, passed = (taken + holds, passed + fails) if sense else (taken + fails, passed + holds)
    return taken, passed


def run(
    machine: Machine, logits: Logits, place: Place, temperature: jax.Array, state: SoftState, steps: int
) -> SoftState:
    """The state after `steps` soft steps."""
    t = tables(machine, RELAXATIONS[machine.relaxation](temperature), logits, place)
    return _iterate(partial(step, machine, t, temperature), state, steps)


def _iterate(function: Callable, state: SoftState, steps: int) -> SoftState:
    """`function` applied `steps` times.

    The backward pass computes each step again from the state before it; of a long run only every sqrt(steps)-th state is
    kept, and the segment between two is computed again too.
    """
    if steps <= SEGMENT_STEPS:
        return _repeat(function, state, steps)
    length = math.isqrt(steps)
    segments = _repeat(lambda x: _repeat(function, x, length), state, steps // length)
    return _repeat(function, segments, steps % length)


def _repeat(function: Callable, state: SoftState, times: int) -> SoftState:
    again = jax.checkpoint(function, prevent_cse=False)
    return lax.scan(lambda x, _: (again(x), None), state, length=times)[0]
