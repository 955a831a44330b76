"""The rewritten executable: uses of added operations in place of the instructions that they replace.

Instructions move up into the room that becomes free, as far as the next fixed address, so that only distances of branches
change; data and the addresses of functions stay. Where control goes on to a fixed address over free room, a jump leads there,
which costs an instruction each time: `fall_costs` is part of what selection weighs. What no instruction is left in is
filled with zeros, which trap.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from backends.core import isa
from backends.core.isa import encode
from backends.core.isa.instruction_set import Isa
from backends.interface import Program, UserError
from experiments.isa_discovery.machine_code import Text


@dataclass(frozen=True)
class Replacement:
    """What stands instead of `slots`, the last of which is `root`, before the slot `place`: an operation of the extended
    instruction set, by name; the registers of its operands; its immediate."""

    root: int
    slots: frozenset[int]
    place: int
    name: str
    rd: int
    rs1: int
    rs2: int = 0
    imm: int = 0


def runs(text: Text) -> Iterator[range]:
    """The text in pieces whose first instruction stays where it is."""
    first, before = None, None
    for slot in [*text.slots, None]:
        if before is not None and (slot is None or slot != before + 1 or slot in text.kept):
            assert first is not None
            yield range(first, before + 1)
            first = None
        first, before = (slot if first is None else first), slot


def fall_costs(text: Text) -> Iterator[tuple[range, int]]:
    """The pieces of the text from which control goes on to the next one, and how often."""
    for run in runs(text):
        if (often := text.goes_on(run[-1])) is not None:
            yield run, often


@dataclass(frozen=True)
class Layout:
    """replacements: by root."""

    text: Text
    isa: Isa
    replacements: Mapping[int, Replacement]

    @cached_property
    def gone(self) -> frozenset[int]:
        """Slots whose instructions are left out."""
        return frozenset(slot for r in self.replacements.values() for slot in r.slots if slot != r.root)

    def _order(self, run: range) -> list[tuple[int, bool, int]]:
        """Of what is left of a run, in its new order: the slot before which or in which it is, whether in, and the old slot."""
        kept = [slot for slot in run if slot not in self.gone]
        place = {slot: self.replacements[slot].place if slot in self.replacements else slot for slot in kept}
        return sorted((place[slot], place[slot] == slot, slot) for slot in kept)

    @cached_property
    def places(self) -> dict[int, int]:
        """The new slot of each old one; of one that is left out, of what follows it; with what has moved before it."""
        found: dict[int, int] = {}
        for run in runs(self.text):
            order = self._order(run)
            found |= {slot: run.start + bisect_left(order, (slot, False, -1)) for slot in run}
        return found

    @cached_property
    def words(self) -> np.ndarray:
        """`[W]` uint32, the image rewritten. Raises UserError where a branch would reach too far."""
        words = self.text.words.copy()
        for run in runs(self.text):
            kept = [slot for _, _, slot in self._order(run)]
            if len(kept) == len(run) and not any(slot in self.replacements for slot in run) and not self._jumps(run):
                continue
            words[run.start : run.stop] = 0
            words[run.start : run.start + len(kept)] = [self._word(slot, run.start + k) for k, slot in enumerate(kept)]
            if len(kept) < len(run) and self.text.goes_on(run[-1]) is not None:
                words[run.start + len(kept)] = encode("jal", imm=4 * (len(run) - len(kept)))
        return words

    def program(self) -> Program:
        return replace(self.text.program, image=self.words.view(np.uint8)[: len(self.text.program.image)])

    def _jumps(self, run: range) -> bool:
        return any(self.text.target(slot) is not None for slot in run)

    def _word(self, slot: int, place: int) -> int:
        """The instruction of an old slot in its new one."""
        if slot in self.replacements:
            r = self.replacements[slot]
            return self.isa.encode(r.name, r.rd, r.rs1, r.rs2, r.imm)
        target = self.text.target(slot)
        if target is None:
            return int(self.text.words[slot])
        row, code = isa.OPERATIONS[self.text.code.op[slot]], self.text.code
        distance = 4 * (self.places.get(target, target) - place)
        try:
            return encode(row.name, int(code.rd[slot]), int(code.rs1[slot]), int(code.rs2[slot]), distance)
        except ValueError:
            raise UserError(f"the branch at {self.text.address(slot):#x} cannot reach its target once code has moved") from None
