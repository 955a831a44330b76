"""The published mechanism, read in nCPU's public code: the MLP of a block is mixed with an expert that has an ALU.

Operands are two real numbers and sixteen sigmoids that a linear layer makes of one token's hidden state. Seven results are
scaled by softmax weights and put side by side; a linear layer and a LayerNorm follow, and a factor of 0.01. The gate is at most
0.1. What we take for faults are switches. `torch_neural` is not in it, nor is it in theirs: the arithmetic is of real numbers.
"""

import torch
from torch import nn

from experiments.coprocessor.gates import CAP

_BITS, _SCALE = 8, 0.01
_RESULTS = (1, 1, 1, 1, _BITS, _BITS, _BITS)
"""Of sum, difference, product, comparison, and, or, xor."""


class Expert(nn.Module):
    """alu: real, zero or others. capped: the gate at most 0.1 and the result times 0.01. normalised: a LayerNorm behind it."""

    def __init__(self, width: int, alu: str = "real", capped: bool = True, normalised: bool = True) -> None:
        super().__init__()
        self.alu, self.capped = alu, capped
        self.scalars, self.bits = nn.Linear(width, 2), nn.Linear(width, 2 * _BITS)
        self.route, self.gate = nn.Linear(width, len(_RESULTS)), nn.Linear(width, 1)
        self.out = nn.Linear(sum(_RESULTS), width)
        self.norm: nn.Module = nn.LayerNorm(width) if normalised else nn.Identity()

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The gate `[…, 1]` and what the expert gives `[…, width]`."""
        weights = self.route(x).softmax(-1).repeat_interleave(torch.tensor(_RESULTS), -1)
        made = self.norm(self.out(weights * self._results(x)))
        gate = torch.sigmoid(self.gate(x))
        return (CAP * gate, _SCALE * made) if self.capped else (gate, made)

    def _results(self, x: torch.Tensor) -> torch.Tensor:
        a, b = self.scalars(x).chunk(2, -1)
        p, q = torch.sigmoid(self.bits(x)).chunk(2, -1)
        found = torch.cat((a + b, a - b, a * b, torch.sigmoid(a - b), p * q, p + q - p * q, p + q - 2 * p * q), -1)
        if self.alu == "others":
            return found.roll(1, 0)
        return found if self.alu == "real" else torch.zeros_like(found)


class Mixed(nn.Module):
    """A block's MLP with the expert mixed in."""

    def __init__(self, mlp: nn.Module, expert: Expert) -> None:
        super().__init__()
        self.mlp, self.expert = mlp, expert

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gate, made = self.expert(x)
        return (1 - gate) * self.mlp(x) + gate * made


class Wider(nn.Module):
    """A block's MLP with another beside it, which gives nothing at first: the control with as many parameters."""

    def __init__(self, mlp: nn.Module, width: int, parameters: int) -> None:
        super().__init__()
        inner = max(1, round(parameters / (2 * width + 1)))
        self.mlp, self.more = mlp, nn.Sequential(nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width, bias=False))
        nn.init.zeros_(self.more[2].weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.mlp(x) + self.more(x)
