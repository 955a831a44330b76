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
from backends.jax_tensor.algebra import BITWISE, MULTIPLY_DIVIDE, Algebra, Difference, later, select, select_bits
from backends.jax_tensor.bits import Bits
from backends.jax_tensor.sums import mean, outer, scale, settled, times, total
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
    return {name: op[i] for i, name in enumerate(machine.operations)}


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
    masses, words, forms = [], [], []
    for second, kind in (("b", "alu"), ("imm", "alu_imm")):
        form = {_function(name): f.op[name] for name in machine.having(kind)}
        masses += form.values()
        if "add" in form:
            words.append(times(form["add"], known.sums["a", second]))
        if "sub" in form:
            words.append(times(form["sub"], known.differences["a", second].word))
        if below := [
            form[name] * getattr(known.differences["a", second], order)
            for name, order in (("slt", "lt"), ("sltu", "ltu"))
            if name in form
        ]:
            words.append(algebra.flag(total(below)))
        forms.append((getattr(f, second), {name: form[name] for name in BITWISE if name in form}))
        if expensive := {name: form[name] for name in MULTIPLY_DIVIDE if name in form}:
            words.append(algebra.multiply_divide(f.a, (getattr(f, second), expensive)))
    if any(form for _, form in forms):
        words.append(algebra.bitwise(f.a, forms))
    for name in machine.having("upper"):
        masses.append(f.op[name])
        words.append(times(f.op[name], f.imm if name == "lui" else known.sums["here", "imm"]))
    if not words:
        return Effects()
    mass = total(masses)
    return Effects(mass, total(words), mass, 0.0)


def _function(name: str) -> str:
    """The operation on two operands that one with an immediate computes."""
    return "sltu" if name == "sltiu" else name.removesuffix("i")


def access(
    machine: Machine, algebra: Algebra, f: Fetched, offset: jax.Array, memory: jax.Array
) -> tuple[jax.Array, Effects]:
    """Loads and stores at the word `offset` from the base of memory: memory after them, and their effects."""
    size = len(memory)
    weights = algebra.offsets(offset, size)
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
    return registers - scale(effects.written * rd, registers) + outer(rd, settled(effects.word))


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
        slots = slots + jalr * algebra.matches(target, targets.slots)
        linked = linked + jalr * algebra.aligned(target)
    if machine.having("jump"):
        effects = effects.plus(linked, times(linked, f.link), 0.0, 0.0)

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
    targets = jumps(algebra, logits, place, chosen)
    return _iterate(partial(step, machine, chosen, targets, place, temperature), state, steps)


def _run_slots(
    machine: Machine, chosen: Selections, place: Place, temperature: jax.Array, state: SoftState, slots: range
) -> SoftState:
    """The slots one after the other, as far as there are any; what comes after the last is a trap."""
    algebra = RELAXATIONS[machine.relaxation](temperature)
    end, b = len(state.pc) - 2, state.pc.shape[1:]
    rows = jax.tree.map(lambda x: jnp.moveaxis(x, -1, 0)[slots.start : slots.stop], chosen)

    def one(carry: tuple, slot: Selections) -> tuple[tuple, None]:
        registers, memory, mass, trapped = carry
        f = fetch_slot(machine, slot, mass, registers)
        memory, effects = operate(machine, algebra, f, arithmetic(machine, algebra, f), place, memory)
        registers = write(registers, f.rd, effects)
        return (registers, memory, effects.onward, trapped + effects.trapped), None

    uncertain = b if machine.having("load", "store") else (1,) * len(b)
    mass, trapped = jnp.ones(uncertain, temperature.dtype), jnp.zeros(uncertain, temperature.dtype)
    again = jax.checkpoint(one, prevent_cse=False)
    registers, memory, mass, trapped = lax.scan(again, (state.registers, state.memory, mass, trapped), rows)[0]
    pc = jnp.zeros_like(state.pc).at[slots.stop if slots.stop < end else -1].add(mass).at[-1].add(trapped)
    return SoftState(registers, memory, pc)


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
