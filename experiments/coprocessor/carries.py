"""Sums, differences and comparisons of numbers whose digits are distributions, exactly, by dynamic programming over carries.

The digits of a number are taken to be independent. What is computed is the probability of each beginning of an answer, and of
the symbol that follows it, as it is written: highest digit first, without leading zeros, a minus in front, an end behind. It is
linear in each digit's distribution and needs no straight-through estimator.

All functions give ``joint[n, k, s]``: the probability that an answer begins with the first k symbols of `answer`, and that s is
next.
"""

from collections.abc import Callable

import torch

from experiments.coprocessor.alphabet import EQUAL, GREATER, LESS, MINUS, STOP, SYMBOLS


def _rule(result: Callable[[int, int, int], int]) -> torch.Tensor:
    """`[a, b, carry in, digit, carry out]`: 1 where the digits a and b and a carry give this digit and carry."""
    rule = torch.zeros(10, 10, 2, 10, 2)
    for a in range(10):
        for b in range(10):
            for carry in (0, 1):
                value = result(a, b, carry)
                rule[a, b, carry, value % 10, int(not 0 <= value < 10)] = 1
    return rule


_ADD = _rule(lambda a, b, carry: a + b + carry)
_SUBTRACT = _rule(lambda a, b, borrow: a - b - borrow)


def _steps(rule: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """`[N, L + 1, carry in, digit, carry out]` at each place; above both numbers there is a place of zeros."""
    above = torch.zeros_like(a[:, :1])
    above[..., 0] = 1
    a, b = torch.cat((a, above), 1), torch.cat((b, above), 1)
    return torch.einsum("nla,nlb,abcde->nlcde", a, b, rule.to(a))


def _forward(steps: torch.Tensor) -> torch.Tensor:
    """`[N, L + 1, carry]` into each place, whatever the digits below are, and out of the last."""
    reached = [torch.zeros_like(steps[:, 0, :, 0, 0])]
    reached[0][:, 0] = 1
    for place in range(steps.shape[1]):
        reached.append(torch.einsum("nc,ncde->ne", reached[-1], steps[:, place]))
    return torch.stack(reached, 1)


def _zeros_above(steps: torch.Tensor) -> torch.Tensor:
    """`[N, L, carry]` out of each place: the probability of zeros in all places above, and no carry at the end."""
    found = [torch.zeros_like(steps[:, 0, :, 0, 0])]
    found[0][:, 0] = 1
    for place in range(steps.shape[1] - 1, 0, -1):
        found.append(torch.einsum("nce,ne->nc", steps[:, place, :, 0], found[-1]))
    return torch.stack(found[::-1], 1)


def _written(steps: torch.Tensor, answer: torch.Tensor, zero: bool) -> torch.Tensor:
    """The joint of the digits that the steps make, if no carry is left. zero: whether the number 0 counts."""
    places, reached, count = steps.shape[1], _forward(steps), answer.shape[1]
    above = _zeros_above(steps)  # by the place of the highest digit
    joint = steps.new_zeros(len(steps), count, len(SYMBOLS))
    for k in range(min(count, places + 1)):
        if k:
            joint[:, k, STOP] = above[:, 0, 0]  # the digit before was of the lowest place
            above = above[:, 1:]
        if k == places:
            break
        here = torch.einsum("nmcde,nme->nmcd", steps[:, : places - k], above)
        if k == 0:  # a number has no zero in front, and 0 has one digit
            here = torch.cat((here[:, :1] if zero else _without_zero(here[:, :1]), _without_zero(here[:, 1:])), 1)
        joint[:, k, :10] = torch.einsum("nmc,nmcd->nd", reached[:, : places - k], here)
        digit = answer[:, k]
        chosen = here.gather(3, digit.clamp(max=9)[:, None, None, None].expand(*here.shape[:3], 1))[..., 0]
        above = chosen * (digit < 10)[:, None, None]
    return joint


def _without_zero(here: torch.Tensor) -> torch.Tensor:
    return torch.cat((torch.zeros_like(here[..., :1]), here[..., 1:]), -1)


def add(a: torch.Tensor, b: torch.Tensor, answer: torch.Tensor) -> torch.Tensor:
    """a, b: `[N, L, 10]`, lowest place first. answer: `[N, S]` symbols. Returns the joint `[N, S, 15]`."""
    return _written(_steps(_ADD, a, b), answer, zero=True)


def subtract(a: torch.Tensor, b: torch.Tensor, answer: torch.Tensor) -> torch.Tensor:
    """As `add`; a difference below zero has a minus in front."""
    joint = _written(_steps(_SUBTRACT, a, b), answer, zero=True)
    negative = _written(_steps(_SUBTRACT, b, a), answer[:, 1:], zero=False)
    below = torch.zeros_like(joint)
    below[:, 0, MINUS] = negative[:, 0].sum(-1) if answer.shape[1] > 1 else _below(a, b)
    below[:, 1:] = negative * (answer[:, 0] == MINUS)[:, None, None]
    return joint + below


def compare(a: torch.Tensor, b: torch.Tensor, answer: torch.Tensor) -> torch.Tensor:
    """As `add`; the answer is one of `<`, `=` and `>`."""
    less, equal = _below(a, b), torch.einsum("nld,nld->nl", a, b).prod(1)
    every = a.sum(-1).prod(1) * b.sum(-1).prod(1)
    first = torch.zeros_like(a[:, 0, :1]).expand(-1, len(SYMBOLS)).clone()
    first[:, LESS], first[:, EQUAL], first[:, GREATER] = less, equal, every - less - equal
    then = torch.nn.functional.one_hot(torch.tensor(STOP), len(SYMBOLS)) * first.gather(1, answer[:, :1])
    rest = torch.zeros_like(then)[:, None].expand(-1, max(0, answer.shape[1] - 2), -1)
    return torch.cat((first[:, None], then[:, None], rest), 1)[:, : answer.shape[1]]


def _below(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """The probability that a is less than b: a borrow is left."""
    return _forward(_steps(_SUBTRACT, a, b))[:, -1, 1]


PROGRAMS = {"add": add, "subtract": subtract, "compare": compare}
"""By operation."""
