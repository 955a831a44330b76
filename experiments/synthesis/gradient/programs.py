"""Soft programs in the form of `frame.py` as arrays of any framework, and what a descent on many of them is made of.

Two machines can be descended through, each in a module of its own with a class `Descender`: `soft.py` on jax_tensor and
`soft_torch.py` on torch_neural. What they share is here and in `objective.py`. P is the number of programs, L of slots, N of
operations, R of the frame's registers, O of outputs.
"""

from typing import Any, NamedTuple, Protocol

import numpy as np

Array = Any  # numpy.ndarray, jax.Array or torch.Tensor

NEVER = np.float32(-1e9)
"""Logit of what may not be chosen."""
LOSSES = {"bits": ("cross", "hamming", "squared"), "value": ("log", "relative")}
"""Of each relaxation the losses, the default first."""
FOCUS = (0.25, 0.25, 0.0, -0.25)
"""Of restarts in turn, or to draw from: half of them begin with the low bits, a quarter with the high ones."""
DTYPES = {"bits": "float32", "value": "float64"}


class Parameters(NamedTuple):
    """Logits of P programs: op `[P, L, N]`, rs1, rs2 `[P, L, R]`, out `[P, O, R]`, which register each output reads."""

    op: Array
    rs1: Array
    rs2: Array
    out: Array

    def plus(self, other: "Parameters") -> "Parameters":
        return Parameters(*(x + y for x, y in zip(self, other, strict=True)))


class Knobs(NamedTuple):
    """Of P restarts in K iterations, each `[K, P]`: temperature; rate; Gumbel noise on the logits, in units of the
    temperature; weight of the selections' mean entropy in bits; focus on low bits."""

    temperature: Array
    rate: Array
    noise: Array
    entropy: Array
    focus: Array

    def at(self, iteration: int) -> "Knobs":
        """Those of one iteration, each `[P]`."""
        return Knobs(*(x[iteration] for x in self))


class Descent(NamedTuple):
    """Logits, Adam's moments, and the iterations so far `[P]`, in the logits' type."""

    logits: Parameters
    first: Parameters
    second: Parameters
    count: Array

    @classmethod
    def start(cls, logits: Parameters) -> "Descent":
        zeros = Parameters(*(np.zeros_like(x) for x in logits))
        return cls(logits, zeros, zeros, np.zeros(len(logits.op), logits.op.dtype))


class Descender(Protocol):
    """Descends through a soft machine on one problem's examples."""

    def advance(
        self, descent: Descent, mask: Parameters, knobs: Knobs, rows: np.ndarray, seed: int
    ) -> tuple[Descent, Array]:
        """K iterations on the examples `rows` `[K, B]`. Returns the descent, and the losses `[K, P]` before each iteration.

        mask: 0 or NEVER, of one program. seed: of the noise.
        """

    def slopes(self, logits: Parameters, knobs: Knobs, rows: np.ndarray) -> tuple[Parameters, Array]:
        """Of what is descended on, the derivative by each logit; and the part of it that is about the examples, `[P]`.

        knobs: of one iteration. rows: `[B]`.
        """
