"""Moves that the gradient proposes: substitutes drawn by how much the adjoint of the discrete machine expects them to mend.

A *guide* holds the scores of all substitutes at the code that a chain is at (`backends/gpu_compute/adjoint.py`), over a few
examples. A move draws a slot and a field by the mean of exp(-score / temperature) over the field's substitutes, then the substitute
by its own exp(-score / temperature); or it draws all fields of a slot at once. What the code's operation does not use (the
immediate of a register form, the second register of an immediate form) is drawn at random when scores are made, so that
every operation is scored with operands.

Source: Grathwohl et al., Oops I Took a Gradient: Scalable Sampling for Discrete Distributions (2021).
"""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.adjoint import FORM, IMMEDIATE, NOTHING, REGISTER, back, record
from backends.gpu_compute.codes import REGISTER_FILE, inner, pack_slot
from experiments.synthesis.discrete.chance import below, uniform
from experiments.synthesis.discrete.moves import Tables, instruction
from experiments.synthesis.evaluate import IN_MEMORY, WORD_BITS, Cases
from experiments.synthesis.language import Space

OPS, RDS, RS1S, RS2S, CONSTANTS, AMOUNTS = range(6)
BACKWARD = 2
"""Executions that a backward step counts as."""
_IS_SHIFT = np.zeros(64, np.bool_)
