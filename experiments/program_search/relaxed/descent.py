"""Soft programs as arrays of any framework, and what a descent on many of them is made of.

Two machines can be descended through, each in a module of its own with a class `Descender`: `jax_descent.py` on jax_tensor and
`torch_descent.py` on torch_neural. What they share is here and in `objective.py`. P is the number of programs, K of iterations;
logits are `Fields` of P programs.
"""

from typing import Any, NamedTuple, Protocol

import numpy as np

from experiments.program_search.ssa.form import Fields

Array = Any  # numpy.ndarray, jax.Array or torch.Tensor

LOSSES = {"bits": ("cross", "hamming", "squared"), "value": ("log", "relative")}
"""Of each relaxation the losses, the default first."""
DTYPES = {"bits": "float32", "value": "float64"}


class Schedule(NamedTuple):
    """Of P restarts in K iterations, each `[K, P]`: temperature, rate, and focus on low bits."""

    temperature: Array
    rate: Array
    focus: Array

    def at(self, iteration: int) -> "Schedule":
        """Those of one iteration, each `[P]`."""
        return Schedule(*(x[iteration] for x in self))


class Descent(NamedTuple):
    """Logits, Adam's moments, and the iterations so far `[P]`, in the logits' type."""

    logits: Fields
    first: Fields
    second: Fields
    count: Array

    @classmethod
    def start(cls, logits: Fields) -> "Descent":
        zeros = Fields(*(np.zeros_like(x) for x in logits))
        return cls(logits, zeros, zeros, np.zeros(len(logits.op), logits.op.dtype))


class Descender(Protocol):
    """Descends through a soft machine on one problem's examples."""

    def advance(self, descent: Descent, mask: Fields, schedule: Schedule, rows: np.ndarray) -> tuple[Descent, Array]:
        """K iterations on the examples `rows` `[K, B]`. Returns the descent, and the losses `[K, P]` before each iteration.

        mask: 0 or NEVER, of one program.
        """

    def slopes(self, logits: Fields, schedule: Schedule, rows: np.ndarray) -> tuple[Fields, Array]:
        """The derivative of the loss by each logit, and the losses `[P]`.

        schedule: of one iteration. rows: `[B]`.
        """
