"""An environment inside another one that writes down the first instructions as they run, on any machine."""

from typing import final

import numpy as np

from backends.core import isa, toolchain
from backends.core.environments import Environment
from backends.core.state import instruction_memory
from backends.interface import State


@final
class Tracing(Environment):
    """Of instance 0. lines: pc, assembly and the registers that changed, of `steps` instructions at most."""

    def __init__(self, inner: Environment, steps: int) -> None:
        self.inner, self.steps, self.lines = inner, steps, list[str]()

    def begin(self, state: State) -> None:
        self.inner.begin(state)

    def limits(self, state: State, max_steps: int) -> np.ndarray:
        limits = self.inner.limits(state, max_steps)
        if len(self.lines) < self.steps:
            self.pc, self.registers = int(state.pc[0]), state.registers[0].copy()
            limits[0] = min(limits[0], state.retired[0] + np.uint64(1))
        return limits

    def answer(self, state: State) -> np.ndarray:
        changed = self.inner.answer(state)
        if len(self.lines) < self.steps:
            self.lines.append(self._line(state))
        return changed

    def _line(self, state: State) -> str:
        offset = self.pc - state.config.memory_base
        word = int.from_bytes(instruction_memory(state, 0)[max(offset, 0) :][:4].tobytes(), "little")
        changed = np.flatnonzero(state.registers[0] != self.registers)
        effect = "".join(f"  {isa.REGISTER_NAMES[r]} = {state.registers[0, r]:#x}" for r in changed)
        return f"{len(self.lines) + 1:6d}  {self.pc:08x}  {toolchain.disassemble(word, self.pc):32s}{effect}"
