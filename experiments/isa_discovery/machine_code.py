"""Control flow of an executable: blocks, where each may be entered, and which registers are alive behind each.

Where control goes is read off branches and jumps. A jump through a register leads to a return site, or to an address that the
program holds: as a word of data, as a constant that code makes, or seen as a target when the program ran. Such addresses are
`fixed`: what lies there must stay there.
"""

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce

import numpy as np

from backends.core import isa
from backends.core.isa import Decoded, Operation
from backends.interface import Program

LINKS = (1, 5)
"""A jump that writes one of these is a call: behind it is a return site."""
ALL = (1 << 32) - 2
"""All registers but x0, as bits."""
ANYWHERE = (-1,)
"""The blocks that follow a jump through a register: all that may."""
_MASK = 0xFFFFFFFF
_JAL, _JALR, _LUI, _AUIPC = (isa.NUMBER[name] for name in ("jal", "jalr", "lui", "auipc"))


@dataclass(frozen=True)
class Block:
    """Instructions that run one after another: slots `first` to `end - 1` of the text. count: how often. live: the registers
    alive behind it, as bits."""

    first: int
    end: int
    count: int
    live: int


@dataclass(frozen=True)
class Text:
    """The instructions of a program.

    program: what is loaded. ranges: (first address, end) of the sections with instructions. counts `[W]` int64: how often each
    word of the image was executed. entered `[W]` int64: jumped to. Slots number the words of the image.
    """

    program: Program
    ranges: tuple[tuple[int, int], ...]
    counts: np.ndarray
    entered: np.ndarray

    @cached_property
    def words(self) -> np.ndarray:
        """`[W]` uint32."""
        image = self.program.image
        return np.concatenate((image, np.zeros(-len(image) % 4, np.uint8))).view("<u4")

    @cached_property
    def code(self) -> Decoded:
        """The words that control may come to, decoded; all others are illegal here, whatever they would be."""
        found, inside = isa.decode(self.words, 32), np.zeros(len(self.words), bool)
        for first, end in self.ranges:
            inside[self.slot(first) : self.slot(end)] = True
        hidden = replace(found, op=np.where(inside, found.op, isa.ILLEGAL))
        waiting, reached = {self.slot(self.program.entry), *np.flatnonzero(self.counts).tolist()}, np.zeros(len(inside), bool)
        fields = hidden.op.tolist(), hidden.rd.tolist(), hidden.imm.tolist()
        while waiting:
            for slot in waiting:
                self._follow(*fields, slot, reached)
            code = replace(hidden, op=np.where(reached, hidden.op, isa.ILLEGAL))
            waiting = {s for s in self._addresses(code) if hidden.op[s] != isa.ILLEGAL and not reached[s]}
        return code

    def _follow(self, op: list[int], rd: list[int], imm: list[int], slot: int, reached: np.ndarray) -> None:
        """Mark what control may come to from a slot on, return sites among it. op, rd, imm: of the image, decoded."""
        waiting = [slot]
        while waiting:
            slot = waiting.pop()
            while 0 <= slot < len(reached) and op[slot] != isa.ILLEGAL and not reached[slot]:
                reached[slot] = True
                row = isa.OPERATIONS[op[slot]]
                if row.kind == "branch" or row.name == "jal":
                    waiting.append(self.slot(self.address(slot) + imm[slot] & _MASK))
                if (row.kind == "jump" and rd[slot] not in LINKS) or row.name == "ebreak":
                    break
                slot += 1

    def _addresses(self, code: Decoded) -> set[int]:
        """The slots whose addresses are words that are no code, or constants that code makes."""
        held = np.concatenate((self.words[code.op == isa.ILLEGAL], np.array(list(self._made(code)), np.uint32)))
        return {self.slot(a) for a in np.unique(held).tolist() if self._inside(a)}

    def slot(self, address: int) -> int:
        return (address - self.program.base) // 4

    def address(self, slot: int) -> int:
        return self.program.base + 4 * slot

    def row(self, slot: int) -> Operation | None:
        """The instruction in a slot, None where there is none."""
        number = int(self.code.op[slot])
        return None if number == isa.ILLEGAL else isa.OPERATIONS[number]

    def target(self, slot: int) -> int | None:
        """The slot that a branch or `jal` leads to; None of other instructions, and outside the image."""
        row = self.row(slot)
        if row is None or not (row.kind == "branch" or row.name == "jal"):
            return None
        address = self.address(slot) + int(self.code.imm[slot]) & _MASK
        return self.slot(address) if self._inside(address) else None

    def _inside(self, address: int) -> bool:
        return address % 4 == 0 and 0 <= address - self.program.base < 4 * len(self.words)

    def near(self, word: int) -> bool:
        """Whether a word may be an address in the program, or what lui leaves of one."""
        return self.program.base >> 12 <= word >> 12 <= self.program.base + 4 * len(self.words) + 2048 >> 12

    def is_call(self, slot: int) -> bool:
        return self.code.op[slot] in (_JAL, _JALR) and self.code.rd[slot] in LINKS

    def falls_through(self, slot: int) -> bool:
        """Whether the next slot may follow, without a return in between."""
        row = self.row(slot)
        return row is not None and row.kind != "jump" and row.name != "ebreak"

    def goes_on(self, slot: int) -> int | None:
        """How often control comes from a slot to the next one, at once or back from a call; None: it never may."""
        if slot + 1 == len(self.words) or self.row(slot + 1) is None:
            return None
        if self.falls_through(slot):
            return int(self.counts[slot + 1] - self.entered[slot + 1])
        return int(min(self.counts[slot], self.entered[slot + 1])) if self.is_call(slot) else None

    @cached_property
    def slots(self) -> list[int]:
        """Those that hold instructions."""
        return np.flatnonzero(self.code.op != isa.ILLEGAL).tolist()

    @cached_property
    def fixed(self) -> frozenset[int]:
        """Slots that a jump through a register may lead to, return sites aside."""
        seen = set(np.flatnonzero(self.entered).tolist()) - {self.target(s) for s in self.slots} - self.return_sites
        wanted = self._addresses(self.code) | seen | {self.slot(self.program.entry)}
        return frozenset(s for s in wanted if self.code.op[s] != isa.ILLEGAL)

    @cached_property
    def kept(self) -> frozenset[int]:
        """Slots whose instructions stay where they are: at fixed addresses, and those that make an address from their own."""
        return self.fixed | frozenset(np.flatnonzero(self.code.op == _AUIPC).tolist())

    @cached_property
    def return_sites(self) -> frozenset[int]:
        return frozenset(s + 1 for s in self.slots if self.is_call(s))

    def _made(self, code: Decoded) -> Iterator[int]:
        """Constants that code makes: by lui or auipc, and sums of those with an immediate in the same run of instructions."""
        known: dict[int, int] = {}
        there = np.flatnonzero(code.op != isa.ILLEGAL)
        fields = (field[there].tolist() for field in (code.op, code.rd, code.rs1, code.imm))
        for slot, op, rd, rs1, imm in zip(there.tolist(), *fields, strict=True):
            if op in (_LUI, _AUIPC):
                known[rd] = imm + (self.address(slot) if op == _AUIPC else 0) & _MASK
                yield known[rd]
                continue
            if rs1 in known and isa.OPERATIONS[op].format == "I":
                yield known[rs1] + imm & _MASK
            if op == isa.NUMBER["addi"] and rs1 in known:
                known[rd] = known[rs1] + imm & _MASK
            elif isa.OPERATIONS[op].writes:
                known.pop(rd, None)

    @cached_property
    def _spans(self) -> tuple[tuple[int, int], ...]:
        """(first slot, end) of each block, in order."""
        inside = set(self.slots)
        leaders = self.kept | self.return_sites | {t for s in self.slots if (t := self.target(s)) is not None}
        starts = [s for s in self.slots if s in leaders or s - 1 not in inside or self._ends(s - 1)]
        ends = [*starts[1:], len(self.words)]
        return tuple(
            (s, next((e for e in range(s + 1, end) if e not in inside), end)) for s, end in zip(starts, ends, strict=True)
        )

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """All of the text, in order."""
        return tuple(Block(s, e, int(self.counts[s]), live) for (s, e), live in zip(self._spans, self._live(), strict=True))

    @cached_property
    def ways(self) -> tuple[tuple[int, ...], ...]:
        """Of each block, the numbers of those that may follow; none where that is not known."""
        number: dict[int | None, int] = {first: k for k, (first, _) in enumerate(self._spans)}
        return tuple(self._ways(end - 1, number) for _, end in self._spans)

    @cached_property
    def indirect(self) -> tuple[int, ...]:
        """The numbers of the blocks that a jump through a register may lead to."""
        return tuple(k for k, (first, _) in enumerate(self._spans) if first in self.fixed or first in self.return_sites)

    def _ends(self, slot: int) -> bool:
        return isa.OPERATIONS[self.code.op[slot]].kind in ("branch", "jump", "system")

    def reads(self, slot: int) -> int:
        """The registers that an instruction may read, as bits; an environment may look at all."""
        return self._touched[slot][0]

    def writes(self, slot: int) -> int:
        """The register that an instruction writes, as a bit; x0 is none."""
        return self._touched[slot][1]

    @cached_property
    def _touched(self) -> dict[int, tuple[int, int]]:
        """What each instruction reads and writes."""
        fields = (getattr(self.code, name).tolist() for name in ("op", "rs1", "rs2", "rd"))
        return {slot: _registers(*each) for slot, each in enumerate(zip(*fields, strict=True)) if each[0] != isa.ILLEGAL}

    def _live(self) -> list[int]:
        """The registers alive behind each block: what may be read before it is written, on any way on."""
        spans, ways = self._spans, self.ways
        before, after, anywhere, changed = [0] * len(spans), [0] * len(spans), 0, True
        while changed:
            changed = False
            for k in reversed(range(len(spans))):
                after[k] = anywhere if ways[k] is ANYWHERE else _union(before, ways[k]) if ways[k] else ALL
                live = after[k]
                for slot in reversed(range(*spans[k])):
                    live = live & ~self.writes(slot) | self.reads(slot)
                changed |= live != before[k]
                before[k] = live
            changed |= anywhere != (anywhere := _union(before, self.indirect))
        return after

    def _ways(self, last: int, number: dict[int | None, int]) -> tuple[int, ...]:
        """The blocks that may follow one that ends at slot `last`; none where that is not known."""
        if self.code.op[last] == _JALR:
            return ANYWHERE
        targets: tuple[int | None, ...] = (last + 1,) if self.falls_through(last) else ()
        if self.code.op[last] == _JAL or isa.OPERATIONS[self.code.op[last]].kind == "branch":
            targets += (self.target(last),)
        return tuple(number[t] for t in targets) if all(t in number for t in targets) else ()


def _union(masks: Sequence[int], which: Sequence[int]) -> int:
    return reduce(operator.or_, (masks[k] for k in which), 0)


def _registers(op: int, rs1: int, rs2: int, rd: int) -> tuple[int, int]:
    """The registers that an instruction reads and writes, as bits."""
    row = isa.OPERATIONS[op]
    sources = sum({1 << {"rs1": rs1, "rs2": rs2}[field] for field in row.reads}) & ~1
    return ALL if row.kind == "system" else sources, 1 << rd & ~1 if row.writes else 0
