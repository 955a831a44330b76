"""Every operation, by the numbers that a pointer may mean: a sum over pairs of places, each with its weight, of exact results.

The few places of the largest weight stand for all; what the others weigh is lost to the answer, so the likelihood is a lower
bound. Its gradient reaches the weights, not the numbers.
"""

from dataclasses import dataclass

import numpy as np
import torch

from experiments.coprocessor import alu
from experiments.coprocessor.alphabet import SYMBOLS


@dataclass(frozen=True)
class Candidates:
    """The likeliest numbers of an operand. weights, numbers: `[N, K]`."""

    weights: torch.Tensor
    numbers: torch.Tensor


def candidates(weights: torch.Tensor, read: torch.Tensor, most: int) -> Candidates:
    """weights: `[N, T]` of each position. read: `[N, T, L]` digits, of which the lowest nine are used."""
    kept, places = weights.topk(min(most, weights.shape[1]), 1)
    values = (read[..., : alu.DIGITS] * 10 ** torch.arange(min(alu.DIGITS, read.shape[-1]))).sum(-1)
    return Candidates(kept, values.gather(1, places))


def joint(operate: alu.Operate, operation: str, a: Candidates, b: Candidates, answer: torch.Tensor) -> torch.Tensor:
    """The joint `[N, S, 15]` of an answer's beginnings and what comes next, as in `carries`. answer: `[N, S]` symbols."""
    n, k = a.numbers.shape
    x = a.numbers[:, :, None].expand(n, k, b.numbers.shape[1]).reshape(-1).numpy(force=True)
    y = b.numbers[:, None, :].expand(n, k, b.numbers.shape[1]).reshape(-1).numpy(force=True)
    results = _strings(operation, alu.answers(operate, operation, x, y), answer.shape[1]).view(n, -1, answer.shape[1])
    weights = (a.weights[:, :, None] * b.weights[:, None, :]).reshape(n, -1)
    same = (results == answer[:, None]).to(weights).cumprod(2)
    begun = torch.cat((torch.ones_like(same[..., :1]), same[..., :-1]), 2) * weights[..., None]
    following = torch.nn.functional.one_hot(results, len(SYMBOLS) + 1)[..., :-1].to(weights)
    return torch.einsum("nps,npsc->nsc", begun, following)


def _strings(operation: str, results: np.ndarray, length: int) -> torch.Tensor:
    """`[n, length]` symbols; beyond an answer's end, and where there is none, a symbol that is not one."""
    none = len(SYMBOLS)
    rows = [(row + [none] * length)[:length] for row in alu.symbols(operation, results)]
    return torch.tensor(rows)
