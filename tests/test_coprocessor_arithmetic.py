"""The coprocessor's arithmetic: carries against enumeration, gradients against finite differences, limbs against integers."""

import itertools
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.interface import UserError
from experiments.coprocessor import alphabet, alu, carries, pairs, reading, straight_through, tasks
from experiments.coprocessor.alphabet import SYMBOLS

PLACES = 2


def _numbers(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(2, 1, PLACES, 10, dtype=torch.float64, generator=generator)
    a, b = (2 * drawn).softmax(-1)
    return a, b


def _enumerated(operation: str, a: torch.Tensor, b: torch.Tensor) -> dict[str, float]:
    """The probability of each answer, by going through all pairs of numbers."""
    found: dict[str, float] = {}
    for digits in itertools.product(range(10), repeat=2 * PLACES):
        x, y = ([*digits[k * PLACES : (k + 1) * PLACES]] for k in (0, 1))
        chance = float(torch.prod(torch.stack([a[0, k, d] for k, d in enumerate(x)] + [b[0, k, d] for k, d in enumerate(y)])))
        answer = tasks.answer(operation, *(sum(d * 10**k for k, d in enumerate(n)) for n in (x, y))) + "\n"
        found[answer] = found.get(answer, 0.0) + chance
    return found


@pytest.mark.parametrize("operation", carries.OPERATIONS)
def test_carries_give_what_enumeration_of_all_digit_pairs_gives(operation):
    a, b = _numbers(0)
    every = _enumerated(operation, a, b)
    asked = [*random.Random(0).sample(sorted(every), min(20, len(every))), "007", "-", "1-2", "12="]
    for answer in asked:
        joint = carries.joints(a, b, torch.tensor([[SYMBOLS.index(c) for c in answer]]))[operation]
        wanted = [
            [sum(p for text, p in every.items() if text.startswith(answer[:k] + c)) for c in SYMBOLS]
            for k in range(len(answer))
        ]
        np.testing.assert_allclose(joint[0], wanted, atol=1e-12)


@pytest.mark.parametrize("operation", carries.OPERATIONS)
def test_gradients_of_carries_are_those_of_finite_differences(operation):
    a, b = _numbers(1)
    answer = torch.tensor([[SYMBOLS.index(c) for c in tasks.answer(operation, 47, 85)]])
    inputs = tuple(x.clone().requires_grad_() for x in (a, b))
    assert torch.autograd.gradcheck(lambda x, y: carries.joints(x, y, answer)[operation], inputs)


def test_pairs_agree_with_enumeration_over_places():
    """Two places for each operand: four pairs, whose answers and weights are known."""
    weights, numbers = torch.tensor([[0.75, 0.25]]), torch.tensor([[12, 7]])
    one = pairs.Candidates(weights, numbers)
    answer = torch.tensor([alphabet.symbols("19")])
    joint = pairs.joint(alu.integers, "add", one, one, answer)  # 24, 19, 19, 14
    assert joint[0, 0, 1] == 2 * 0.75 * 0.25 + 0.25 * 0.25
    assert joint[0, 0, 2] == 0.75 * 0.75
    assert joint[0, 1, 9] == 2 * 0.75 * 0.25 and joint[0, 2, alphabet.STOP] == 2 * 0.75 * 0.25


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(("add", "subtract", "compare")), st.integers(0, 10**40), st.integers(0, 10**40))
def test_chained_limbs_are_integers_of_any_length(operation, a, b):
    assert alu.chained(alu.integers, operation, a, b) == tasks.OPERATIONS[operation](a, b)


def test_long_numbers_are_refused_where_limbs_are_not_chained():
    with pytest.raises(UserError, match="more than 9 digits"):
        alu.chained(alu.integers, "multiply", 10**9, 3)


@pytest.mark.parametrize("operation", tasks.OPERATIONS)
def test_networks_give_what_integers_give(operation):
    rng = np.random.default_rng(0)
    a, b = np.hstack((rng.integers(1, 10**9, (2, 60)), [[1, 999_999_999, 999_999_999, 1], [999_999_999, 1, 999_999_999, 1]]))
    wanted = [tasks.OPERATIONS[operation](int(x), int(y)) for x, y in zip(a, b, strict=True)]
    np.testing.assert_array_equal(alu.answers(alu.Networks(), operation, a, b), wanted)
    np.testing.assert_array_equal(alu.answers(alu.integers, operation, a, b), wanted)


@pytest.mark.parametrize(
    ("text", "place", "number"),
    [("007", 2, 7), ("12 34", 4, 34), ("12 34", 1, 12), ("5", 0, 5), ("a123456789", 9, 123456789), ("12+3", 2, 0), ("x", 0, 0)],
)
def test_a_number_is_read_where_it_ends(text, place, number):
    tokens = torch.tensor([alphabet.ASCII.encode(text)[0]])
    values = alphabet.digits(alphabet.ASCII, tokens)
    read = reading.digits(values, 9)
    assert int(read[0, place] @ 10 ** torch.arange(9)) == number
    assert reading.lengths(values)[0, place] == (len(text[: place + 1]) - len(text[: place + 1].rstrip("0123456789")))


def test_straight_through_is_exact_forward_and_passes_a_gradient_back():
    weights = torch.tensor([[0.6, 0.4]], requires_grad=True)
    a, b = pairs.Candidates(weights, torch.tensor([[12, 70]])), pairs.Candidates(torch.ones(1, 1), torch.tensor([[30]]))
    right, wrong = (torch.tensor([alphabet.symbols(str(n))]) for n in (42, 100))
    for operation, answer in (("add", right), ("subtract", torch.tensor([alphabet.symbols("-18")]))):
        assert straight_through.errors(operation, a, b, answer).detach() < 1e-3
    straight_through.errors("add", a, b, wrong).sum().backward()
    assert weights.grad[0, 1] < weights.grad[0, 0]  # more of 70, whose sum is the answer
