"""Operations and the programs that use them, learned together by gradient: one relaxation, soft or at hard samples.

A word is a vector of expectations of its bits, an operation the multilinear function of its operands' bits that agrees with its
table, and every choice a softmax: which operation an instruction applies, to which values, which instruction's result is the
task's. A gate's table is four coefficients, since a softmax over the 16 gates (Petersen et al., NeurIPS 2022) has rank 4 and no
gradient at the uniform point (arXiv 2605.08657); on words the table is a choice among the candidates. With `hard`, choices are
drawn as one-hot vectors and differentiated as if they were soft (Jang et al. 2017, straight through). The loss of a task is the
expected length of its program and `WEIGHT` times the share of bits that it gets wrong.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch.nn.functional import one_hot, softmax

from experiments.isa_discovery.invention.adjoint import WEIGHT
from experiments.isa_discovery.invention.budget import soft
from experiments.isa_discovery.invention.case import Case
from experiments.isa_discovery.invention.entrant import Evaluator
from experiments.isa_discovery.invention.signals import altered

FREE_TABLE = 4
"""Entries of a table up to which they are learned themselves."""


@dataclass(frozen=True)
class Options:
    """hard: choices are drawn. slots: instructions of a program. tasks, rows: of a step, at most. deviation: of the first
    logits. rate: Adam's. steps, descents: of an entrant. first, last: temperatures, geometric in the steps. interval:
    steps between sets that are measured."""

    hard: bool
    slots: int = 3
    tasks: int = 64
    rows: int = 16
    deviation: float = 1.0
    rate: float = 0.1
    steps: int = 50
    descents: int = 2
    first: float = 1.0
    last: float = 0.2
    interval: int = 10


class Relaxation:
    """Logits of the operations and programs of a case, `leaves`, and the loss that they have."""

    def __init__(self, case: Case, options: Options, rng: np.random.Generator) -> None:
        self.case, self.options, self.rng = case, options, rng
        self.random = torch.Generator().manual_seed(int(rng.integers(1 << 62)))
        tasks, slots, count = len(case.tasks), options.slots, case.count
        shapes = {
            "table": (count, FREE_TABLE if self.free else len(case.tables)), "operation": (tasks, slots, count),
            "operands": (2, tasks, slots, len(case.inputs) + slots - 1), "result": (tasks, slots),
        }  # fmt: skip
        self.leaves = {name: options.deviation * torch.randn(shape, generator=self.random) for name, shape in shapes.items()}
        for leaf in self.leaves.values():
            leaf.requires_grad_()

    @property
    def free(self) -> bool:
        return self.case.tables.shape[1] <= FREE_TABLE

    @property
    def mixed(self) -> int:
        """Operations that an instruction mixes."""
        return self.case.count if self.free else len(self.case.tables)

    @cached_property
    def bits(self) -> int:
        return self.case.values.bit_length() - 1

    @cached_property
    def table_bits(self) -> torch.Tensor:
        """`[O, n * n * bits]`."""
        return self.spread(self.case.tables).flatten(1)

    @cached_property
    def later(self) -> torch.Tensor:
        """`[L, I + L - 1]`: what keeps an instruction from results that come after it."""
        slot, value = torch.arange(self.options.slots)[:, None], torch.arange(self.leaves["operands"].shape[-1])
        return torch.where(value < len(self.case.inputs) + slot, 0.0, -1e9)

    def spread(self, words: np.ndarray) -> torch.Tensor:
        """`[…]` words to `[…, bits]`."""
        return torch.from_numpy((words[..., None] >> np.arange(self.bits) & 1).astype(np.float32))

    def chosen(self) -> list[int]:
        """The candidates that the tables are nearest to."""
        table = self.leaves["table"].detach()
        if not self.free:
            return table.argmax(1).tolist()
        numbers = {entries.tobytes(): number for number, entries in enumerate(self.case.tables)}
        return [numbers[entries.tobytes()] for entries in (table > 0).numpy().astype(np.uint8)]

    def choice(self, logits: torch.Tensor, temperature: float) -> torch.Tensor:
        """Probabilities, or drawn one-hot vectors with their derivatives."""
        if not self.options.hard:
            return softmax(logits / temperature, -1)
        drawn = logits - torch.log(-torch.log(torch.rand(logits.shape, generator=self.random).clamp(1e-9, 1 - 1e-7)))
        smooth = softmax(drawn / temperature, -1)
        return one_hot(drawn.argmax(-1), logits.shape[-1]) + smooth - smooth.detach()

    def tables(self, temperature: float) -> torch.Tensor:
        """`[k, n * n, bits]`: expectations."""
        leaf = self.leaves["table"]
        if self.free:
            return self.choice(torch.stack((torch.zeros_like(leaf), leaf), -1), temperature)[..., 1:]
        return (self.choice(leaf, temperature) @ self.table_bits).reshape(self.case.count, -1, self.bits)

    def loss(self, tasks: np.ndarray, rows: np.ndarray, temperature: float) -> torch.Tensor:
        """The sum over some tasks, on some rows."""
        of, inputs = torch.from_numpy(tasks), len(self.case.inputs)
        operation, result = (self.choice(self.leaves[name][of], temperature) for name in ("operation", "result"))
        operands = self.choice(self.leaves["operands"][:, of] + self.later, temperature)
        values = self.spread(self.case.inputs[:, rows]).expand(len(tasks), -1, -1, -1)
        wanted = self.spread(self.case.tasks[tasks][:, rows])
        mixture = torch.einsum("tsk,kxb->tsxb", operation, self.tables(temperature))
        losses = []
        for slot in range(self.options.slots):
            taken = torch.einsum("ati,tirb->atrb", operands[:, :, slot, : inputs + slot], values)
            x, y = self.one_of(taken)
            value = torch.bmm((x[..., :, None] * y[..., None, :]).flatten(2), mixture[:, slot])
            losses.append(WEIGHT * (value + wanted - 2 * value * wanted).mean((1, 2)) + slot + 1)
            values = torch.cat((values, value[:, None]), 1)
        return (result * torch.stack(losses, 1)).sum()

    def one_of(self, words: torch.Tensor) -> torch.Tensor:
        """`[…, bits]` expectations to `[…, n]`: the probability of every value, bits independent."""
        both = torch.stack((1 - words, words), -1)
        found = both[..., 0, :]
        for bit in range(1, self.bits):
            found = (both[..., bit, :, None] * found[..., None, :]).flatten(-2)
        return found


def descend(evaluator: Evaluator, rng: np.random.Generator, options: Options, signal: str) -> None:
    """Descents from new logits, one after another, until the budget ends or all are done."""
    for _ in range(options.descents):
        _descend(evaluator, Relaxation(evaluator.case, options, rng), signal)


def _descend(evaluator: Evaluator, relaxation: Relaxation, signal: str) -> None:
    """Adam's steps; the set that the tables are nearest to is measured now and then, and at the end."""
    case, budget, options, rng = relaxation.case, evaluator.budget, relaxation.options, relaxation.rng
    leaves = list(relaxation.leaves.values())
    adam = torch.optim.Adam(leaves, options.rate)
    tasks, rows = min(options.tasks, len(case.tasks)), min(options.rows, case.inputs.shape[1])
    for step in range(options.steps):
        if step % options.interval == 0:
            evaluator.cost(relaxation.chosen())
        budget.spend(soft(tasks * options.slots * rows / case.inputs.shape[1], relaxation.mixed))
        some, at = rng.choice(len(case.tasks), tasks, replace=False), rng.choice(case.inputs.shape[1], rows, replace=False)
        temperature = options.first * (options.last / options.first) ** (step / options.steps)
        adam.zero_grad()
        relaxation.loss(some, at, temperature).backward()
        _alter(leaves, signal, rng)
        adam.step()
    evaluator.cost(relaxation.chosen())


def _alter(leaves: list[torch.Tensor], signal: str, rng: np.random.Generator) -> None:
    """Put what the control has in the gradients' place."""
    for leaf in leaves:
        assert leaf.grad is not None
        leaf.grad = torch.from_numpy(altered(leaf.grad.numpy(), signal, rng).astype(np.float32))
