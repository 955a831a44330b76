"""How rare solutions are: the share of a task's space that is right, by drawing from it.

The measure is that of `Space.random`: the operation first, then each of its fields, uniformly. Where no draw is right the
interval still says how rare solutions must be.
"""

from dataclasses import dataclass

import numpy as np

from experiments.program_search.choices import random_codes
from experiments.program_search.evaluation import Evaluator
from experiments.synthesis.statistics import wilson
from experiments.synthesis.task import Task

_FIRST, _TRAINING, _HELD_OUT = 4, 64, 256
_BATCH = 100_000


@dataclass(frozen=True)
class Density:
    """hits of `samples` draws that are right, and the 95 % interval of their share."""

    samples: int
    hits: int
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.hits / self.samples


def density(task: Task, rng: np.random.Generator, samples: int) -> Density:
    """Draw codes of the task's space; right are those that training and held-out examples find no fault with."""
    training = task.training(rng, _TRAINING)
    sieves = [Evaluator(examples) for examples in (training.take(slice(_FIRST)), training, task.held_out(rng, _HELD_OUT))]
    hits = 0
    for start in range(0, samples, _BATCH):
        codes = random_codes(task.space, rng, min(_BATCH, samples - start))
        for sieve in sieves:
            codes = codes[sieve.score(codes).right == len(sieve)]
        hits += len(codes)
    return Density(samples, hits, *wilson(hits, samples))
