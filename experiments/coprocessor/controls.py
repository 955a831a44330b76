"""Controls of the experiment that need no training: what must be caught, and what must agree."""

import random
from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from experiments.coprocessor import alu, carries, tasks
from experiments.coprocessor.alphabet import STOP, padded, symbols
from experiments.coprocessor.schema import TABLES
from experiments.coprocessor.tasks import OPERATIONS, Problem

_PAIRS, _PLANTED = 2000, 1000
Row = tuple[str, float, str, bool]


def controls(seed: int) -> pd.DataFrame:
    return TABLES["controls"].frame([*_leak(seed), *_networks(seed), *_carries(seed)])


def leaked(problems: list[Problem]) -> list[Problem]:
    """Those of a test set that belong to training, exchanged or not."""
    return [p for p in problems if not tasks.held_out(p.operation, p.a, p.b)]


def _leak(seed: int) -> Iterator[Row]:
    """Training pairs, operands exchanged, put into a test set."""
    rng = random.Random(f"leak {seed}")
    planted = [tasks.in_signs(p.operation, p.b, p.a) for p in tasks.training(rng, _PLANTED, 0.0) if p.a and p.b]
    own = [p for operation in OPERATIONS for p in tasks.problems_of_test(operation, 3, 100, seed)]
    found = leaked(own + planted)
    yield "pairs of training planted in the test, exchanged: share caught", len(found) / len(planted), "all", found == planted
    yield "pairs of the test itself taken for training", len(leaked(own)), "none", not leaked(own)


def _networks(seed: int) -> Iterator[Row]:
    """The certified networks against Python's integers, on numbers of up to nine digits."""
    rng = np.random.default_rng(seed)
    a, b = (10 ** rng.integers(0, alu.DIGITS, (2, _PAIRS)) * rng.random((2, _PAIRS)) * 10).astype(np.int64)
    operate, b = alu.Networks(), np.maximum(b, 1)
    for operation, meant in OPERATIONS.items():
        wanted = [meant(int(x), int(y)) for x, y in zip(a, b, strict=True)]
        wrong = int((alu.answers(operate, operation, a, b) != wanted).sum())
        yield f"networks, {operation}: wrong of {_PAIRS:,}", wrong, "none", wrong == 0


def _carries(seed: int) -> Iterator[Row]:
    """The carry program on certain digits against Python's integers, with numbers of up to a hundred digits."""
    rng = random.Random(f"carries {seed}")
    for operation in carries.OPERATIONS:
        lengths = [rng.randint(1, 100) for _ in range(50)]
        pairs = [tasks.operands(rng, operation, (length, rng.randint(1, length)), None) for length in lengths]
        pairs += [(b, a) for a, b in pairs] + [(a, a) for a, _ in pairs[:10]]
        answers = padded([symbols(tasks.answer(operation, a, b)) for a, b in pairs], STOP)
        a, b = (_certain([pair[k] for pair in pairs], 100) for k in (0, 1))
        joint = carries.joints(a, b, answers)[operation]
        last = torch.tensor([len(symbols(tasks.answer(operation, *pair))) - 1 for pair in pairs])
        chance = joint[torch.arange(len(pairs)), last].gather(1, answers[torch.arange(len(pairs)), last][:, None])
        wrong = int((chance[:, 0] != 1).sum())
        yield f"carries, {operation}, to 100 digits: wrong of {len(pairs)}", wrong, "none", wrong == 0


def _certain(numbers: list[int], places: int) -> torch.Tensor:
    digits = torch.tensor([[int(d) for d in str(n).zfill(places)[::-1]] for n in numbers])
    return torch.nn.functional.one_hot(digits, 10).float()
