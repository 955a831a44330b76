"""Host side: decode once, launch all instances until they stop or wait. Never a launch per step."""

from typing import final

import numpy as np

from backends.core import catalog
from backends.core.isa.instruction_set import of
from backends.core.isa.packing import UNDECODED, pack
from backends.core.observation import ObservingBackend, Shadow, Watch, shadow
from backends.core.soft import SoftRun
from backends.core.state import RUNNING, instruction_memory, lay_out, renewed, trap
from backends.gpu_compute import launch, soft
from backends.gpu_compute.step import AT_UNDECODED
from backends.interface import (
    TIMINGS,
    Capabilities,
    Cause,
    DifferentiableBackend,
    Logits,
    Session,
    SoftExecution,
    State,
    UserError,
)


@final
class GpuCompute(ObservingBackend, DifferentiableBackend):
    def capabilities(self) -> Capabilities:
        return Capabilities(launch.devices(), soft.RELAXATIONS, TIMINGS, True, soft_devices=("cpu",), atomics=True)

    def open(self, state: State) -> Session:
        return GpuSession(state, shadow(state, Watch()))

    def open_observed(self, state: State, shadow: Shadow) -> Session:
        if state.config.device != "cpu":
            raise UserError(f"gpu_compute cannot observe a run on device '{state.config.device}': use cpu")
        return GpuSession(state, shadow)

    def run_soft(self, run: SoftRun) -> SoftExecution:
        catalog.check(self, run.config, soft=True)
        return soft.run(run)

    def soft_gradient(self, run: SoftRun, cotangent: SoftExecution) -> Logits:
        catalog.check(self, run.config, soft=True)
        return soft.gradient(run, cotangent)


class GpuSession(Session):
    def __init__(self, state: State, shadow: Shadow) -> None:
        self.state, self.shadow, self.code = state, shadow, Code(state)

    def advance(self, max_steps: np.ndarray) -> None:
        while len(group := np.flatnonzero((self.state.status == RUNNING) & (self.state.retired < max_steps))):
            self._launch(group, max_steps)
            if not self._decode_where_needed(max_steps):
                return

    def refresh(self, instances: np.ndarray) -> None:
        for b in renewed(self.state, self.code.taken, instances):
            self.code.own(b)

    def _launch(self, group: np.ndarray, max_steps: np.ndarray) -> None:
        """Advance instances: those on shared code together, then those that have code of their own."""
        own = np.isin(group, list(self.code.private))
        for part in (group[~own], group[own]):
            if len(part):
                launch.advance_all(self.state, self.shadow, *self.code.rows(part), part, max_steps)

    def _decode_where_needed(self, max_steps: np.ndarray) -> bool:
        """Instances that came to what was not decoded trap outside memory, or get it decoded. Whether some can go on."""
        state, decoded = self.state, False
        for b in np.flatnonzero(state.status == AT_UNDECODED).tolist():
            state.status[b] = RUNNING
            if state.retired[b] >= max_steps[b]:
                continue
            if not 0 <= int(state.pc[b]) - state.config.memory_base < state.config.memory_bytes:
                trap(state, b, Cause.ACCESS_OUTSIDE_MEMORY, state.pc[b])
            else:
                self.code.own(b)
                decoded = True
        return decoded


class Code:
    """Instruction memories: one per program, over the words that its image spans, shared by the instances that run it;
    one of its own, over all of memory, for an instance that wrote code, was patched there, or left the image. Instances that
    fetch from one array share what is decoded of it."""

    def __init__(self, state: State) -> None:
        self.state = state
        base, size = state.config.memory_base, state.config.memory_bytes
        end = max(p.base + len(p.image) for p in state.programs) - base
        self.window_bytes = min(size, end + 3 & ~3)
        self.shared = self._pack(np.stack([lay_out(p, state.config)[: self.window_bytes] for p in state.programs]))
        for patch in state.patches:
            first, last = (patch.address - base) // 4, (patch.address - base + patch.data.shape[1] + 3) // 4
            self.shared[:, first:last] = UNDECODED
        self.private: dict[int, np.ndarray] = {}
        self.decoded: dict[int, tuple[np.ndarray, np.ndarray]] = {}  # by identity, of arrays that instances fetch from
        self.table: tuple[list[int], np.ndarray] = [], self.shared
        self.taken = dict(state.fetched)  # what of it is decoded
        for b in self.taken:
            self.own(b)

    def _pack(self, memory: np.ndarray) -> np.ndarray:
        return pack(memory.view(np.uint32), self.state.config.memory_base, of(self.state.config))

    def own(self, b: int) -> None:
        """Give instance b an instruction memory of its own, all of it decoded."""
        memory = instruction_memory(self.state, b)
        known = self.decoded.get(id(memory)) or (memory, self._all(memory))
        self.private[b] = known[1]
        held = {id(array): array for array in self.state.fetched.values()}
        self.decoded = {key: value for key, value in {**self.decoded, id(memory): known}.items() if key in held}

    def _all(self, memory: np.ndarray) -> np.ndarray:
        """`[slots + 1]` uint64; what lies behind the last word that is not zero is alike, and most of a large memory."""
        words = memory.view(np.uint32)
        used = int(np.max(np.flatnonzero(words), initial=0)) + 1
        packed = np.full(len(words) + 1, self._pack(np.zeros(4, np.uint8))[0], np.uint64)
        packed[:used], packed[-1] = self._pack(memory[: 4 * used])[:used], UNDECODED
        return packed

    def rows(self, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A table of instruction memories and the row of each instance of the group."""
        if group[0] not in self.private:
            return self.shared, self.state.index[group]
        distinct = {id(self.private[b]): self.private[b] for b in group.tolist()}
        keys = list(distinct)
        if keys != self.table[0]:
            self.table = keys, np.stack(list(distinct.values())) if len(keys) > 1 else distinct[keys[0]][None]
        return self.table[1], np.array([keys.index(id(self.private[b])) for b in group.tolist()])
