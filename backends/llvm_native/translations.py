"""What is translated of an instruction memory, and when: units that the interpreter was found in, and those that they call.

Nothing is translated before the interpreter has executed about a quarter of a million instructions in it; then again whenever
it has executed as many outside of what is there. That is counted in instructions, so it is the same in every run; results do
not depend on it.
"""

import hashlib
from collections import Counter, OrderedDict, deque
from itertools import count

import numpy as np

from backends.core.isa.packing import UNDECODED
from backends.llvm_native import compiling, object_cache, translate
from backends.llvm_native.control_flow import Code, Unit
from backends.llvm_native.driver import SAMPLES
from backends.llvm_native.unit_text import Guest

INSTRUCTIONS = 1 << 16
"""Of a program, at most so many are translated; what lies beyond stays with the interpreter."""
_WITH_CALLEES = 2000
"""Units that are called are translated with their callers up to so many instructions."""
_KEPT, _KEPT_SLOTS = 256, 1 << 23
"""Translations that this process remembers, and the slots of all their tables."""
_names = count()


class Translation:
    """Of one instruction memory. samples: by slot, how often the interpreter was found there since the last look. wanted: after
    how many to look. version: how often something was added."""

    def __init__(self, guest: Guest, key: str) -> None:
        self.guest, self.key, self.version, self.size = guest, key, 0, 0
        self.table, self.marked = np.zeros(0, np.uint64), np.zeros(0, np.uint64)
        self.samples: Counter[int] = Counter()
        self.wanted = SAMPLES
        self.held: list[object] = []  # or LLVM would drop the functions
        self.starts: set[int] = set()

    def grow(self, packed: np.ndarray, words: np.ndarray) -> None:
        """Translate what the samples ask for; where that is nothing new, wait twice as long before the next look.

        packed: `[slots + 1]` uint64, the instruction memory. words: `[W]` uint32, the memory as data.
        """
        kept = object_cache.read(self.key, self.version) or self._compiled(Code(packed, words, self.guest.base, self.guest.isa))
        self.samples.clear()
        if kept is None:
            self.wanted *= 2
            return
        if not self.version:
            self.table, self.marked = np.zeros(self.guest.slots, np.uint64), packed.copy()
        self._add(kept)

    def _compiled(self, code: Code) -> object_cache.Kept | None:
        units = self._chosen(code)
        if not units:
            return None
        entries = {unit.start: unit.entries for unit in units}
        object_ = compiling.object_code(translate.module(units, self.guest))
        kept = object_cache.Kept(entries, sum(unit.size for unit in units), object_)
        object_cache.write(self.key, self.version, kept)
        return kept

    def _chosen(self, code: Code) -> list[Unit]:
        """Units to translate now: the most sampled first, then those that they call."""
        found: dict[int, Unit] = {}
        asked, called = deque(self._asked(code)), deque[tuple[int, int]]()
        size, room = 0, INSTRUCTIONS - self.size
        while size < room and (asked or (called and size < _WITH_CALLEES)):
            start, inside = (asked or called).popleft()
            if start not in found and start not in self.starts and not code.at(start).unusual:
                found[start] = unit = code.unit(start, inside)
                size += unit.size
                called += [(callee, -1) for callee in unit.callees]
                if inside >= 0 and inside not in unit.blocks:
                    asked.append((inside, -1))
        return list(found.values())

    def _asked(self, code: Code) -> list[tuple[int, int]]:
        """Begins of units and slots where they are to be entered too: of each function in which instances were found, and where
        in it that was most often, since the run may not come by the begin again."""
        places: dict[int, int] = {}
        for slot, _ in self.samples.most_common():
            places.setdefault(code.function_of(slot), slot)
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
