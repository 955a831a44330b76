"""Host side: which instances run on what is translated, and what is given to the translator between launches.

Timing models, traces and taint are the interpreter's: such runs are handed to `gpu_compute` whole.
"""

from typing import final

import numpy as np

from backends.core import cores
from backends.core.isa.instruction_set import of
from backends.core.observation import ObservingBackend, Shadow, Watch, shadow
from backends.core.state import RUNNING, instruction_memory
from backends.gpu_compute import launch
from backends.gpu_compute.arithmetic import extensions_of
from backends.gpu_compute.machine import GpuSession
from backends.interface import TIMINGS, Capabilities, Session, State
from backends.llvm_native import translations
from backends.llvm_native.driver import SAMPLES, Compiled, Samples, advance_range
from backends.llvm_native.translations import Translation
from backends.llvm_native.unit_text import Guest

_CHUNKS_PER_THREAD = 8
_FIRST = 32
"""Instances that go before the others of a batch while nothing is translated."""


@final
class LlvmNative(ObservingBackend):
    """eager: translate before anything is interpreted."""

    def __init__(self, eager: bool = False) -> None:
        self.eager = eager

    def capabilities(self) -> Capabilities:
        return Capabilities(devices=("cpu",), timings=TIMINGS, extensions=True)

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

    def _launch(self, group: np.ndarray, max_steps: np.ndarray) -> None:
        own = np.isin(group, list(self.code.private))
        for part in (group[~own], group[own]):
            if len(part):
                self._run(part, max_steps)

    def _run(self, part: np.ndarray, max_steps: np.ndarray) -> None:
        """Advance instances until none of them runs, translating between launches what they are found in."""
        code, rows = self.code.rows(part)
        found = {
            row: translations.of(self._guest(part[np.flatnonzero(rows == row)[0]], code), code[row])
            for row in set(rows.tolist())
        }
        if self.eager:
            self._ahead(part, [found[row] for row in rows.tolist()])
        waiting = np.arange(len(part))
        while len(waiting):
            fresh = not any(translation.version for translation in found.values())
            now = waiting[:_FIRST] if fresh else waiting
            self._step(part[now], max_steps, code, rows[now], [found[row] for row in rows[now].tolist()])
            state = self.state
            ahead = part[waiting]
            waiting = waiting[(state.status[ahead] == RUNNING) & (state.retired[ahead] < max_steps[ahead])]

    def _ahead(self, group: np.ndarray, each: list[Translation]) -> None:
        """Translate what instances begin with, where nothing is translated yet."""
        for b, translation in zip(group.tolist(), each, strict=True):
            slot = (int(self.state.pc[b]) - self.state.config.memory_base) // 4
            if not translation.version and 0 <= slot < translation.guest.slots:
                translation.samples[slot] += 1
                translation.grow(instruction_memory(self.state, b).view(np.uint32))

    def _guest(self, b: int, code: np.ndarray) -> Guest:
        config = self.state.config
        tohost = int(self.state.tohost[b])
        offset = tohost - config.memory_base if tohost >= 0 else -1
        return Guest(of(config), config.memory_base, config.memory_bytes, code.shape[1] - 1, offset)

    def _step(
        self, group: np.ndarray, max_steps: np.ndarray, code: np.ndarray, rows: np.ndarray, each: list[Translation]
    ) -> None:
        """One launch of the instances `group` `[k]`, and what follows from where they were found."""
        samples = Samples(
            np.zeros((len(group), SAMPLES), np.uint32), np.zeros(len(group), np.int64), np.full(len(group), SAMPLES)
        )
        compiled, extensions = _laid_out(each), extensions_of(self.state.config.extensions, len(group))
        with launch.laid_out(self.state, self.shadow, code, rows, group, max_steps) as (instructions, instances, *_):
            threads = cores.threads()
            pieces = min(len(group), threads * _CHUNKS_PER_THREAD) if threads > 1 else 1
            arguments = instructions, instances, compiled, samples, extensions
            cores.share(lambda part: advance_range((part.start, part.stop), *arguments), len(group), pieces)
        for k in np.flatnonzero(samples.counts).tolist():
            each[k].samples.update(samples.slots[k, : samples.counts[k]].tolist())
        for b, translation in zip(group.tolist(), each, strict=True):
            if translation.samples.total() >= translation.wanted:
                translation.grow(instruction_memory(self.state, b).view(np.uint32))


def _laid_out(each: list[Translation]) -> Compiled:
    """The translations of k instances, each once; number 0 is that of those that have none yet."""
    distinct = list({id(t): t for t in each if t.version}.values())
    numbers = {id(t): 1 + number for number, t in enumerate(distinct)}
    slots = each[0].guest.slots
    tables = np.stack([np.zeros(slots, np.uint64), *(t.table for t in distinct)])
    marked = np.stack([np.zeros(slots + 1, np.uint64), *(t.marked for t in distinct)])
    return Compiled(tables, marked, np.array([numbers.get(id(t), 0) for t in each]))
