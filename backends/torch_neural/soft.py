"""The soft neural computer: soft programs run, and gradients of the run with respect to their logits.

Every step is the soft step of `backends/core/soft.py`, relaxation `bits`, with the networks without thresholds
(`soft_step.py`); gradients come from PyTorch's automatic differentiation.
"""

import numpy as np
import torch

from backends.core.state import initial
from backends.interface import Batch, MachineConfig, SoftExecution, SoftProgram
from backends.torch_neural.cells import TorchCells
from backends.torch_neural.soft_step import Selections, SoftState, Step
from backends.torch_neural.units import Units


class SoftRun:
    """A soft program on a batch. cells: the networks without thresholds; units: with them, for vertices."""

    def __init__(self, program: SoftProgram, batch: Batch, config: MachineConfig, cells: TorchCells, units: Units) -> None:
        self.program, self.config, self.cells, self.units = program, config, cells, units
        self.initial = SoftState(*(self._tensor(x) for x in initial_state(program, batch, config)))

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.tensor(array, dtype=self.cells.dtype, device=self.cells.device)

    def run(self, temperature: float, steps: int) -> SoftExecution:
        """The state after `steps` steps."""
        with torch.no_grad():
            final = self._steps(self._logits(), temperature, steps)
        return SoftExecution(*(x.cpu().numpy() for x in (final.registers, final.memory, final.pc)))

    def gradient(self, temperature: float, steps: int, cotangent: SoftExecution) -> SoftProgram:
        """Gradient of `sum(cotangent * run(...))` with respect to the logits; zero at temperature 0."""
        logits = [x.requires_grad_() for x in self._logits()]
        final = self._steps(logits, temperature, steps)
        pairs = zip(
            (final.registers, final.memory, final.pc), (cotangent.registers, cotangent.memory, cotangent.pc), strict=True
        )
        loss = sum((state * self._tensor(weight)).sum() for state, weight in pairs)
        if loss.requires_grad:
            found = torch.autograd.grad(loss, logits, materialize_grads=True)
        else:
            found = [torch.zeros_like(x) for x in logits]
        op, rd, rs1, rs2, imm = (x.cpu().numpy() for x in found)
        return SoftProgram(op, rd, rs1, rs2, imm, self.program.base, self.program.start)

    def _logits(self) -> list[torch.Tensor]:
        p = self.program
        return [self._tensor(x) for x in (p.op, p.rd, p.rs1, p.rs2, p.imm)]

    def _steps(self, logits: list[torch.Tensor], temperature: float, steps: int) -> SoftState:
        op, rd, rs1, rs2 = (_choose(x, temperature) for x in logits[:4])
        chosen = Selections(op, rd, rs1, rs2, _set(logits[4], temperature))
        step = Step(chosen, self.program.base, self.config, self.cells, self.units)
        state = self.initial
        for _ in range(steps):
            state = step(state)
        return state


def initial_state(program: SoftProgram, batch: Batch, config: MachineConfig) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Registers `[B, R, 32]`, memory `[B, M, 8]` and pc `[B, L + 2]` at the start, of 0 and 1. Raises UserError."""
    words, memory = initial(batch, config)
    registers = (words[:, :, None] >> np.arange(32, dtype=np.uint32)) & 1
    pc = np.zeros((len(words), len(program.op) + 2))
    pc[:, program.start] = 1
    return registers, np.unpackbits(memory[:, :, None], axis=2, bitorder="little"), pc


def _choose(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """Distribution over the last axis: softmax, or the one-hot of the first greatest."""
    if temperature > 0:
        return torch.softmax(logits / temperature, -1)
    first = torch.from_numpy(logits.detach().cpu().numpy().argmax(-1)).to(logits.device)
    return torch.nn.functional.one_hot(first, logits.shape[-1]).to(logits.dtype)


def _set(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """Expectations of bits: sigmoid, or whether the logit is above 0."""
    return torch.sigmoid(logits / temperature) if temperature > 0 else (logits > 0).to(logits.dtype)
