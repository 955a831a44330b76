"""The positive control of the relaxations: every operation is told its task, and only its table is learned.

The programs are fixed to one instruction each, so descent must find the operations.
"""

from dataclasses import replace

import numpy as np
import torch

from experiments.isa_discovery.invention import boolean, words
from experiments.isa_discovery.invention.case import Case
from experiments.isa_discovery.invention.relaxed import Options, Relaxation
from experiments.isa_discovery.invention.word_tasks import TASKS

_CERTAIN = 30.0
"""A logit that leaves nothing to chance."""
STEPS = 80
GATES = ("and", "xor", "nand", "a_orn_b")
WORDS = {"sum": "add", "smaller": "minu", "distance": "distance", "is_equal": "seq"}


def on_gates() -> tuple[Case, list[int]]:
    """A case whose tasks are four gates of the first two inputs; the gates."""
    case, wanted = boolean.case(len(GATES)), [boolean.GATES.index(gate) for gate in GATES]
    x, y = case.inputs[:2].astype(int)
    return replace(case, task_names=GATES, tasks=case.tables[wanted][:, 2 * x + y]), wanted


def on_words() -> tuple[Case, list[int]]:
    """A case whose tasks are four operations; the operations."""
    known = words.values({name: TASKS[name] for name in WORDS}, words.pairs())
    case = words.made_of("fixed_roles", len(WORDS), dict(zip(WORDS, known, strict=True)), set())
    return case, [case.names.index(operation) for operation in WORDS.values()]


def learned(case: Case, hard: bool, rng: np.random.Generator) -> list[int]:
    """The operations after descent on their tables alone, in the order of the tasks."""
    relaxation = Relaxation(case, Options(hard, slots=1, deviation=0.1, rate=0.3), rng)
    every = np.arange(len(case.tasks))
    with torch.no_grad():
        for leaf in (relaxation.leaves["operation"], relaxation.leaves["operands"]):
            leaf.zero_()
        relaxation.leaves["operation"][every, 0, every] = _CERTAIN
        for operand in range(2):
            relaxation.leaves["operands"][operand, :, 0, operand] = _CERTAIN
    adam = torch.optim.Adam([relaxation.leaves["table"]], relaxation.options.rate)
    rows = min(relaxation.options.rows, case.inputs.shape[1])
    for _ in range(STEPS):
        adam.zero_grad()
        relaxation.loss(every, rng.choice(case.inputs.shape[1], rows, replace=False), 1.0).backward()
        adam.step()
    return relaxation.chosen()
