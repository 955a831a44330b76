"""The components on torch tensors: the trained networks, thresholded (exact) or not (soft); and words of the host as bits."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch

from backends.torch_neural.networks import COMPONENTS, Terms, polynomial


class TorchCells:
    """`wiring.Cells` on tensors `[bits, ...]` of `dtype`; with `exact`, every component's output is thresholded at 1/2.

    entries: saturated table entries `[rows, outputs]` by component. A gate is evaluated as the polynomial that its network is.
    """

    def __init__(
        self, entries: dict[str, np.ndarray], device: str = "cpu", dtype: torch.dtype = torch.float32, exact: bool = True
    ) -> None:
        self.device, self.dtype, self.exact = device, dtype, exact
        self.terms = {name: polynomial(entries[name], c) for name, c in COMPONENTS.items() if c.inputs <= 3}
        self.tables = {
            name: torch.tensor(entries[name], dtype=dtype, device=device) for name, c in COMPONENTS.items() if c.inputs > 3
        }
        digits = np.arange(32) >> np.arange(5)[:, None] & 1
        self.patterns = torch.tensor(digits, dtype=torch.bool, device=device)
        self.byte_weights = torch.tensor(2.0 ** np.arange(8), dtype=dtype, device=device)
        self.source = self.tables["source"].reshape(32 * 32, 33)

    def threshold(self, x: torch.Tensor) -> torch.Tensor:
        """0 or 1 by the nearer of the two in exact mode."""
        return torch.round(x) if self.exact else x

    def gate(self, name: str, *inputs: torch.Tensor) -> torch.Tensor:
        return self.threshold(evaluate(self.terms[name][0], inputs, {}))

    def pair(self, name: str, *inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        products: dict[tuple[int, ...], torch.Tensor] = {}
        first, second = (self.threshold(evaluate(terms, inputs, products)) for terms in self.terms[name][-2:])
        return first, second

    def table(self, name: str, bits: torch.Tensor) -> torch.Tensor:
        """Outputs `[outputs, n]` of a table network for thresholded inputs `[inputs, n]`: hard attention over its rows."""
        weights = 2.0 ** torch.arange(len(bits), device=self.device)
        return self.threshold(self.tables[name][(weights.to(bits) @ bits).long()].T)

    def routes(self, amount: torch.Tensor) -> torch.Tensor:
        chosen = torch.where(self.patterns.reshape(5, 32, *(1,) * (amount.ndim - 1)), amount[:, None], 1 - amount[:, None])
        return self.threshold(apply(self.tables["route"].T, chosen.prod(0)))

    def attend(self, routes: torch.Tensor, sources: torch.Tensor) -> torch.Tensor:
        taken = apply(self.source, sources).reshape(32, 32, *sources.shape[1:])
        return self.threshold((taken * routes[:, None]).sum(0))

    def byte_products(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        low, high = (torch.tensordot(self.byte_weights, x.reshape(4, 8, *x.shape[1:]), ([0], [1])) for x in (a, b))
        rows = low[:, None] + 256 * high[None]
        found = self.tables["byte_product"][rows.long()]
        return self.threshold(found.movedim(-1, 2).contiguous())

    def constant(self, bit: int, like: torch.Tensor) -> torch.Tensor:
        return torch.ones_like(like) if bit else torch.zeros_like(like)

    def cat(self, parts: Sequence[torch.Tensor], axis: int = 0) -> torch.Tensor:
        return torch.cat(tuple(parts), axis)

    def flip(self, bits: torch.Tensor) -> torch.Tensor:
        return bits.flip(0)


def apply(matrix: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """matrix `[m, n]` on the first axis of x `[n, ...]`."""
    return (matrix @ x.flatten(1)).reshape(matrix.shape[0], *x.shape[1:])


def evaluate(terms: Terms, inputs: Sequence[torch.Tensor], products: dict[tuple[int, ...], torch.Tensor]) -> torch.Tensor:
    """The sum of the terms; `products` keeps products of inputs for the next polynomial on the same inputs."""
    total, constant = None, 0.0
    for coefficient, variables in terms:
        if not variables:
            constant = coefficient
        elif total is None:
            total = _product(inputs, variables, products)
            total = total if coefficient == 1 else total * coefficient
        elif len(variables) == 1 or variables in products:
            total = torch.add(total, _product(inputs, variables, products), alpha=coefficient)
        else:
            total = torch.addcmul(total, _product(inputs, variables[:-1], products), inputs[variables[-1]], value=coefficient)
    if total is None:
        return torch.full_like(inputs[0], constant)
    return total + constant if constant else total


def _product(
    inputs: Sequence[torch.Tensor], variables: tuple[int, ...], products: dict[tuple[int, ...], torch.Tensor]
) -> torch.Tensor:
    if len(variables) == 1:
        return inputs[variables[0]]
    if variables not in products:
        products[variables] = _product(inputs, variables[:-1], products) * inputs[variables[-1]]
    return products[variables]


def to_bits(words: np.ndarray, device: str = "cpu", dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Bits `[32, n]`, lowest first, of words `[n]` uint32."""
    bits = np.unpackbits(words.astype("<u4").view(np.uint8).reshape(-1, 4), axis=1, bitorder="little")
    return torch.from_numpy(bits.T.astype(np.float32)).to(device, dtype)


def to_words(bits: torch.Tensor) -> np.ndarray:
    """Words `[n]` uint32 of bits `[k, n]` float, k at most 32, each exactly 0 or 1."""
    low, high = (_halves(bits.device, bits.dtype)[:, : len(bits)] @ bits).cpu().numpy().astype(np.uint32)
    return low | high << np.uint32(16)


@cache
def _halves(device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """Place values of the low and the high half of a word `[2, 32]`; each half is exact in float32."""
    values = np.concatenate((2.0 ** np.arange(16), np.zeros(32), 2.0 ** np.arange(16)))
    return torch.from_numpy(values.reshape(2, 32)).to(device, dtype)
