"""Units of translation: what can be reached from an address without a call, as basic blocks.

A unit begins where the run is or a function does. Calls end a block, and the instruction behind them begins one. Slots number
the words of instruction memory, as in `core/isa/packing.py`, whose packed instructions are read here, not the program's
words: translator and interpreter see the same.
"""

from bisect import bisect_right
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple

import numpy as np

from backends.core.isa import ILLEGAL, NUMBER, Operation
from backends.core.isa.instruction_set import Isa
from backends.core.isa.packing import SCRATCH, op_of, rd_of
from backends.core.isa.table import FIRST_ATOMIC
from backends.core.observation import LINK_REGISTERS

UNIT_INSTRUCTIONS, UNIT_BLOCKS = 2000, 400
"""About so many in a unit at most, or LLVM would take minutes for it: what lies beyond is entered through the table."""
_LUI, _JAL, _JALR = NUMBER["lui"], NUMBER["jal"], NUMBER["jalr"]
_UNUSUAL = ("system", "counter", "atomic")


class Instruction(NamedTuple):
    """row: None for what is no instruction. rd: 0 for x0. imm: the word, of branches and `jal` the target's slot."""

    row: Operation | None
    rd: int
    rs1: int
    rs2: int
    imm: int

    @property
    def unusual(self) -> bool:
        """Left to the interpreter: environment calls, counters, atomic operations, `fence.i`, what is illegal or not
        decoded."""
        return self.row is None or self.row.kind in _UNUSUAL or self.row.name == "fence.i"

    @property
    def ends(self) -> bool:
        """The run does not go on behind it."""
        return self.row is None or self.row.name == "ebreak"


class End(Enum):
    """How a block ends."""

    NEXT = "the next instruction begins another block"
    EXIT = "the next instruction is left to the interpreter"
    BRANCH = "a conditional branch"
    GOTO = "a jump to a slot"
    CALL = "a jump to a slot that writes a register"
    TAIL = "a jump to the begin of another function"
    CALL_INDIRECT = "a jump to an address in a register that writes one"
    RETURN = "a jump through a link register"
    JUMP = "a jump through another register"


@dataclass(frozen=True)
class Block:
    """start: its slot. instructions: also the jump at its end. target: a slot, of GOTO, CALL, TAIL and BRANCH; of jumps
    through a register a guess, or -1."""

    start: int
    instructions: tuple[Instruction, ...]
    end: End
    target: int = -1

    @property
    def after(self) -> int:
        """The slot behind it."""
        return self.start + len(self.instructions)


@dataclass(frozen=True)
class Unit:
    """blocks: by start slot. entries: slots at which it can be entered, its start first. indirect: those that a jump through
    a register may lead to, as far as data tells."""

    start: int
    blocks: dict[int, Block]
    entries: tuple[int, ...]
    indirect: tuple[int, ...]

    @property
    def callees(self) -> list[int]:
        """Slots of the units that it calls, as far as is known before it runs."""
        calls = (End.CALL, End.TAIL, End.CALL_INDIRECT, End.JUMP)
        return [block.target for block in self.blocks.values() if block.end in calls and block.target >= 0]

    @property
    def size(self) -> int:
        """Its instructions."""
        return sum(len(block.instructions) for block in self.blocks.values())

    def successors(self, block: Block) -> list[int]:
        """Blocks that follow without a call between."""
        ahead = {
            End.NEXT: [block.after],
            End.BRANCH: [block.target, block.after],
            End.GOTO: [block.target],
            End.JUMP: [*self.indirect],
        }
        return [slot for slot in ahead.get(block.end, []) if slot in self.blocks]


