"""Host side: decode once, launch all instances, answer those that wait, launch again. Never a launch per step."""

import numpy as np

from backends.core import catalog, environment, observation, timing
from backends.core.environment import NO_TOHOST, RUNNING, TRAPPED, State
from backends.core.isa.packing import UNDECODED, pack
from backends.core.observation import Observation, ObservingBackend, Shadow, Watch
from backends.gpu_compute import launch
from backends.gpu_compute.step import AT_UNDECODED
from backends.interface import (
    Batch,
    Capabilities,
    Cause,
    Execution,
    MachineConfig,
    Programs,
    UserError,
)


class GpuCompute(ObservingBackend):
    def capabilities(self) -> Capabilities:
        return Capabilities(devices=launch.devices(), timings=timing.TIMINGS)

    def run(self, program: Programs, batch: Batch, config: MachineConfig, max_steps: int) -> Execution:
        return self._run(program, batch, config, max_steps, Watch())[0]

    def observe(
        self, program: Programs, batch: Batch, config: MachineConfig, max_steps: int, watch: Watch
    ) -> tuple[Execution, Observation]:
        if config.device != "cpu":
            raise UserError(f"gpu_compute cannot observe a run on device '{config.device}': use cpu")
        return self._run(program, batch, config, max_steps, watch)

    def _run(
        self, program: Programs, batch: Batch, config: MachineConfig, max_steps: int, watch: Watch
    ) -> tuple[Execution, Observation]:
        catalog.check("gpu_compute", self.capabilities(), config)
        state = environment.load(program, batch, config, max_steps)
        shadow, code = observation.shadow(state, watch), Code(state, batch)
        while True:
            active = np.flatnonzero((state.status == RUNNING) & (state.retired < np.uint64(max_steps)))
            if not len(active):
                return environment.finish(state), shadow.finish(state)
            _launch(state, watch, shadow, code, active, max_steps)
            _resolve(state, code, max_steps)
            for b in shadow.service(state):
                code.own(int(b), state.memory[b])


def _launch(state: State, watch: Watch, shadow: Shadow, code: "Code", active: np.ndarray, max_steps: int) -> None:
    """Advance the active instances: those on shared code together, then those that have code of their own."""
    own = np.isin(active, list(code.private))
    tohost = np.where(state.tohost == NO_TOHOST, 0xFFFFFFFF, state.tohost - state.config.memory_base)
    for group in (active[~own], active[own]):
        if len(group):
            table, rows = code.rows(group)
            launch.advance_all(state, watch, shadow, table, rows, group, tohost.astype(np.uint32), max_steps)


def _resolve(state: State, code: "Code", max_steps: int) -> None:
    """Instances whose next instruction was not decoded: trap outside memory, else decode memory as it was at load."""
    for b in np.flatnonzero(state.status == AT_UNDECODED):
        state.status[b] = RUNNING
        offset = int(state.pc[b]) - state.config.memory_base
        if state.retired[b] >= max_steps:
            continue
        if not 0 <= offset < state.config.memory_bytes:
            state.status[b], state.cause[b], state.address[b] = TRAPPED, Cause.ACCESS_OUTSIDE_MEMORY, state.pc[b]
        else:
            code.own(int(b), code.memory_at_load(int(b)))


class Code:
    """Instruction memories: one per program, over the words that its image spans, shared by the instances that run it;
    one of its own, over all of memory, for an instance that wrote code, was patched there, or left the image."""

    def __init__(self, state: State, batch: Batch) -> None:
        self.state, self.batch = state, batch
        base, size = state.config.memory_base, state.config.memory_bytes
        end = max(p.base + len(p.image) for p in state.programs) - base
        self.window_bytes = min(size, end + 3 & ~3)
        self.shared = np.stack(
            [self._pack(environment.lay_out(p, state.config)[: self.window_bytes]) for p in state.programs]
        )
        for patch in batch.patches:
            first, last = (patch.address - base) // 4, (patch.address - base + patch.data.shape[1] + 3) // 4
            self.shared[:, first:last] = UNDECODED
        self.private: dict[int, np.ndarray] = {}

    def _pack(self, memory: np.ndarray) -> np.ndarray:
        return pack(memory.view(np.uint32), self.state.config.memory_base, self.state.config.registers)

    def memory_at_load(self, b: int) -> np.ndarray:
        memory = environment.lay_out(self.state.programs[self.state.index[b]], self.state.config)
        for patch in self.batch.patches:
            start = patch.address - self.state.config.memory_base
            memory[start : start + patch.data.shape[1]] = patch.data[b]
        return memory

    def own(self, b: int, memory: np.ndarray) -> None:
        """Give instance b the decoded form of `memory` as its own instruction memory."""
        self.private[b] = self._pack(memory)

    def rows(self, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A table of instruction memories and the row of each instance of the group."""
        if group[0] in self.private:
            return np.stack([self.private[int(b)] for b in group]), np.arange(len(group))
        return self.shared, self.state.index[group]
