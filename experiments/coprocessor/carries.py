"""Sums, differences and comparisons of numbers whose digits are distributions, exactly, by dynamic programming over carries.

The digits of a number are taken to be independent. What is computed is the probability of each beginning of an answer, and of
the symbol that follows it, as it is written: highest digit first, without leading zeros, a minus in front, an end behind. It is
linear in each digit's distribution and needs no straight-through estimator.

The sum a + b and the differences a - b and b - a are computed side by side, as rows of one batch.
"""

from collections.abc import Callable

import torch

from experiments.coprocessor.alphabet import EQUAL, GREATER, LESS, MINUS, STOP, SYMBOLS

OPERATIONS = ("add", "subtract", "compare")
_PARTS = 3
"""a + b, a - b, b - a."""


def _rule(result: Callable[[int, int, int], int]) -> torch.Tensor:
    """`[a, b, carry in, digit, carry out]`: 1 where the digits a and b and a carry give this digit and carry."""
    rule = torch.zeros(10, 10, 2, 10, 2)
    for a in range(10):
        for b in range(10):
            for carry in (0, 1):
                value = result(a, b, carry)
                rule[a, b, carry, value % 10, int(not 0 <= value < 10)] = 1
    return rule


_SUBTRACT = _rule(lambda a, b, borrow: a - b - borrow)
_RULES = torch.stack((_rule(lambda a, b, carry: a + b + carry), _SUBTRACT, _SUBTRACT.transpose(0, 1)), 2).reshape(100, -1)


def joints(a: torch.Tensor, b: torch.Tensor, answer: torch.Tensor) -> dict[str, torch.Tensor]:
    """Of each of OPERATIONS the joint `[N, S, 15]`: joint[n, k, s] is the probability that an answer begins with the first k
    symbols of `answer`, and that s is next.

    a, b: `[N, L, 10]`, distributions of digits, lowest place first. answer: `[N, S]` symbols.
    """
    steps = _steps(a, b)
    reached = _forward(steps)
    behind = torch.nn.functional.pad(answer[:, 1:], (0, 1), value=STOP)  # a minus
    added, positive, negative = _written(steps, reached, torch.cat((answer, answer, behind))).chunk(_PARTS)
    less = reached[len(a) : 2 * len(a), -1, 1]  # a borrow is left
    minus = torch.nn.functional.one_hot(torch.tensor(MINUS), len(SYMBOLS)) * less[:, None]
    below = torch.cat((minus[:, None], negative[:, :-1] * (answer[:, 0] == MINUS)[:, None, None]), 1)
    return dict(zip(OPERATIONS, (added, positive + below, _compared(a, b, less, answer)), strict=True))


def _steps(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """`[3 N, L + 1, carry in, digit, carry out]` at each place; above both numbers there is a place of zeros."""
    above = torch.zeros_like(a[:, :1])
    above[..., 0] = 1
    a, b = torch.cat((a, above), 1), torch.cat((b, above), 1)
    both = (a[..., :, None] * b[..., None, :]).flatten(2)
    return (both @ _RULES.to(a)).view(*a.shape[:2], _PARTS, 2, 10, 2).movedim(2, 0).flatten(0, 1)


def _forward(steps: torch.Tensor) -> torch.Tensor:
    """`[3 N, L + 2, carry]` into each place, whatever the digits below are, and out of the last."""
    reached = [steps.new_tensor([1.0, 0.0]).expand(len(steps), 1, 2)]
    for place in steps.sum(3).unbind(1):
        reached.append(reached[-1] @ place)
    return torch.cat(reached, 1)


def _zeros_above(steps: torch.Tensor) -> torch.Tensor:
    """`[3 N, L + 1, carry]` out of each place: the probability of zeros in all places above, and no carry at the end."""
    found = [steps.new_tensor([[1.0], [0.0]]).expand(len(steps), 2, 1)]
    for place in steps[:, 1:, :, 0].flip(1).unbind(1):
        found.append(place @ found[-1])
    return torch.stack(found[::-1], 1)[..., 0]


def _written(steps: torch.Tensor, reached: torch.Tensor, answer: torch.Tensor) -> torch.Tensor:
    """The joint of the digits that the steps make, if no carry is left; the number 0 counts but as b - a."""
    rows, places = steps.shape[:2]
    flat, above = steps.flatten(2, 3), _zeros_above(steps)  # by the place of the highest digit
    digits, stops = [], [torch.zeros_like(above[:, 0, 0])]
    for k in range(min(answer.shape[1], places)):
        here = (flat[:, : places - k] @ above[..., None]).view(rows, -1, 2, 10)
        if k == 0:
            here = here * _leading(rows, places, steps)
        digits.append((reached[:, : places - k].reshape(rows, 1, -1) @ here.flatten(1, 2))[:, 0])
        digit = answer[:, k, None, None, None]
        chosen = here.gather(3, digit.clamp(max=9).expand(*here.shape[:3], 1))[..., 0] * (digit[..., 0] < 10)
        stops.append(chosen[:, 0, 0])  # the digit is of the lowest place
        above = chosen[:, 1:]
    count = answer.shape[1]
    missing = [torch.zeros_like(stops[0])] * (count + 1 - len(stops))
    number = torch.nn.functional.pad(torch.stack(digits, 1), (0, 0, 0, count - len(digits)))
    signs = number.new_zeros(rows, count, STOP - 10)
    return torch.cat((number, signs, torch.stack((stops + missing)[:count], 1)[..., None]), 2)


def _leading(rows: int, places: int, like: torch.Tensor) -> torch.Tensor:
    """`[3 N, L + 1, 1, 10]`: 1 for each digit that may be the highest. A number has no zero in front, and 0 has one digit."""
    may = like.new_ones(rows, places, 1, 10)
    may[:, 1:, :, 0] = 0
    may[2 * rows // _PARTS :, 0, :, 0] = 0
    return may


def _compared(a: torch.Tensor, b: torch.Tensor, less: torch.Tensor, answer: torch.Tensor) -> torch.Tensor:
    """The joint of a comparison, whose answer is one of `<`, `=` and `>`. less: `[N]`, the probability that a is less."""
    equal, every = (a * b).sum(-1).prod(1), a.sum(-1).prod(1) * b.sum(-1).prod(1)
    first = less.new_zeros(len(a), len(SYMBOLS)).index_copy(
        1, torch.tensor([LESS, EQUAL, GREATER]), torch.stack((less, equal, every - less - equal), 1)
    )
    then = torch.nn.functional.one_hot(torch.tensor(STOP), len(SYMBOLS)) * first.gather(1, answer[:, :1])
    rest = torch.zeros_like(then)[:, None].expand(-1, max(0, answer.shape[1] - 2), -1)
    return torch.cat((first[:, None], then[:, None], rest), 1)[:, : answer.shape[1]]
