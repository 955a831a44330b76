"""What a trained arm does on problems and text that it has not seen.

An answer is right if the most probable token is the right one at every place, the end among them, given the right ones before:
exactly then greedy generation writes it. Here the ALU is the certified networks of `torch_neural`, on the likeliest operands.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch.utils.flop_counter import FlopCounterMode

from experiments.coprocessor import alu, tasks, text
from experiments.coprocessor.batches import Batch, batch
from experiments.coprocessor.pointer import Joint, Operands, by_likeliest
from experiments.coprocessor.system import System
from experiments.coprocessor.tasks import OPERATIONS, Problem

AT_ONCE = 500
EXCHANGED = {"add": "subtract", "subtract": "add"}
COMMUTATIVE = ("add", "multiply", "and", "or", "xor")


@dataclass(frozen=True)
class Outcome:
    """Of each problem, `[N]` bool. operands: both pointers are on the last digits, in either order where that is the same.
    operation: the likeliest is the right one. opened: the score of the gate is above 0. gate: `[N]`."""

    right: torch.Tensor
    operands: torch.Tensor
    operation: torch.Tensor
    opened: torch.Tensor
    gate: torch.Tensor


def exact(operate: alu.Operate, exchanged: bool = False) -> Joint:
    """The ALU on the likeliest numbers. exchanged: it adds where it should subtract, and subtracts where it should add."""

    def joint(operands: Operands, operations: Sequence[str], answer: torch.Tensor) -> list[torch.Tensor]:
        done = [EXCHANGED.get(name, name) if exchanged else name for name in operations]
        return by_likeliest(operands, done, answer, operate)

    return joint


def outcomes(system: System, problems: Sequence[Problem], joint: Joint) -> Outcome:
    """What the arm answers."""
    found = [
        _outcome(system, batch(problems[k : k + AT_ONCE], system.vocabulary), joint) for k in range(0, len(problems), AT_ONCE)
    ]
    return Outcome(*(torch.cat([getattr(part, name) for part in found]) for name in Outcome.__dataclass_fields__))


@torch.no_grad()
def _outcome(system: System, one: Batch, joint: Joint) -> Outcome:
    found = system.answer(one, joint=joint)
    right = ((found.probabilities.argmax(-1) == system.tokens[one.answer]) | ~one.counted).all(1)
    if found.reading is None or found.gate is None:
        none = torch.zeros_like(right)
        return Outcome(right, none, none, none, none.float())
    ends = torch.stack((found.reading.a.argmax(1), found.reading.b.argmax(1)), 1)
    either = torch.isin(one.operation, torch.tensor([list(OPERATIONS).index(name) for name in COMMUTATIVE]))
    operands = (ends == one.ends).all(1) | (either & (ends == one.ends.flip(1)).all(1))
    operation = found.reading.operation.argmax(1) == one.operation
    return Outcome(right, operands, operation, found.reading.score > 0, found.gate)


@dataclass(frozen=True)
class Exchanged(Problem):
    """A problem whose answer is that of the other operation, on the operands in their order or the other."""

    turned: bool = False

    @property
    def answer(self) -> str:
        return tasks.answer(EXCHANGED[self.operation], *((self.b, self.a) if self.turned else (self.a, self.b)))


def follows(system: System, problems: Sequence[Problem], operate: alu.Operate) -> torch.Tensor:
    """`[N]`: whether the answer is the exchanged operation's, when add and subtract are exchanged inside the ALU.

    A sum may be read in either order; its difference then is of the operands as they were read.
    """
    orders = [[Exchanged(**vars(problem), turned=turned) for problem in problems] for turned in (False, True)]
    straight, turned = (outcomes(system, some, exact(operate, exchanged=True)).right for some in orders)
    return straight | (turned & torch.tensor([problem.operation in COMMUTATIVE for problem in problems]))


@torch.no_grad()
def chained(system: System, problems: Sequence[Problem], operate: alu.Operate) -> torch.Tensor:
    """`[N]`: whether pointers, operation and gate are right on numbers longer than a word, and their limbs, chained, give the
    answer. The numbers are what the prompt has where the pointers are; the ALU is the real one, whatever the arm's is."""
    found = []
    for problem in problems:
        one = batch([problem], system.vocabulary)
        answered = system.answer(replace(one, answer=one.answer[:, :1], counted=one.counted[:, :1]))
        assert answered.reading is not None
        places = system.vocabulary.encode(problem.prompt)[1]
        a, b = (_number(problem.prompt, places.index(int(w.argmax()))) for w in (answered.reading.a, answered.reading.b))
        operation = list(OPERATIONS)[int(answered.reading.operation.argmax())]
        value = alu.chained(operate, operation, a, b) if operation in ("add", "subtract", "compare") else None
        written = "=><"[value] if operation == "compare" and value is not None else str(value)
        found.append(written == problem.answer and float(answered.reading.score) > 0)
    return torch.tensor(found)


def _number(prompt: str, end: int) -> int:
    """The number whose last digit is there; 0 where there is none."""
    first = end + 1
    while first and prompt[first - 1].isdigit():
        first -= 1
    return int(prompt[first : end + 1] or 0)


@torch.no_grad()
def on_text(system: System, length: int = 128) -> tuple[float, float]:
    """Nats a token of the whole test text, and the share of its positions at which a gate opens."""
    nats, opened, count = 0.0, 0, 0
    for rows in text.windows_of_test(length, system.vocabulary).split(16):
        loss, scores = system.on_text(rows)
        nats += float(loss.sum())
        count += loss.numel()
        opened += 0 if scores is None else int((scores > 0).sum())
    return nats / count, opened / count


def flops(system: System, problems: Sequence[Problem]) -> float:
    """Floating-point operations a token of going forward, as PyTorch counts them in matrix products; the ALU is left out."""
    one = batch(problems, system.vocabulary)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        system.answer(one)
    return counter.get_total_flops() / one.tokens.numel()
