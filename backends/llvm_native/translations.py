"""What is translated of an instruction memory, and when: units that the interpreter was found in, and those that they call.

To compile an instruction takes as long as to interpret a hundred thousand. So what is translated may grow with what
was interpreted, one for every 4,096, the most sampled units first: little is lost where a program is about to end. All is
counted in instructions, so that it is the same in every run; results do not depend on it.
"""

import hashlib
from collections import Counter, OrderedDict, deque
from itertools import count

import numpy as np

from backends.core.isa.packing import UNDECODED
from backends.llvm_native import block_text, compiling, object_cache
from backends.llvm_native.control_flow import Code, Unit
from backends.llvm_native.driver import SAMPLE_INSTRUCTIONS, SAMPLES
from backends.llvm_native.unit_text import Guest

INSTRUCTIONS = 1 << 16
"""Of a program, at most so many are translated; what lies beyond stays with the interpreter."""
_INTERPRETED = 1 << 12
"""Instructions that must have been interpreted for each that is translated."""
_KEPT, _KEPT_SLOTS = 256, 1 << 23
"""Translations that this process remembers, and the slots of all their tables."""
_names = count()


class Translation:
    """Of one instruction memory. version: how often something was added. size: instructions that are translated. table
    `[slots]`, marked `[slots + 1]` uint64: as in `driver.Compiled`, where the version is not 0."""

    def __init__(self, guest: Guest, key: str) -> None:
        self.guest, self.key, self.version, self.size = guest, key, 0, 0
        self.table, self.marked = np.zeros(0, np.uint64), np.zeros(0, np.uint64)
        self.samples: Counter[int] = Counter()  # by slot, how often the interpreter was found there
        self.total, self.next_look = 0, SAMPLES
        self.held: list[object] = []  # or LLVM would drop the functions
        self.starts: set[int] = set()

    def take(self, slots: list[int]) -> None:
        """Samples: where the interpreter was found."""
        self.samples.update(slots)
        self.total += len(slots)

    def grow(self, packed: np.ndarray, words: np.ndarray, room: int | None = None) -> None:
        """Translate what the samples ask for, or find it on disk; look again later, and later still where nothing came of it.

        packed: `[slots + 1]` uint64, the instruction memory. words: `[W]` uint32, the memory as data. room: for how many
        instructions; None: for as many as were interpreted enough.
        """
        before, room = self.version, self.total * SAMPLE_INSTRUCTIONS // _INTERPRETED if room is None else room
        if not before:
            self.table, self.marked = np.zeros(self.guest.slots, np.uint64), packed.copy()
        while (kept := object_cache.read(self.key, self.version)) is not None:
            self._add(kept)
        if self.version == before:
            self._compile(Code(packed, words, self.guest.base, self.guest.isa), min(room, INSTRUCTIONS) - self.size)
        if self.version > before:
            self.samples.clear()
        self.next_look = self.total + (SAMPLES if self.version > before else self.total)

    def _compile(self, code: Code, room: int) -> None:
        units = self._chosen(code, room)
        if units:
            entries = {unit.start: unit.entries for unit in units}
            object_ = compiling.object_code(block_text.module(units, self.guest))
            kept = object_cache.Kept(entries, sum(unit.size for unit in units), object_)
            object_cache.write(self.key, self.version, kept)
            self._add(kept)

    def _chosen(self, code: Code, room: int) -> list[Unit]:
        """Units to translate now: the most sampled first, then those that they call."""
        found: dict[int, Unit] = {}
        asked, called = deque(self._asked(code)), deque[int]()
        while asked or called:
            start, inside = asked.popleft() if asked else (called.popleft(), -1)
            if start in found or start in self.starts or code.at(start).unusual:
                continue
            unit = code.unit(start, inside, room)
            if unit:
                found[start], room = unit, room - unit.size
                called += unit.callees
                asked += [(inside, -1)] if inside >= 0 and inside not in unit.blocks else []
        return list(found.values())

    def _asked(self, code: Code) -> list[tuple[int, int]]:
        """Begins of units and slots where they are to be entered too: of each function in which instances were found, and where
        in it that was most often, since the run may not come by the begin again."""
        places: dict[int, int] = {}
        for slot, _ in self.samples.most_common():
            places.setdefault(code.function(slot)[0], slot)
        return [(slot, -1) if start < 0 or start in self.starts else (start, slot) for start, slot in places.items()]

    def _add(self, kept: object_cache.Kept) -> None:
        functions = compiling.linked(kept.code, list(kept.entries), f"units{next(_names)}")
        self.held.append(functions)
        for start, entries in kept.entries.items():
            for slot in entries:
                if slot == start or not self.table[slot]:
                    self.table[slot] = functions[f"u{start}"]
                    self.marked[slot] = UNDECODED
        self.starts |= set(kept.entries)
        self.version, self.size = self.version + 1, self.size + kept.size


_translations: OrderedDict[str, Translation] = OrderedDict()


def of(guest: Guest, packed: np.ndarray) -> Translation:
    """The translation of an instruction memory `[slots + 1]` uint64, as far as this process has come with it."""
    key = hashlib.blake2b(packed.tobytes(), digest_size=24, key=object_cache.identity(guest)).hexdigest()
    found = _translations.setdefault(key, Translation(guest, key))
    _translations.move_to_end(key)
    while len(_translations) > _KEPT or sum(len(t.table) for t in _translations.values()) > _KEPT_SLOTS:
        _translations.popitem(last=False)
    return found
