"""The soft machine of `gpu_compute`: the step of `backends/core/soft.py` and its adjoint, compiled into one loop.

A row of instances is a vector (`lanes.py`), and everything that a step works on lies in room that stays in a core's cache
(`layout.py`). Forward and adjoint of each operation stand side by side, by topic: `registers`, `words` (on `carries`),
`shifts`, `vertex` (multiply and divide), `bit_memory` (on `memory`), `control` (on `targets`). `bits_step` puts them together,
`kernel` runs steps and their adjoints, `selections` does once a program what depends on its logits alone, and `batches` is how
Python calls all of it.
"""

import numpy as np

from backends.core.soft import SoftRun
from backends.gpu_compute.soft import batches
from backends.gpu_compute.soft.selections import Place
from backends.interface import Logits, SoftExecution

RELAXATIONS = tuple(batches.RELAXATIONS)


def run(asked: SoftRun) -> SoftExecution:
    """The state after the run."""
    ends = batches.run(task_of(asked), _alone(asked.program.logits), np.array([asked.temperature]))
    return SoftExecution(*(x[0] for x in ends))


def gradient(asked: SoftRun, cotangent: SoftExecution) -> Logits:
    """Gradient of `sum(cotangent * run(asked))` with respect to the logits."""
    weights = SoftExecution(*(np.asarray(x)[None] for x in cotangent))
    slopes = batches.gradient(task_of(asked), _alone(asked.program.logits), np.array([asked.temperature]), weights)
    return Logits(*(x[0] for x in slopes))


def task_of(asked: SoftRun) -> batches.Task:
    """A run as one of many programs."""
    config, program = asked.config, asked.program
    place = Place(program.base, config.memory_base)
    return batches.Task(config.relaxation, config.dtype, *asked.initial(), place, program.start, asked.steps)


def _alone(logits: Logits) -> Logits:
    return Logits(*(np.asarray(x)[None] for x in logits))
