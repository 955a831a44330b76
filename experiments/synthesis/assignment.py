"""Straight-line programs in which every slot has a destination of its own (static single assignment).

Gradient methods search them in place of the problem's space: a slot may then read zero, the inputs and the slots before it, and
what it computes is overwritten by nothing. The last slots are the outputs. What is found is brought back into the problem's
space: what no output needs is dropped, and the rest is put in order and into registers.
"""

from dataclasses import dataclass, replace

import numpy as np

from backends.core import isa
from backends.interface import UserError
from experiments.synthesis.discrete.allocate import Expression, Leaf, Node, allocate
from experiments.synthesis.language import CONSTANTS, OP, Space
from experiments.synthesis.search import Problem
from experiments.synthesis.task import Location

REGISTERS = 16
PLAIN = tuple(sorted({*range(-4, 5), *(1 << k for k in range(11)), *((1 << k) - 1 for k in range(11)), 24, 30, -16}))
"""Constants that are worth a logit: small ones, powers of two and what lies below them."""


@dataclass(frozen=True)
class Assignment:
    """problem: the one to search, its registers zero, inputs and destinations in this order. readable `[W]`: how many of them
    each slot may read. destinations `[W]`: the register that each slot writes. original: where codes go back to."""

    problem: Problem
    readable: tuple[int, ...]
    destinations: tuple[int, ...]
    original: Problem

    def back(self, code: np.ndarray) -> np.ndarray | None:
        """A code `[W, 5]` in the original space, or None where it does not fit."""
        values: dict[int, Expression] = dict.fromkeys((0, *self.destinations), Leaf(0))
        inputs = tuple(at.number for at in self.original.examples.sources)
        values |= {number: Leaf(number) for number in inputs}
        for op, rd, rs1, rs2, imm in code.tolist():
            form = isa.FORMATS[isa.OPERATIONS[op].format]
            left, right = values[rs1] if form[1] else None, values[rs2] if form[2] else None
            if rd:
                values[rd] = Node(op, left, right, 0 if form[2] else imm)
        targets = self.original.examples.targets
        found = self.destinations[len(self.destinations) - len(targets) :]
        outputs = {at.number: values[rd] for at, rd in zip(targets, found, strict=True)}
        return allocate(outputs, inputs, self.original.space)


def fits(problem: Problem) -> str | None:
    """Why a problem has no such form; None where it has one."""
    return None if problem.on_registers else "it searches straight-line programs on registers only"


def widen(problem: Problem, slots: int) -> Assignment:
    """The problem with `slots` destinations, or as many as there are registers. Raises UserError for what does not fit."""
    reason = fits(problem)
    if reason:
        raise UserError(f"{reason}: leave branches, jumps, loads and stores out, or name another method")
    examples, space = problem.examples, problem.space
    inputs = [at.number for at in examples.sources]
    destinations = [number for number in range(1, REGISTERS) if number not in inputs][:slots]
    targets = tuple(
        Location("register", number) for number in destinations[len(destinations) - len(examples.targets) :]
    )
    constants = tuple(c for c in space.constants if c in PLAIN or c not in CONSTANTS)
    wide = Space(space.operations, (0, *inputs, *destinations), len(destinations), constants or space.constants)
    readable = tuple(1 + len(inputs) + slot for slot in range(len(destinations)))
    return Assignment(
        replace(problem, examples=replace(examples, targets=targets, steps=wide.length), space=wide),
        readable, tuple(destinations), problem,
    )  # fmt: skip


def blank(destinations: tuple[int, ...]) -> np.ndarray:
    """`[W, 5]` int32, a code that writes zero to every destination."""
    code = np.zeros((len(destinations), 5), np.int32)
    code[:, OP], code[:, 1] = isa.NUMBER["addi"], destinations
    return code
