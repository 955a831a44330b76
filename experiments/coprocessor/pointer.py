"""The pointer ALU: attention finds the last digit of each operand, a shift reads the digits, an exact ALU computes, and a place
counter writes the answer from where it begins.

What is learned are queries, keys, the choice of the operation and the gate. Keys are of a token and the one behind it, so that
a number can be found by what follows. Everything is read off embeddings and last hidden states, so the mechanism fits any
language model that has them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from experiments.coprocessor import alu, carries, gates, pairs, reading

CANDIDATES = 3
WITHOUT_CONTEXT = 0.5
"""Share of the examples, in training."""


@dataclass(frozen=True)
class Reading:
    """What stands where an answer begins. a, b: `[N, T]` attention of the pointers. operation: `[N, O]`. score: `[N]` of the
    gate."""

    a: torch.Tensor
    b: torch.Tensor
    operation: torch.Tensor
    score: torch.Tensor

    @property
    def sure(self) -> torch.Tensor:
        return self.a.amax(1) * self.b.amax(1) * self.operation.amax(1)


@dataclass(frozen=True)
class Operands:
    """The numbers that the pointers mean.

    share: `[N]`, how much of both pointers is on digits. a, b: `[N, L, 10]`, distributions of digits, lowest place first.
    candidates: the likeliest numbers of each.
    """

    share: torch.Tensor
    a: torch.Tensor
    b: torch.Tensor
    candidates: tuple[pairs.Candidates, pairs.Candidates]

    @classmethod
    def of(cls, found: Reading, digits: torch.Tensor, places: int, most: int = CANDIDATES) -> "Operands":
        """digits: `[N, T]`, the digit that a token is, or -1. places: of an operand, at most."""
        read, there = reading.digits(digits, places), digits >= 0
        weights = [w * there for w in (found.a, found.b)]
        shares = [w.sum(1).clamp(min=1e-12) for w in weights]
        a, b = (reading.expected(w / s[:, None], read) for w, s in zip(weights, shares, strict=True))
        candidates = [pairs.candidates(w, read, most) for w in weights]
        return cls(shares[0] * shares[1], a, b, (candidates[0], candidates[1]))

    def of_others(self) -> "Operands":
        """Each example has the operands of the one before it."""
        a, b = (pairs.Candidates(c.weights.roll(1, 0), c.numbers.roll(1, 0)) for c in self.candidates)
        return Operands(self.share.roll(1), self.a.roll(1, 0), self.b.roll(1, 0), (a, b))


class PointerAlu(nn.Module):
    """operations: by name, that the ALU has. width: of the model. gate: of `gates.GATES`. places: of an operand, at most."""

    def __init__(self, width: int, operations: Sequence[str], gate: str = "sigmoid", places: int = 10, inner: int = 64) -> None:
        super().__init__()
        self.operations, self.gate, self.places, self.inner = tuple(operations), gate, places, inner
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.query, self.key = nn.Linear(2 * width, 3 * inner), nn.Linear(4 * width, 3 * inner)
        self.operator, self.begins = nn.Linear(4 * width, len(operations)), nn.Linear(2 * width, 1)
        nn.init.constant_(self.begins.bias, -2.0)

    def features(self, embedded: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """`[N, T, 2 width]` of embeddings and last hidden states.

        In training some examples have no hidden states, so that what a token alone tells is learned as well: it does not
        change with the length of a prompt.
        """
        token, context = (norm(x.float()) for norm, x in zip(self.norms, (embedded, hidden), strict=True))
        if self.training:
            context = context * (torch.rand(len(context), 1, 1) >= WITHOUT_CONTEXT)
        return torch.cat((token, context), -1)

    def scores(self, features: torch.Tensor) -> torch.Tensor:
        """Of each position `[N, T]`, that an answer begins behind it."""
        return self.begins(features)[..., 0]

    def read(self, features: torch.Tensor, start: torch.Tensor) -> Reading:
        """start: `[N]`, the position behind which the answer begins; nothing behind it is looked at."""
        rows, t = torch.arange(len(features)), features.shape[1]
        here = features[rows, start]
        seen = torch.arange(t) <= start[:, None]
        behind = torch.nn.functional.pad(features[:, 1:], (0, 0, 0, 1)) * (torch.arange(t) < start[:, None])[..., None]
        keys = self.key(torch.cat((features, behind), -1)).view(len(features), t, 3, self.inner)
        queries = self.query(here).view(len(features), 3, self.inner)
        weights = torch.einsum("nci,ntci->nct", queries, keys) / self.inner**0.5
        a, b, c = weights.masked_fill(~seen[:, None], -torch.inf).softmax(-1).unbind(1)
        attended = torch.einsum("nt,ntw->nw", c, features)
        operation = self.operator(torch.cat((here, attended), -1)).softmax(-1)
        return Reading(a, b, operation, self.begins(here)[..., 0])

    def opened(self, found: Reading) -> torch.Tensor:
        """The gate, `[N]`."""
        return gates.GATES[self.gate](found.score, found.sure)


Joint = Callable[[Operands, Sequence[str], torch.Tensor], Sequence[torch.Tensor]]
"""Of operands, operations and an answer `[N, S]`: of each operation the joint, as in `carries`."""


def carry_or_pairs(operands: Operands, operations: Sequence[str], answer: torch.Tensor) -> list[torch.Tensor]:
    """By carries where there is such a program, by pairs of places elsewhere."""
    share = operands.share[:, None, None]
    found = {name: joint * share for name, joint in carries.joints(operands.a, operands.b, answer).items()}
    others = [name for name in operations if name not in found]
    found |= zip(others, by_pairs(operands, others, answer), strict=True)
    return [found[name] for name in operations]


def by_pairs(operands: Operands, operations: Sequence[str], answer: torch.Tensor) -> list[torch.Tensor]:
    return [pairs.joint(alu.integers, name, *operands.candidates, answer) for name in operations]


def by_likeliest(
    operands: Operands, operations: Sequence[str], answer: torch.Tensor, operate: alu.Operate = alu.integers
) -> list[torch.Tensor]:
    """By the likeliest number of each operand, weighted by how likely it is."""
    a, b = (pairs.Candidates(c.weights[:, :1], c.numbers[:, :1]) for c in operands.candidates)
    return [pairs.joint(operate, name, a, b, answer) for name in operations]


def following(
    operands: Operands, operations: Sequence[str], chosen: torch.Tensor, answer: torch.Tensor, joint: Joint = carry_or_pairs
) -> torch.Tensor:
    """What the ALU says comes next, `[N, S, 15]`, given that the answer began as it did.

    chosen: `[N, O]`, the distribution over operations: their likelihoods are added up. answer: `[N, S]` symbols.
    A row adds up to less than 1 where the pointers mean no number, or the ALU cannot explain how the answer began.
    """
    every = torch.stack(list(joint(operands, operations, answer)), 1)
    total = (chosen[:, :, None, None] * every).sum(1)
    begun = total.gather(2, answer[..., None])[:, :-1, 0]
    given = torch.cat((total.new_ones(len(total), 1), begun), 1)
    return torch.where(given[..., None] > 1e-30, total / given.clamp(min=1e-30)[..., None], 0)
