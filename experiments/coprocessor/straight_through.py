"""The certified networks inside the model: words of 32 bits, exact going forward, and a gradient going back.

Going forward the bits are those of the likeliest number; going back they are the bits that the pointer expects (Bengio,
Léonard and Courville 2013). Sums, differences, comparisons and bitwise operations pass gradients through the networks of
`torch_neural`; products and quotients look tables up and pass none.
"""

from functools import cache

import torch

from backends.torch_neural import wiring
from backends.torch_neural.cells import TorchCells
from backends.torch_neural.networks import entries, load_weights
from experiments.coprocessor.alphabet import EQUAL, GREATER, LESS, MINUS
from experiments.coprocessor.pairs import Candidates

_INSTRUCTIONS = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "divu", "remainder": "remu", "and": "and", "or": "or",
    "xor": "xor",
}  # fmt: skip
_ORDER = {LESS: -1, EQUAL: 0, GREATER: 1}
WORD = 32


@cache
def _cells() -> TorchCells:
    return TorchCells(entries(load_weights()), exact=False)


def bits(of: Candidates) -> torch.Tensor:
    """`[32, N]`: of the likeliest number, with the gradient of the expected bits."""
    every = (of.numbers[..., None] >> torch.arange(WORD) & 1).to(of.weights)
    expected = torch.einsum("nk,nkb->bn", of.weights, every)
    return every[:, 0].T + expected - expected.detach()


def values(answer: torch.Tensor) -> torch.Tensor:
    """The number that each answer `[N, S]` of symbols writes, int64; of a comparison -1, 0 or 1."""
    found = []
    for row in answer.tolist():
        digits = [s for s in row if s < 10]
        number = int("".join(map(str, digits))) if digits else _ORDER.get(row[0], 0)
        found.append(-number if row[0] == MINUS else number)
    return torch.tensor(found)


def errors(operation: str, a: Candidates, b: Candidates, answer: torch.Tensor) -> torch.Tensor:
    """`[N]`: the mean squared error of the result's bits, in 32 bits, against those of the answer."""
    x, y, cells = bits(a), bits(b), _cells()
    if operation == "compare":
        found = wiring.operate(cells, "sltu", y, x) - wiring.operate(cells, "sltu", x, y)
        return (found[0] - values(answer).clamp(-1, 1)) ** 2
    if operation in ("divide", "remainder"):
        x, y = x.detach(), y.detach()
    wanted = (values(answer)[:, None] >> torch.arange(WORD) & 1).to(x).T
    return ((wiring.operate(cells, _INSTRUCTIONS[operation], x, y) - wanted) ** 2).mean(0)
