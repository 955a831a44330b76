"""The soft neural computer: soft programs run, and gradients of the run with respect to their logits.

Every step is the soft step of `backends/core/soft.py`, relaxation `bits`, with the networks without thresholds
(`soft_step.py`); gradients come from PyTorch's automatic differentiation.
"""

from collections.abc import Sequence

import numpy as np
import torch

from backends.core.soft import SoftRun
from backends.interface import Logits, SoftExecution
from backends.torch_neural.cells import TorchCells
from backends.torch_neural.soft_step import Step
from backends.torch_neural.units import Units


def run(asked: SoftRun, cells: TorchCells, units: Units) -> SoftExecution:
    """The state after the run. cells: the networks without thresholds; units: with them, for vertices."""
    with torch.no_grad():
        final = _final(asked, _tensors(asked.program.logits, cells), cells, units)
    return SoftExecution(*(x.cpu().numpy() for x in final))


def gradient(asked: SoftRun, cotangent: SoftExecution, cells: TorchCells, units: Units) -> Logits:
    """Gradient of `sum(cotangent * run(...))` with respect to the logits; zero at temperature 0."""
    logits = [x.requires_grad_() for x in _tensors(asked.program.logits, cells)]
    final = _final(asked, logits, cells, units)
    loss = sum((state * weight).sum() for state, weight in zip(final, _tensors(cotangent, cells), strict=True))
    if loss.requires_grad:
        found = torch.autograd.grad(loss, logits, materialize_grads=True)
    else:
        found = [torch.zeros_like(x) for x in logits]
    return Logits(*(x.cpu().numpy() for x in found))


def _tensors(arrays: Sequence[np.ndarray], cells: TorchCells) -> list[torch.Tensor]:
    return [torch.tensor(x, dtype=cells.dtype, device=cells.device) for x in arrays]


def _final(asked: SoftRun, logits: list[torch.Tensor], cells: TorchCells, units: Units) -> SoftExecution:
    op, rd, rs1, rs2 = (_choose(x, asked.temperature) for x in logits[:4])
    chosen = Logits(op, rd, rs1, rs2, _set(logits[4], asked.temperature))
    step = Step(chosen, asked.program.base, asked.config, cells, units)
    state = SoftExecution(*_tensors(_initial(asked), cells))
    for _ in range(asked.steps):
        state = step(state)
    return state


def _initial(asked: SoftRun) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Registers `[B, R, 32]`, memory `[B, M, 8]` and pc `[B, L + 2]` at the start, of 0 and 1."""
    registers, memory = (
        np.unpackbits(x.view(np.uint8).reshape(*x.shape, -1), axis=2, bitorder="little") for x in asked.initial()
    )
    pc = np.zeros((len(registers), len(asked.program.logits.op) + 2))
    pc[:, asked.program.start] = 1
    return registers, memory, pc


def _choose(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """Distribution over the last axis: softmax, or the one-hot of the first greatest."""
    if temperature > 0:
        return torch.softmax(logits / temperature, -1)
    first = torch.from_numpy(logits.detach().cpu().numpy().argmax(-1)).to(logits.device)
    return torch.nn.functional.one_hot(first, logits.shape[-1]).to(logits.dtype)


def _set(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """Expectations of bits: sigmoid, or whether the logit is above 0."""
    return torch.sigmoid(logits / temperature) if temperature > 0 else (logits > 0).to(logits.dtype)
