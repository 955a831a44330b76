"""Host side: which instances run on what is translated, and what is given to the translator between launches.

Timing models, traces and taint are the interpreter's: such runs are handed to `gpu_compute` whole.
"""

from functools import lru_cache
from typing import final

import numpy as np

from backends.core.isa.instruction_set import of
from backends.core.observation import ObservingBackend, Shadow, Watch, shadow
from backends.core.state import NO_TOHOST, RUNNING, instruction_memory
from backends.gpu_compute import launch
from backends.gpu_compute.arithmetic import extensions_of
from backends.gpu_compute.machine import GpuSession
from backends.interface import TIMINGS, Capabilities, Session, State
from backends.llvm_native import translations
from backends.llvm_native.driver import SAMPLES, Compiled, Samples, advance_range
from backends.llvm_native.translations import Translation
from backends.llvm_native.unit_text import Guest

_FIRST = 32
"""Instances that go before the others of a batch while nothing is translated; then twice as many, and so on."""


@final
class LlvmNative(ObservingBackend):
    """eager: translate before anything is interpreted."""

    def __init__(self, eager: bool = False) -> None:
        self.eager = eager

    def capabilities(self) -> Capabilities:
        return Capabilities(devices=("cpu",), timings=TIMINGS, extensions=True, atomics=True)

    def open(self, state: State) -> Session:
        seen = shadow(state, Watch())
        return GpuSession(state, seen) if state.config.timing == "cache" else NativeSession(state, seen, self.eager)

    def open_observed(self, state: State, shadow: Shadow) -> Session:
        return GpuSession(state, shadow)


class NativeSession(GpuSession):
    """`GpuSession` with another launch; what is decoded for whom is found out there."""

    def __init__(self, state: State, shadow: Shadow, eager: bool) -> None:
        super().__init__(state, shadow)
        self.eager = eager
        self.found: dict[tuple[str, int], tuple[np.ndarray, Translation]] = {}

    def _launch(self, group: np.ndarray, max_steps: np.ndarray) -> None:
        own = np.isin(group, list(self.code.private))
        for name, part in (("program", group[~own]), ("instance", group[own])):
            if len(part):
                numbers, rows = np.unique(part if name == "instance" else self.state.index[part], return_inverse=True)
                self._run(part, rows, [self._translation(name, number) for number in numbers.tolist()], max_steps)

    def _translation(self, name: str, number: int) -> Translation:
        """That of the instruction memory of a program, or of an instance that has one of its own, as it is now."""
        packed = self.code.private[number] if name == "instance" else self.code.shared[number]
        known, translation = self.found.get((name, number), (None, None))
        if translation is None or (name == "instance" and known is not packed):
            config, shared = self.state.config, self.state.index == number
            tohost = int(self.state.tohost[number if name == "instance" else np.flatnonzero(shared)[0]])
            offset = tohost if tohost == NO_TOHOST else tohost - config.memory_base
            guest = Guest(of(config), config.memory_base, config.memory_bytes, len(packed) - 1, offset)
            translation = translations.of(guest, packed)
            self.found[name, number] = packed, translation
        return translation

    def _run(self, part: np.ndarray, rows: np.ndarray, found: list[Translation], max_steps: np.ndarray) -> None:
        """Advance the instances `part` `[k]`, the translation of each being `found[rows[k]]`; translate between launches."""
        code, packed = self.code.rows(part)
        waiting, count = np.arange(len(part)), _FIRST
        while len(waiting):
            for number, translation in enumerate(found):
                if translation.total >= translation.next_look or (self.eager and not translation.total):
                    self._grow(translation, int(part[rows == number][0]), code[packed[rows == number][0]])
            now = waiting if any(translation.version for translation in found) else waiting[:count]
            count *= 2
            self._step(part[now], max_steps, code, packed[now], rows[now], found)
            ahead = part[waiting]
            waiting = waiting[(self.state.status[ahead] == RUNNING) & (self.state.retired[ahead] < max_steps[ahead])]

    def _grow(self, translation: Translation, b: int, packed: np.ndarray) -> None:
        """Translate more of the code `[slots + 1]` that instance b runs; all that it begins with, where this is to be eager."""
        room, slot = None, int(self.state.pc[b]) - self.state.config.memory_base >> 2
        if self.eager and 0 <= slot < translation.guest.slots:
            room = translations.INSTRUCTIONS
            translation.take([slot])
        translation.grow(packed, instruction_memory(self.state, b).view(np.uint32), room)

    def _step(
        self, group: np.ndarray, max_steps: np.ndarray, code: np.ndarray, packed: np.ndarray, rows: np.ndarray,
        found: list[Translation],
    ) -> None:  # fmt: skip
        """One launch of the instances `group` `[k]`, each on `code[packed[k]]`, and where they were found in it."""
        counts = np.zeros(len(group), np.int64)
        samples = Samples(np.zeros((len(group), SAMPLES), np.uint32), counts)
        compiled, extensions = _laid_out(rows, found), extensions_of(self.state.config.extensions, len(group))
        with launch.laid_out(self.state, self.shadow, code, packed, group, max_steps) as (instructions, instances, *_):
            arguments = instructions, instances, compiled, samples, extensions
            launch.spread(lambda part: advance_range((part.start, part.stop), *arguments), len(group))
        for k in np.flatnonzero(counts).tolist():
            found[rows[k]].take(samples.slots[k, : counts[k]].tolist())


def _laid_out(rows: np.ndarray, found: list[Translation]) -> Compiled:
    """What is translated for instances `[k]`, the translation of each being `found[rows[k]]`."""
    there = [number for number, translation in enumerate(found) if translation.version]
    which, nothing = np.full(len(found), -1), _zeros(found[0].guest.slots)
    which[there] = np.arange(len(there))
    tables, marked = ([getattr(found[n], name) for n in there] or [nothing] for name in ("table", "marked"))
    table, mark = (arrays[0][None] if len(arrays) == 1 else np.stack(arrays) for arrays in (tables, marked))
    return Compiled(table, mark, which[rows], nothing)


@lru_cache(maxsize=4)
def _zeros(slots: int) -> np.ndarray:
    return np.zeros(slots, np.uint64)
