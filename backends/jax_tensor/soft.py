"""The soft machine: the step of `backends/core/soft.py` in the words of a relaxation, and runs of it.

Everything is pure: logits in, state out. One program runs for all instances `*b`, which are the last axes of every array of
the state (none, for a single instance); to train many programs at once, `jax.vmap` over the logits.
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
from backends.jax_tensor.algebra import Algebra, Difference, Form, later, select, select_bits
from backends.jax_tensor.bits import Bits
from backends.jax_tensor.sums import Term, mean, mixture, outer, scale, settled, total, unstack
from backends.jax_tensor.unroll import Step, unroll
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


def _blend(table: jax.Array, weights: jax.Array) -> jax.Array:
    """Table `[..., K]` times weights `[K, ...]`."""
    return jnp.tensordot(table, weights, axes=1, precision=lax.Precision.HIGHEST)


def fetch_blend(machine: Machine, chosen: Selections, state: SoftState) -> tuple[Fetched, jax.Array]:
    """The blend of the instructions of all slots, and q `[L, *b]`, how the running mass is shared between them."""
    run = state.pc[:-2]
    mass = jnp.sum(run, axis=0)
    q = jnp.where(mass > 0, run / jnp.where(mass > 0, mass, 1.0), 0.0)
    op, rd, rs1, rs2, *words = (_blend(table, weights) for table, weights in zip(chosen, (run, *(q,) * 6), strict=True))
    a, b = mean(rs1, state.registers), mean(rs2, state.registers)
    return Fetched(_by_name(machine, op), rd, a, b, *words), q


def fetch_slot(machine: Machine, slot: Selections, mass: jax.Array, registers: jax.Array) -> Fetched:
    """The instruction of the one slot that runs, with mass `[*b]`; of its selections the last axis is gone."""
    axes = range(-mass.ndim, 0)
    op, rd, *words = (jnp.expand_dims(x, axes) for x in (slot.op, slot.rd, slot.imm, slot.here, slot.link))
    a, b = (settled(_blend(weights, registers)) for weights in (slot.rs1, slot.rs2))
    return Fetched(_by_name(machine, op * mass), rd, a, b, *words)


def _by_name(machine: Machine, op: jax.Array) -> dict[str, jax.Array]:
    return dict(zip(machine.operations, unstack(op, 0), strict=True))


class Effects(NamedTuple):
    """What operations add up to: mass that writes rd and the word it writes, times mass; mass that goes on to the next
    slot; mass that traps."""

    written: jax.Array | float = 0.0
    word: jax.Array | float = 0.0
    onward: jax.Array | float = 0.0
    trapped: jax.Array | float = 0.0

    def plus(self, *more: jax.Array | float) -> "Effects":
        return Effects(*(x + y for x, y in zip(self, more, strict=True)))


class Arithmetic(NamedTuple):
    """Sums and differences of the words of an instruction, by their names, of which other operations make use."""

    sums: dict[tuple[str, str], jax.Array]
    differences: dict[tuple[str, str], Difference]


SUMS = {
    ("a", "b"): {"add"},
    ("a", "imm"): {"addi", "jalr"} | set(WIDTH),
    ("here", "imm"): {"auipc"},
}
DIFFERENCES = {
    ("a", "b"): {"sub", "slt", "sltu", "blt", "bge", "bltu", "bgeu"},
    ("a", "imm"): {"slti", "sltiu"},
}


def arithmetic(machine: Machine, algebra: Algebra, f: Fetched) -> Arithmetic:
    """Each sum and difference that the machine's operations need, once."""

    def side_by_side(function: Callable, users: dict) -> dict:
        needed = [pair for pair, names in users.items() if names & set(machine.operations)]
        pairs = [(getattr(f, x), getattr(f, y)) for x, y in needed]
        return dict(zip(needed, function(pairs), strict=True)) if needed else {}

    return Arithmetic(side_by_side(algebra.add, SUMS), side_by_side(algebra.subtract, DIFFERENCES))


