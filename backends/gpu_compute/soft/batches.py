"""Many programs on one batch of instances: runs and gradients, shared out over threads by programs.

A thread works on programs of its own from beginning to end, so nothing depends on how many there are.
"""

import math
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from backends.core import cores
from backends.gpu_compute.soft import bits, selections, targets, value
from backends.gpu_compute.soft.kernel import Rooms
from backends.gpu_compute.soft.layout import Plan, Sizes, Slopes, State
from backends.gpu_compute.soft.names import OPERATIONS
from backends.gpu_compute.soft.selections import Place
from backends.interface import Logits, SoftExecution

SEGMENT_STEPS = 64
"""A run of at most as many steps keeps the state before every step for its gradient; of a longer one every sqrt(steps)-th."""
RELAXATIONS: dict[str, ModuleType] = {"bits": bits, "value": value}


@dataclass(frozen=True)
class Task:
    """Runs of many programs on one batch.

    initial: registers `[B, R]` uint32, memory `[B, M]` uint8. start: the slot where all programs begin.
    """

    relaxation: str
    dtype: str
    registers: np.ndarray
    memory: np.ndarray
    place: Place
    start: int
    steps: int

    def sizes(self, slots: int) -> Sizes:
        word, byte = (32, 8) if self.relaxation == "bits" else (1, 1)
        return Sizes(slots, self.registers.shape[1], self.memory.shape[1], word, byte, np.dtype(self.dtype))


def run(task: Task, logits: Logits, temperature: np.ndarray) -> SoftExecution:
    """The ends `[P, B, ...]` of programs with logits `[P, L, ...]` at temperatures `[P]`."""
    work = _Work(task, logits, temperature, back=False)
    ends = work.sizes.states(len(temperature), work.blocks)
    work.share(ends, Slopes(work.programs.columns[:, :0], work.programs.jumps[:, :0]))
    return _from_rows(ends, work.sizes, len(task.registers))


def gradient(task: Task, logits: Logits, temperature: np.ndarray, cotangent: SoftExecution) -> Logits:
    """Gradients of the sums of cotangents `[P, B, ...]` times what `run` gives."""
    work = _Work(task, logits, temperature, back=True)
    total = Slopes(np.zeros_like(work.programs.columns), np.zeros_like(work.programs.jumps))
    work.share(_to_rows(cotangent, work.sizes), total)
    work.lead_back(total)
    slopes = selections.selections_slopes(total, work.sizes)
    return selections.selections_back(work.chosen, slopes, work.temperature)


