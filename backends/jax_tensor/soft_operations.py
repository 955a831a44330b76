"""What a soft program counter fetches, and what its operations do to registers, memory and the program counter.

All operations that the machine has are computed, in the words of a relaxation; each acts with the mass that the instruction
gives it. One program runs for all instances `*b`, which are the last axes of every array of the state (none, for a single
instance); to train many programs at once, `jax.vmap` over the logits.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from backends.core import isa
from backends.interface import SoftExecution
from backends.jax_tensor.algebra import Algebra, Difference, Form, later
from backends.jax_tensor.bits import Bits
from backends.jax_tensor.sums import Term, mixture, outer, scale, settled, total
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
WIDTH = {op.name: op.width for op in isa.OPERATIONS if op.width}

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


class Effects(NamedTuple):
    """What operations add up to: mass that writes rd and the word it writes, times mass; mass that goes on to the next
    slot; mass that traps."""

    written: jax.Array | float = 0.0
    word: jax.Array | float = 0.0
    onward: jax.Array | float = 0.0
    trapped: jax.Array | float = 0.0

    def plus(self, *more: jax.Array | float) -> "Effects":
        return Effects(*(x + y for x, y in zip(self, more, strict=True)))


SUMS = {("a", "b"): {"add"}, ("a", "imm"): {"addi", "jalr"} | set(WIDTH), ("here", "imm"): {"auipc"}}
DIFFERENCES = {("a", "b"): {"sub", "slt", "sltu", "blt", "bge", "bltu", "bgeu"}, ("a", "imm"): {"slti", "sltiu"}}


class Operations:
    """Of the instruction that was fetched. sums, differences: of its words, by their names, each that the machine's operations
    need, once."""

    def __init__(self, machine: Machine, algebra: Algebra, f: Fetched) -> None:
        self.machine, self.algebra, self.f = machine, algebra, f
        self.sums: dict[tuple[str, str], jax.Array] = self._side_by_side(algebra.add, SUMS)
        self.differences: dict[tuple[str, str], Difference] = self._side_by_side(algebra.subtract, DIFFERENCES)

    def _side_by_side(self, function: Callable, users: dict) -> dict:
        needed = [pair for pair, names in users.items() if names & set(self.machine.operations)]
        pairs = [(getattr(self.f, x), getattr(self.f, y)) for x, y in needed]
        return dict(zip(needed, function(pairs), strict=True)) if needed else {}

    def compute(self) -> Effects:
        """The operations that compute a word from operands."""
        masses: list[jax.Array] = []
        terms: list[Term] = []
        forms: list[Form] = []
        for second, kind in (("b", "alu"), ("imm", "alu_imm")):
            form = {isa.REGISTER_FORM.get(name, name): self.f.op[name] for name in self.machine.having(kind)}
            masses += form.values()
            if "add" in form:
                terms.append((form["add"], self.sums["a", second]))
            if difference := self.differences.get(("a", second)):
                terms += [(form["sub"], difference.word)] if "sub" in form else []
                orders = {"slt": difference.lt, "sltu": difference.ltu}
                terms += [(form[name], self.algebra.flag(order)) for name, order in orders.items() if name in form]
            forms.append((getattr(self.f, second), form))
        terms += self.algebra.bitwise(self.f.a, forms) + self.algebra.multiply_divide(self.f.a, forms)
        for name in self.machine.having("upper"):
            masses.append(self.f.op[name])
            terms.append((self.f.op[name], self.f.imm if name == "lui" else self.sums["here", "imm"]))
        if not terms:
            return Effects()
        mass = total(masses)
        return Effects(mass, mixture(terms), mass, 0.0)

    def access(self, offset: jax.Array, memory: jax.Array) -> tuple[jax.Array, Effects]:
        """Loads and stores at the word `offset` from the base of memory: memory after them, and their effects."""
        size = len(memory)
        weights = settled(self.algebra.offsets(offset, size))
        within: dict[str, jax.Array] = {}  # mass of an access that begins at each byte, as far as it is inside
        effects = Effects()
        for name in self.machine.having("load", "store"):
            inside = size - WIDTH[name] + 1
            within[name] = self.f.op[name] * jnp.concatenate([weights[:inside], jnp.zeros_like(weights[inside:])])
            done = jnp.sum(within[name], axis=0)
            effects = effects.plus(done if KIND[name] == "load" else 0.0, 0.0, done, self.f.op[name] - done)
        covers = {kind: _covers({n: within[n] for n in self.machine.having(kind)}) for kind in ("load", "store")}
        if covers["load"]:
            signed = {WIDTH[name]: within[name] for name in ("lb", "lh") if name in within}
            effects = effects.plus(0.0, self.algebra.load(covers["load"], signed, memory), 0.0, 0.0)
        if covers["store"]:
            stored = total(covers["store"])
            bytes_ = self.algebra.bytes(self.f.b, len(covers["store"]))
            moved = total([outer(weight, byte) for weight, byte in zip(covers["store"], bytes_, strict=True)])
            memory = memory - scale(stored, memory) + moved
        return memory, effects

    def operate(self, place: Place, memory: jax.Array) -> tuple[jax.Array, Effects]:
        """All but branches, jumps and calls of the environment: memory after them, and their effects."""
        effects = self.compute()
        if not self.machine.having("load", "store"):
            return memory, effects
        base = self.algebra.constants(-jnp.asarray(place.memory, jnp.uint32)[None])[0]
        address = self.sums["a", "imm"]
        (offset,) = self.algebra.add([(address, base.reshape(base.shape + (1,) * (address.ndim - base.ndim)))])
        memory, accessed = self.access(offset, memory)
        return memory, effects.plus(*accessed)

    def branch(self) -> tuple[jax.Array, jax.Array]:
        """Masses of the branches that are taken and that are not."""
        taken = passed = jnp.zeros(())
        conditions: dict[str, jax.Array] = {}
        names = self.machine.having("branch")
        if {"beq", "bne"} & set(names):
            conditions["eq"] = self.algebra.equal(self.f.a, self.f.b)
        if ("a", "b") in self.differences:
            conditions |= {order: getattr(self.differences["a", "b"], order) for order in ("lt", "ltu")}
        for name in names:
            condition, sense = BRANCH[name]
            holds = self.f.op[name] * conditions[condition]
            fails = self.f.op[name] - holds
            taken, passed = (taken + holds, passed + fails) if sense else (taken + fails, passed + holds)
        return taken, passed


def _covers(within: dict[str, jax.Array]) -> list[jax.Array]:
    """For byte k of the word accessed, the mass `[M, *b]` with which it is each byte of memory."""
    widest = max((WIDTH[name] for name in within), default=0)
    return [later(total([mass for name, mass in within.items() if WIDTH[name] > k]), k) for k in range(widest)]


def write(registers: jax.Array, rd: jax.Array, effects: Effects) -> jax.Array:
    """Registers after the write; x0 is never written."""
    rd = jnp.concatenate([jnp.zeros_like(rd[:1]), rd[1:]])
    kept, rd, word = settled((1 - effects.written * rd, rd, effects.word))
    return scale(kept, registers) + outer(rd, word)