class Code:
    """An instruction memory. packed: `[slots + 1]` uint64. words: `[W]` uint32, the same memory as data, and its base."""

    def __init__(self, packed: np.ndarray, words: np.ndarray, base: int, isa: Isa) -> None:
        self.packed, self.words, self.isa, self.base, self.slots = packed, words, isa, base, len(packed) - 1

    @cached_property
    def functions(self) -> list[int]:
        """Sorted slots that a jump which writes a register leads to: functions begin there. -1 before and `slots` behind."""
        packed = self.packed[:-1]
        writes = rd_of(packed) != SCRATCH
        near = packed[(op_of(packed) == _JAL) & writes] >> np.uint64(32)
        far = [self.guess(slot) for slot in np.flatnonzero((op_of(packed) == _JALR) & writes).tolist()]
        return [-1, *sorted({slot for slot in (*near.tolist(), *far) if 0 <= slot < self.slots}), self.slots]

    def function(self, slot: int) -> tuple[int, int]:
        """Where the function that a slot lies in begins, -1 for none, and where the next one does."""
        behind = bisect_right(self.functions, slot)
        return self.functions[behind - 1], self.functions[behind]

    def begins(self, slot: int) -> bool:
        """Whether a function does, at a slot."""
        return self.function(slot)[0] == slot

    def _pointed_to(self, first: int, last: int) -> set[int]:
        """Slots from behind `first` to before `last` whose addresses lie in memory as words, as those of tables of jumps do."""
        offsets = self.words - np.uint32(self.base)
        slots = offsets[offsets % 4 == 0].astype(np.int64) // 4
        return set(slots[(slots > first) & (slots < last)].tolist())

    def guess(self, slot: int) -> int:
        """Where the `jalr` in a slot leads, by the `lui` or `auipc` before it; -1 where that says nothing."""
        found, before = self.at(slot), self.at(slot - 1) if slot else None
        if before is None or before.row is None or before.row.number != _LUI or before.rd != found.rs1 or not found.rs1:
            return -1
        offset = before.imm + found.imm - self.base & 0xFFFFFFFF
        return offset // 4 if offset % 4 == 0 and offset // 4 < self.slots else -1

    def at(self, slot: int) -> Instruction:
        word = int(self.packed[slot])
        op, rd = word & 0xFF, word >> 8 & 63
        legal = op < ILLEGAL or op >= FIRST_ATOMIC
        row = self.isa.numbered(op) if legal else None
        return Instruction(row, 0 if rd == SCRATCH else rd, word >> 14 & 31, word >> 19 & 31, word >> 32)

    def unit(self, start: int, inside: int = -1, most: int = UNIT_INSTRUCTIONS) -> Unit | None:
        """The unit that begins at a slot; it can also be entered at the slot `inside`, if it comes by there. None where it has
        more than so many instructions."""
        leaders, indirect, seen = self._leaders(start, inside, min(most + 1, UNIT_INSTRUCTIONS))
        if len(seen) > most:
            return None
        blocks = {slot: self._block(slot, leaders, seen, start) for slot in sorted(leaders)}
        behind = {b.after if b.end != End.EXIT else b.after + 1 for b in blocks.values() if b.end in _ENTERED_BEHIND}
        chosen = sorted(((behind & leaders) | indirect | {inside} & leaders) - {start})
        return Unit(start, blocks, (start, *chosen), tuple(sorted(indirect)))

    def _leaders(self, start: int, inside: int, most: int) -> tuple[set[int], set[int], set[int]]:
        """Slots where blocks begin; those of them that data points to, if anything jumps there; all slots of the unit."""
        leaders, seen, waiting = {start, inside}, set[int](), [start]
        jumps, indirect, function = False, set[int](), self.function(start)
        while waiting and len(seen) < most and len(leaders) < UNIT_BLOCKS:
            slot = waiting.pop()
            while slot not in seen and slot < self.slots and len(seen) < most:
                seen.add(slot)
                found = self.at(slot)
                end, target = self._end(slot, found, start)
                jumps |= end == End.JUMP and target < 0
                if end != End.NEXT:
                    ahead = self._ahead(slot, end, target) if not found.ends else []
                    waiting += ahead
                    leaders.update(ahead)
                    break
                slot += 1
            if jumps and not waiting:
                indirect = self._pointed_to(*function)
                waiting += sorted(indirect - seen)
                leaders |= indirect
        return leaders & seen, indirect & seen, seen

    def _ahead(self, slot: int, end: End, target: int) -> list[int]:
        """Slots that a unit goes on with behind the end of a block at `slot`."""
        ahead = [slot + 1] if end in (End.BRANCH, *_ENTERED_BEHIND) else []
        if ahead and end != End.BRANCH and slot + 1 < self.slots and self.begins(slot + 1):
            ahead = []  # behind a call that does not come back
        return [s for s in [*ahead, *([target] if end in (End.BRANCH, End.GOTO) else [])] if s < self.slots]

    def _end(self, slot: int, found: Instruction, start: int) -> tuple[End, int]:
        """How a block ends with this instruction (NEXT: it does not), and where it leads."""
        row = found.row
        if row is None or found.unusual:
            return End.EXIT, -1
        if row.kind == "branch":
            return End.BRANCH, found.imm
        if row.number == _JAL:
            if found.imm >= self.slots:
                return End.EXIT, -1
            if found.rd:
                return End.CALL, found.imm
            return End.GOTO if found.imm == start or not self.begins(found.imm) else End.TAIL, found.imm
        if row.number == _JALR:
            plain = End.RETURN if found.rs1 in LINK_REGISTERS else End.JUMP
            return End.CALL_INDIRECT if found.rd else plain, self.guess(slot)
        return End.NEXT, -1

    def _block(self, slot: int, leaders: set[int], seen: set[int], start: int) -> Block:
        """The block at a slot, of the unit that begins at `start`."""
        instructions: list[Instruction] = []
        behind, end, target = slot, End.NEXT, -1
        while end == End.NEXT and behind in seen and (behind == slot or behind not in leaders):
            found = self.at(behind)
            end, target = self._end(behind, found, start)
            if end != End.EXIT:
                instructions.append(found)
            behind += 1
        return Block(slot, tuple(instructions), end, target)


_ENTERED_BEHIND = (End.CALL, End.CALL_INDIRECT, End.EXIT)
