"""Train every component from a random start: `make weights`, or `python -m backends.torch_neural.train [FOLDER]`.

Every table network is trained by gradient descent on mini-batches of its input domain with a squared hinge: a weight must
lie past 0 or 1 by a margin, where it saturates. What a component has to compute is written here as integer arithmetic on
its input. The classifier learns from words of the instruction set and their neighbours, and from what it still gets
nearly wrong.
Seeds are fixed and one thread is used, so that the same machine trains the same weights.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from backends.torch_neural import layout
from backends.torch_neural.layout import to_number
from backends.torch_neural.networks import COMPONENTS, STEPS_PER_UNIT, WEIGHTS, Classifier, Component

SEED = 1
MARGIN = 0.25  # a weight's distance beyond 0 or 1
GAP = 4.0  # the classifier's distance between the right score and the next

KILL, PROPAGATE, GENERATE = range(3)
_HALF = {0: KILL, 1: PROPAGATE, 2: GENERATE}

# Component to its specification: input digits, lowest first, to a number whose bits are the outputs.
SPECIFICATIONS: dict[str, Callable[..., int]] = {
    "not": lambda a: 1 - a,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "equal": lambda a, b: int(a == b),
    "select": lambda flag, a, b: a if flag else b,
    "half": lambda a, b: 1 << _HALF[a + b],
    "sum": lambda a, carry: (a + carry) & 1,
    "full": lambda a, b, carry: a + b + carry,
    "fill": lambda sign, signed: int(sign == 1 and signed == 1),
    "carry": lambda low, high: 1 << (low if high == PROPAGATE else high),
    "route": lambda *amount: 1 << to_number(amount),
    "source": lambda *row: 1 << min(to_number(row[:5]) + to_number(row[5:]), 32),
    "byte_product": lambda *bits: to_number(bits[:8]) * to_number(bits[8:]),
    "zero": lambda *bits: int(to_number(bits) == 0),
    **layout.SPECIFICATIONS,
}


def targets(name: str) -> np.ndarray:
    """What component `name` must give on its whole domain, `[rows, outputs]` in {0, 1}, int64."""
    component = COMPONENTS[name]
    powers = component.states ** np.arange(component.inputs)
    digits = np.arange(component.rows)[:, None] // powers % component.states
    values = np.array([SPECIFICATIONS[name](*row) for row in digits.tolist()], np.int64)
    return values[:, None] >> np.arange(component.outputs) & 1


def train_table(name: str) -> torch.Tensor:
    """Weights of one component as whole multiples of 1/STEPS_PER_UNIT, `[rows, outputs]` int8."""
    component: Component = COMPONENTS[name]
    generator = torch.Generator().manual_seed(SEED)
    weight = torch.empty(component.rows, component.outputs).normal_(0.5, 0.25, generator=generator).requires_grad_()
    signs = torch.from_numpy(2.0 * targets(name) - 1).float()
    batch = min(component.rows, 8192)
    while True:
        for rows in torch.randperm(component.rows, generator=generator).split(batch):
            loss = torch.relu(0.5 + 1.2 * MARGIN - signs[rows] * (weight[rows] - 0.5)).square().sum()
            (gradient,) = torch.autograd.grad(loss, weight)
            with torch.no_grad():
                weight -= 0.25 * gradient
        if (signs * (weight - 0.5)).min() >= 0.5 + MARGIN:
            return (weight.detach() * STEPS_PER_UNIT).round().to(torch.int8)


def train_classifier() -> Classifier:
    """Adam on batches of which half are patterns near the operations, until every one of 2^17 patterns has the gap."""
    torch.manual_seed(SEED)
    network = Classifier()
    patterns = torch.from_numpy(np.arange(1 << 17)[:, None] >> np.arange(17) & 1).float()
    labels = torch.from_numpy(layout.classes())
    hard = near_operations(labels)
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    while True:
        for _ in range(200):
            rows = torch.cat((hard[torch.randint(len(hard), (1024,))], torch.randint(1 << 17, (1024,))))
            optimiser.zero_grad()
            nn.functional.multi_margin_loss(network(patterns[rows]), labels[rows], margin=2 * GAP, p=2).backward()
            optimiser.step()
        gaps = score_gaps(network, patterns, labels)
        if gaps.min() >= GAP:
            return network
        hard = torch.cat((near_operations(labels), torch.nonzero(gaps < 1.5 * GAP)[:, 0].repeat(4)))


def near_operations(labels: torch.Tensor) -> torch.Tensor:
    """Patterns of operations with few free bits, and all that differ from such a pattern in one bit."""
    counts = torch.bincount(labels, minlength=layout.NO_CLASS + 1)
    legal = torch.nonzero(labels != layout.NO_CLASS)[:, 0]
    weights = (1024 // counts[labels[legal]]).clamp(1, 64)
    legal = legal.repeat_interleave(weights)
    return torch.cat((legal, (legal[:, None] ^ (1 << torch.arange(17))).flatten()))


@torch.no_grad()
def score_gaps(network: Classifier, patterns: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Right score minus the greatest other, `[n]`."""
    scores = network(patterns)
    right = scores.gather(1, labels[:, None])[:, 0]
    return right - scores.scatter(1, labels[:, None], -torch.inf).amax(1)


def main(folder: Path) -> None:
    """Train everything and write the two files of weights."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    folder.mkdir(parents=True, exist_ok=True)
    tables = {}
    for name in COMPONENTS:
        start = time.perf_counter()
        tables[name] = train_table(name)
        wanted = torch.from_numpy(targets(name))
        wrong = int(((tables[name] / STEPS_PER_UNIT).clamp(0, 1) != wanted).any(1).sum())
        print(f"{name:14s} {len(wanted):6d} rows, {wrong} wrong {time.perf_counter() - start:6.1f} s", flush=True)
    save_file(tables, folder / "tables.safetensors")
    start = time.perf_counter()
    classifier = train_classifier()
    save_file(
        {name: tensor.contiguous() for name, tensor in classifier.state_dict().items()}, folder / "classifier.safetensors"
    )
    print(f"classifier     {1 << 17:6d} rows, 0 wrong {time.perf_counter() - start:6.1f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else WEIGHTS)
