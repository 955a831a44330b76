"""What a block computes: the values that its instructions make and take.

A value is numbered by the slot of the instruction that makes it; what a register holds when the block begins is
`-1 - register`, so that the word 0 of x0 is -1.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from backends.core import isa
from backends.core.isa.words import Integers
from experiments.isa_discovery.machine_code import ALL, ANYWHERE, Block, Text
from experiments.isa_discovery.memory import Memory

ZERO = -1


@dataclass
class Flow:
    """takes: of each slot, the values of rs1 and rs2 (None where it has none). users: of each value, the slots that take it.
    alive: values that a register holds behind the block, where it is alive. words: of values that are always the same.
    constants: of these, all but addresses in the program, which no operation should know. loaded: of loads of a word that was
    stored or loaded before in the block, the value that it is. leaves: words that registers always hold behind the block.
    written: the slots that write each register, in order."""

    text: Text
    block: Block
    takes: dict[int, tuple[int | None, int | None]] = field(default_factory=dict)
    users: dict[int | None, set[int]] = field(default_factory=dict)
    alive: set[int] = field(default_factory=set)
    words: dict[int | None, int] = field(default_factory=lambda: {ZERO: 0})
    constants: dict[int | None, int] = field(default_factory=lambda: {ZERO: 0})
    loaded: dict[int, int] = field(default_factory=dict)
    leaves: dict[int, int] = field(default_factory=dict)
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

    def note(self, value: int, word: int | None) -> None:
        """That a value is always the same, where a word is given."""
        if word is not None:
            self.words[value] = word
            if not self.text.near(word):
                self.constants[value] = word

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


def flow_of(text: Text, block: Block, known: Mapping[int, int] = MappingProxyType({})) -> Flow:
    """known: words that registers hold whenever the block begins."""
    flow = Flow(text, block)
    for register, word in known.items():
        flow.note(-1 - register, word)
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
            flow.note(slot, _word(flow, slot))
    flow.leaves = {r: flow.words[v] for r, v in holds.items() if r and v in flow.words}
    flow.alive = {holds[register] for register in range(1, 32) if block.live >> register & 1}
    if text.reads(block.end - 1) == ALL:  # an environment looks at what it likes
        flow.alive |= set(holds.values())
    return flow


def known_words(text: Text) -> list[dict[int, int]]:
    """Of each block, the words that registers hold whenever it begins, as constant propagation finds them: where control may
    come from is as `Text` says. (Kildall 1973.)"""
    found: list[dict[int, int] | None] = [None] * len(text.blocks)
    waiting = {*text.indirect}
    for k in waiting:
        found[k] = {}
    while waiting:
        k = waiting.pop()
        leaves = flow_of(text, text.blocks[k], found[k] or {}).leaves
        for after in text.ways[k] if text.ways[k] is not ANYWHERE else ():
            before = found[after]
            found[after] = leaves if before is None else dict(before.items() & leaves.items())
            waiting |= {after} if found[after] != before else set()
    return [words or {} for words in found]


def _remember(flow: Flow, memory: Memory[int], slot: int) -> None:
    """What a store leaves; whether a load gives a value that is known."""
    row, (first, second) = isa.OPERATIONS[flow.text.code.op[slot]], flow.takes[slot]
    assert first is not None
    base = flow.loaded.get(first, first)
    if row.kind == "store" and second is not None:
        memory.store(base, flow.immediate(slot), row.width, flow.loaded.get(second, second))
    elif flow.text.writes(slot) and (known := memory.load(base, flow.immediate(slot), row.width, slot)) is not None:
        flow.loaded[slot] = known


def _word(flow: Flow, slot: int) -> int | None:
    """The word that an instruction always gives."""
    row = isa.OPERATIONS[flow.text.code.op[slot]]
    if slot in flow.loaded:
        return flow.words.get(flow.loaded[slot])
    if row.name == "lui":
        return flow.immediate(slot)
    first, second = (flow.words.get(value) for value in flow.takes[slot])
    second = flow.immediate(slot) if row.kind == "alu_imm" else second
    return None if not row.computes or None in (first, second) else row.meaning(Integers(), first, second) & 0xFFFFFFFF