def compute(machine: Machine, algebra: Algebra, f: Fetched, known: Arithmetic) -> Effects:
    """The operations that compute a word from operands."""
    masses: list[jax.Array] = []
    terms: list[Term] = []
    forms: list[Form] = []
    for second, kind in (("b", "alu"), ("imm", "alu_imm")):
        form = {isa.REGISTER_FORM.get(name, name): f.op[name] for name in machine.having(kind)}
        masses += form.values()
        if "add" in form:
            terms.append((form["add"], known.sums["a", second]))
        if difference := known.differences.get(("a", second)):
            terms += [(form["sub"], difference.word)] if "sub" in form else []
            orders = [
                (form[name], order)
                for name, order in (("slt", difference.lt), ("sltu", difference.ltu))
                if name in form
            ]
            terms += [(mass, algebra.flag(order)) for mass, order in orders]
        forms.append((getattr(f, second), form))
    terms += algebra.bitwise(f.a, forms) + algebra.multiply_divide(f.a, forms)
    for name in machine.having("upper"):
        masses.append(f.op[name])
        terms.append((f.op[name], f.imm if name == "lui" else known.sums["here", "imm"]))
    if not terms:
        return Effects()
    mass = total(masses)
    return Effects(mass, mixture(terms), mass, 0.0)


def access(
    machine: Machine, algebra: Algebra, f: Fetched, offset: jax.Array, memory: jax.Array
) -> tuple[jax.Array, Effects]:
    """Loads and stores at the word `offset` from the base of memory: memory after them, and their effects."""
    size = len(memory)
    weights = settled(algebra.offsets(offset, size))
    within: dict[str, jax.Array] = {}  # mass of an access that begins at each byte, as far as it is inside
    effects = Effects()
    for name in machine.having("load", "store"):
        inside = size - WIDTH[name] + 1
        within[name] = f.op[name] * jnp.concatenate([weights[:inside], jnp.zeros_like(weights[inside:])])
        done = jnp.sum(within[name], axis=0)
        effects = effects.plus(done if KIND[name] == "load" else 0.0, 0.0, done, f.op[name] - done)
    covers = {kind: _covers({n: within[n] for n in machine.having(kind)}) for kind in ("load", "store")}
    if covers["load"]:
        signed = {WIDTH[name]: within[name] for name in ("lb", "lh") if name in within}
        effects = effects.plus(0.0, algebra.load(covers["load"], signed, memory), 0.0, 0.0)
    if covers["store"]:
        stored = total(covers["store"])
        bytes_ = algebra.bytes(f.b, len(covers["store"]))
        moved = total([outer(weight, byte) for weight, byte in zip(covers["store"], bytes_, strict=True)])
        memory = memory - scale(stored, memory) + moved
    return memory, effects


def _covers(within: dict[str, jax.Array]) -> list[jax.Array]:
    """For byte k of the word accessed, the mass `[M, *b]` with which it is each byte of memory."""
    widest = max((WIDTH[name] for name in within), default=0)
    return [later(total([mass for name, mass in within.items() if WIDTH[name] > k]), k) for k in range(widest)]


def operate(
    machine: Machine, algebra: Algebra, f: Fetched, known: Arithmetic, place: Place, memory: jax.Array
) -> tuple[jax.Array, Effects]:
    """All but branches, jumps and calls of the environment: memory after them, and their effects."""
    effects = compute(machine, algebra, f, known)
    if not machine.having("load", "store"):
        return memory, effects
    base = algebra.constants(-jnp.asarray(place.memory, jnp.uint32)[None])[0]
    address = known.sums["a", "imm"]
    (offset,) = algebra.add([(address, base.reshape(base.shape + (1,) * (address.ndim - base.ndim)))])
    memory, accessed = access(machine, algebra, f, offset, memory)
    return memory, effects.plus(*accessed)


def write(registers: jax.Array, rd: jax.Array, effects: Effects) -> jax.Array:
    """Registers after the write; x0 is never written."""
    rd = jnp.concatenate([jnp.zeros_like(rd[:1]), rd[1:]])
    kept, rd, word = settled((1 - effects.written * rd, rd, effects.word))
    return scale(kept, registers) + outer(rd, word)


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
    slots, linked = _blend(targets.targets, q) * (jal + taken), jal * _blend(targets.aligned, q)
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


def branch(machine: Machine, algebra: Algebra, f: Fetched, known: Arithmetic) -> tuple[jax.Array, jax.Array]:
    """Masses of the branches that are taken and that are not."""
    taken = passed = jnp.zeros(())
    conditions: dict[str, jax.Array] = {}
    names = machine.having("branch")
    if {"beq", "bne"} & set(names):
        conditions["eq"] = algebra.equal(f.a, f.b)
    if ("a", "b") in known.differences:
        conditions |= {order: getattr(known.differences["a", "b"], order) for order in ("lt", "ltu")}
    for name in names:
        condition, sense = BRANCH[name]
        holds = f.op[name] * conditions[condition]
        fails = f.op[name] - holds
        taken, passed = (taken + holds, passed + fails) if sense else (taken + fails, passed + holds)
    return taken, passed


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
