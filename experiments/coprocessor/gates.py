"""How much of the next token comes from the coprocessor: a number from 0 to 1 of a score, and of how sure the pointers are."""

from collections.abc import Callable

import torch

CAP = 0.1
_LOW, _HIGH, _TEMPERATURE = -0.1, 1.1, 2 / 3


def sigmoid(score: torch.Tensor, sure: torch.Tensor) -> torch.Tensor:
    return torch.sigmoid(score)


def capped(score: torch.Tensor, sure: torch.Tensor) -> torch.Tensor:
    """At most a tenth, as published."""
    return CAP * torch.sigmoid(score)


def confident(score: torch.Tensor, sure: torch.Tensor) -> torch.Tensor:
    """No more than the pointers are sure."""
    return torch.sigmoid(score) * sure


def hard_concrete(score: torch.Tensor, sure: torch.Tensor) -> torch.Tensor:
    """Stretched beyond 0 and 1 and cut off, so that both are reached (Louizos, Welling and Kingma 2018, without the noise)."""
    return (torch.sigmoid(score / _TEMPERATURE) * (_HIGH - _LOW) + _LOW).clamp(0, 1)


GATES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "sigmoid": sigmoid, "capped": capped, "confident": confident, "hard_concrete": hard_concrete,
}  # fmt: skip
"""score, sure: `[N]`. Returns `[N]`."""
