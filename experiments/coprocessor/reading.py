"""What stands at a place: the digits of the number that ends there, read from the lowest until something else comes."""

import torch


def digits(values: torch.Tensor, places: int) -> torch.Tensor:
    """The number that ends at each position.

    values: `[N, T]`, the digit that a token is, and -1 for every other token.
    Returns `[N, T, places]`: the digit of each place, lowest first; 0 where the number has no such digit, or there is none.
    """
    found, inside = [], torch.ones_like(values, dtype=torch.bool)
    for place in range(places):
        here = torch.nn.functional.pad(values, (place, 0), value=-1)[:, : values.shape[1]]
        inside = inside & (here >= 0)
        found.append(torch.where(inside, here, 0))
    return torch.stack(found, -1)


def lengths(values: torch.Tensor) -> torch.Tensor:
    """How many digits the number that ends at each position has, `[N, T]`; values as in `digits`."""
    found = torch.zeros_like(values)
    for t in range(values.shape[1]):
        before = found[:, t - 1] if t else torch.zeros_like(values[:, 0])
        found[:, t] = torch.where(values[:, t] >= 0, before + 1, 0)
    return found


def expected(weights: torch.Tensor, read: torch.Tensor) -> torch.Tensor:
    """The digits at a place that is not certain.

    weights: `[N, T]` of each position. read: `[N, T, L]` from `digits`. Returns `[N, L, 10]`; they add up as weights do.
    """
    return torch.einsum("nt,ntld->nld", weights, torch.nn.functional.one_hot(read, 10).to(weights.dtype))
