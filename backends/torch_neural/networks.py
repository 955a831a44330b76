"""The trained components: what each computes, the table network they are made of, and their weights on disk.

A table network holds one weight per row of its input domain and output; an entry is `clamp(weight, 0, 1)`, so that a weight
trained past the threshold gives exactly 0 or 1. Between the rows the network is the multilinear interpolation of its entries,
as in differentiable logic gate networks (Petersen et al. 2022). The classifier at the head of the decoder is a perceptron.
"""

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from backends.interface import UserError

DEPENDS_ON = ("backends/torch_neural/weights/",)
WEIGHTS = Path(__file__).parent / "weights"
STEPS_PER_UNIT = 64  # weights lie on disk as whole multiples of 1/64 in int8: -2 to 1.98


@dataclass(frozen=True)
class Component:
    """A table network's place: inputs it has, outputs per row, and the states of one input (2: a bit, 3: a carry state)."""

    inputs: int
    outputs: int
    states: int = 2

    @property
    def rows(self) -> int:
        return self.states**self.inputs


# Row r of a component is the input whose digits in base `states`, lowest first, are its inputs.
COMPONENTS = {
    "not": Component(1, 1),
    "and": Component(2, 1),
    "or": Component(2, 1),
    "xor": Component(2, 1),
    "equal": Component(2, 1),
    "select": Component(3, 1),  # first ? second : third
    "half": Component(2, 3),  # kill, propagate, generate
    "sum": Component(2, 1),
    "full": Component(3, 2),  # sum, carry
    "fill": Component(2, 1),  # sign bit, signed
    "carry": Component(2, 3, states=3),  # low and high carry state to carry state
    "route": Component(5, 32),  # shift amount to one of 32 routes
    "source": Component(10, 33),  # route and output bit to one of 32 source bits or the fill
    "byte_product": Component(16, 16),
    "zero": Component(5, 1),
    "upper": Component(12, 4),  # bits 31..20 to the number of ecall, ebreak or a counter
    "operation": Component(12, 6),  # class, upper, rs1 zero, rd zero to the operation's number
    "format": Component(6, 6),  # operation to (has rd, rs1, rs2) and the number of the immediate's format
    "beyond": Component(6, 1),  # used registers and their top bits to: names a register beyond 16
    "immediate": Component(8, 33),  # format and immediate bit to one of 32 word bits or zero
}
CLASSIFIER_INPUTS, CLASSIFIER_HIDDEN, CLASSES = 17, 128, 50


class Classifier(nn.Module):
    """A perceptron from opcode, funct3 and funct7 (as -1 and 1) to the class of a word, one score a class."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(CLASSIFIER_INPUTS, CLASSIFIER_HIDDEN)
        self.scores = nn.Linear(CLASSIFIER_HIDDEN, CLASSES)

    def forward(self, bits: torch.Tensor) -> torch.Tensor:
        """Scores `[n, CLASSES]` of bits `[n, 17]` in {0, 1}."""
        return self.scores(torch.relu(self.hidden(2 * bits - 1)))


Terms = list[tuple[float, tuple[int, ...]]]


def polynomial(entries: np.ndarray, component: Component) -> list[Terms]:
    """The interpolation of entries `[rows, outputs]` as one polynomial per output, terms of coefficient 0 left out.

    A term is (coefficient, variables). A bit is one variable; a carry state is two, propagate and generate (kill is what
    they leave of 1), so input i of three states has the variables 2 i and 2 i + 1.
    """
    n, states = component.inputs, component.states
    grid = entries.astype(np.float64).reshape((states,) * n + (-1,)).transpose(*range(n)[::-1], n)
    for axis in range(n):
        first = np.take(grid, [0], axis)
        grid = np.concatenate((first, np.take(grid, range(1, states), axis) - first), axis)
    found: list[Terms] = [[] for _ in range(component.outputs)]
    for digits in sorted(product(range(states), repeat=n), key=np.count_nonzero):
        variables = tuple((states - 1) * i + d - 1 for i, d in enumerate(digits) if d)
        for terms, coefficient in zip(found, grid[digits], strict=True):
            if coefficient:
                terms.append((float(coefficient), variables))
    return found


def load_weights(folder: Path = WEIGHTS) -> dict[str, np.ndarray]:
    """Raw table weights by component, `[rows, outputs]` float32, before saturation. Raises UserError, naming the file."""
    stored = _read(folder / "tables.safetensors")
    wanted = {name: (c.rows, c.outputs) for name, c in COMPONENTS.items()}
    found = {name: tuple(t.shape) for name, t in stored.items()}
    if found != wanted:
        raise UserError(
            f"{folder / 'tables.safetensors'} does not hold the components' weights: train them with `make weights`"
        )
    return {name: stored[name].numpy().astype(np.float32) / STEPS_PER_UNIT for name in COMPONENTS}


def load_classifier(folder: Path = WEIGHTS) -> Classifier:
    """The trained classifier. Raises UserError, naming the file."""
    classifier = Classifier()
    path = folder / "classifier.safetensors"
    state = {name: tensor.float() for name, tensor in _read(path).items()}
    try:
        classifier.load_state_dict(state)
    except RuntimeError as error:
        raise UserError(f"{path} does not hold the classifier's weights: train them with `make weights`") from error
    return classifier.requires_grad_(False)


def _read(path: Path) -> dict[str, torch.Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise UserError(f"weights {path} are missing or damaged: train them with `make weights`") from error


def entries(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Saturated entries in [0, 1] of raw weights."""
    return {name: np.clip(weight, 0, 1) for name, weight in weights.items()}
