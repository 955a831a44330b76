"""What a block computes: the values that its instructions make and take.

A value is numbered by the slot of the instruction that makes it; what a register holds when the block begins is
`-1 - register`, so that the word 0 of x0 is -1.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from backends.core import isa
from backends.core.isa.words import Integers
from experiments.isa_discovery.machine_code import ALL, Block, Text
from experiments.isa_discovery.memory import Memory

ZERO = -1


@dataclass
class Flow:
    """takes: of each slot, the values of rs1 and rs2 (None where it has none). users: of each value, the slots that take it.
    alive: values that a register holds behind the block, where it is alive. constants: words of values that are always the
    same, addresses in the program aside, which no operation should know. loaded: of loads of a word that was stored or loaded
    before in the block, the value that it is. written: the slots that write each register, in order."""

    text: Text
    block: Block
    takes: dict[int, tuple[int | None, int | None]] = field(default_factory=dict)
    users: dict[int | None, set[int]] = field(default_factory=dict)
    alive: set[int] = field(default_factory=set)
    constants: dict[int | None, int] = field(default_factory=lambda: {ZERO: 0})
    loaded: dict[int, int] = field(default_factory=dict)
    written: dict[int, list[int]] = field(default_factory=dict)

    @property
    def slots(self) -> range:
        return range(self.block.first, self.block.end)

    def replaceable(self, value: int) -> bool:
        """Whether the value is made in this block by what an operation may take in: no address."""
        known = value in self.constants or value in self.loaded
        return value >= 0 and (known or isa.OPERATIONS[self.text.code.op[value]].computes)

    def needs(self, slot: int) -> tuple[int | None, int | None]:
        """The values of which a replaceable instruction makes its own."""
        return (self.loaded[slot], None) if slot in self.loaded else self.takes[slot]

    def register(self, value: int) -> int:
        """Where the value lies."""
        return int(self.text.code.rd[value]) if value >= 0 else -1 - value

    def immediate(self, slot: int) -> int:
        """uint32."""
        return int(self.text.code.imm[slot])

    def writers(self, value: int, before: int) -> Iterator[int]:
        """The slots before the slot `before` that write over a value."""
        return (slot for slot in self.written.get(self.register(value), ()) if value < slot < before)

    def held(self, register: int, before: int) -> int:
        """The value in a register before an instruction."""
        return max((slot for slot in self.written.get(register, ()) if slot < before), default=-1 - register)


def flow_of(text: Text, block: Block) -> Flow:
    flow = Flow(text, block)
    holds = {register: -1 - register for register in range(32)}
    memory: Memory[int] = Memory()
    for slot in flow.slots:
        row = isa.OPERATIONS[text.code.op[slot]]
        sources = ((text.code.rs1[slot], "rs1" in row.reads), (text.code.rs2[slot], "rs2" in row.reads))
        first, second = (holds[int(register)] if reads else None for register, reads in sources)
        flow.takes[slot] = first, second
        for value in {first, second} - {None}:
            flow.users.setdefault(value, set()).add(slot)
        if row.kind in ("load", "store"):
            _remember(flow, memory, slot)
        if text.writes(slot):
            holds[int(text.code.rd[slot])] = slot
            flow.written.setdefault(int(text.code.rd[slot]), []).append(slot)
            if (word := _constant(flow, slot)) is not None:
                flow.constants[slot] = word
    flow.alive = {holds[register] for register in range(1, 32) if block.live >> register & 1}
    if text.reads(block.end - 1) == ALL:  # an environment looks at what it likes
        flow.alive |= set(holds.values())
    return flow


def _remember(flow: Flow, memory: Memory[int], slot: int) -> None:
    """What a store leaves; whether a load gives a value that is known."""
    row, (first, second) = isa.OPERATIONS[flow.text.code.op[slot]], flow.takes[slot]
    assert first is not None
    base = flow.loaded.get(first, first)
    if row.kind == "store" and second is not None:
        memory.store(base, flow.immediate(slot), row.width, flow.loaded.get(second, second))
    elif flow.text.writes(slot) and (known := memory.load(base, flow.immediate(slot), row.width, slot)) is not None:
        flow.loaded[slot] = known


def _constant(flow: Flow, slot: int) -> int | None:
    """The word that an instruction always gives, and that is no address."""
    row = isa.OPERATIONS[flow.text.code.op[slot]]
    if slot in flow.loaded:
        return flow.constants.get(flow.loaded[slot])
    if row.name == "lui":
        word: int | None = flow.immediate(slot)
    else:
        operands = list(operands_of(flow, slot)) if row.computes else [None]
        word = None if None in operands else row.meaning(Integers(), *operands) & 0xFFFFFFFF
    return None if word is not None and flow.text.near(word) else word


def operands_of(flow: Flow, slot: int) -> Iterator[int | None]:
    """The words of the operands of an operation, None where they vary."""
    first, second = flow.takes[slot]
    yield flow.constants.get(first)
    yield flow.immediate(slot) if isa.OPERATIONS[flow.text.code.op[slot]].kind == "alu_imm" else flow.constants.get(second)