class _Work:
    """What a task is made of for compiled code."""

    def __init__(self, task: Task, logits: Logits, temperature: np.ndarray, back: bool) -> None:
        self.temperature = np.asarray(temperature, np.float64)
        self.sizes = task.sizes(logits.op.shape[1])
        self.code = RELAXATIONS[task.relaxation]
        self.chosen = selections.selections(Logits(*(np.asarray(x, task.dtype) for x in logits)), self.temperature)
        self.programs = selections.programs(self.chosen, self.temperature, self.sizes, task.place)
        self.initial = _initial(task, self.sizes)
        self.blocks = len(self.initial.pc)
        self.plan = self._plan(task, back)
        if not self.plan.straight:
            self.code.lead(*self._jumps(), self._in_rows(self.programs.jumps), targets.Target.of(self.sizes))

    def _plan(self, task: Task, back: bool) -> Plan:
        straight = selections.is_straight(self.programs)
        steps = min(task.steps, self.sizes.slots - task.start) if straight else task.steps
        interval = 1 if not back else max(1, steps) if steps <= SEGMENT_STEPS else math.isqrt(steps)
        return Plan(steps, task.start, straight, back, interval)

    def share(self, ends: State, totals: Slopes) -> None:
        """The compiled work on all programs, shared out over threads, each with room of its own."""
        plan, room, count = self.plan, self.code.Room, len(self.temperature)
        kept = -(-plan.steps // plan.interval) if plan.back else 0

        def some(p: slice) -> None:
            made = self.programs
            programs = made._replace(columns=made.columns[p], jumps=made.jumps[p], used=made.used[p], groups=made.groups[p])
            rooms = Rooms.of(room, self.sizes, plan.interval, kept)
            self.code.work(programs, plan, self.initial, _part(ends, p), _part(totals, p), rooms)

        cores.share(some, count, min(count, cores.threads()))

    def _in_rows(self, x: np.ndarray) -> np.ndarray:
        return x.reshape(*x.shape[:-1], -1, self.sizes.lanes)

    def _jumps(self) -> tuple[np.ndarray, ...]:
        """imm, here, addresses and temperature, as `lead` takes them."""
        made = self.programs
        imm = np.ascontiguousarray(made.columns[:, self._imm()])
        return self._in_rows(imm), self._in_rows(made.addresses), made.addresses, made.temperature

    def _imm(self) -> slice:
        first = OPERATIONS + 3 * self.sizes.registers
        return slice(first, first + self.sizes.word)

    def lead_back(self, total: Slopes) -> None:
        """Adds what the jumps give to the slopes of immediates."""
        if not self.plan.straight:
            rooms = targets.Target.of(self.sizes), targets.Target.of(self.sizes)
            d_imm = np.zeros((len(total.columns), self.sizes.word, total.columns.shape[-1]), self.sizes.dtype)
            self.code.lead_back(*self._jumps(), self._in_rows(total.jumps), self._in_rows(d_imm), *rooms)
            total.columns[:, self._imm()] += d_imm


def _part(arrays, p: slice):
    """Programs of a named tuple of arrays `[P, ...]`."""
    return type(arrays)(*(x[p] for x in arrays))


def _initial(task: Task, sizes: Sizes) -> State:
    """The states `[blocks, ...]` at the start; instances that fill the last row have no mass."""
    pc = np.zeros((len(task.registers), sizes.slots + 2), sizes.dtype)
    pc[:, task.start] = 1
    return _to_rows(SoftExecution(_numbers(task.registers, sizes.word), _numbers(task.memory, sizes.byte), pc), sizes)


def _numbers(values: np.ndarray, width: int) -> np.ndarray:
    """The bits, lowest first, on an axis of their own; or the value."""
    return values if width == 1 else values[..., None] >> np.arange(width, dtype=values.dtype) & 1


def _to_rows(states: SoftExecution, sizes: Sizes) -> State:
    """States `[..., B, ...]` with instances in rows: `[..., blocks, ..., K]`, the last one filled with zeros."""
    registers, memory, pc = states
    if sizes.word == 1:
        registers, memory = registers[..., None], memory[..., None]
    return State(_row(registers, 2, sizes), _row(memory, 2, sizes), _row(pc, 1, sizes))


def _row(x: np.ndarray, axes: int, sizes: Sizes) -> np.ndarray:
    """One of them, with so many axes behind that of the instances."""
    moved = np.moveaxis(np.asarray(x, sizes.dtype), -1 - axes, -1)
    padded = np.pad(moved, [(0, 0)] * (moved.ndim - 1) + [(0, -moved.shape[-1] % sizes.lanes)])
    return np.ascontiguousarray(np.moveaxis(padded.reshape(*moved.shape[:-1], -1, sizes.lanes), -2, -2 - axes))


def _from_rows(states: State, sizes: Sizes, instances: int) -> SoftExecution:
    """The inverse."""
    parts = []
    for x, axes in zip(states, (2, 2, 1), strict=True):
        moved = np.moveaxis(x, -2 - axes, -2)
        flat = np.moveaxis(moved.reshape(*moved.shape[:-2], -1)[..., :instances], -1, -1 - axes)
        parts.append(np.ascontiguousarray(flat[..., 0] if sizes.word == 1 and axes == 2 else flat))
    return SoftExecution(*parts)
