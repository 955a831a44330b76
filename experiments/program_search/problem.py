"""What a search is given: examples, where their words lie in the machine, and a space of codes; and what it returns.

Inputs and outputs are words of 32 bits at *locations*: registers, or words of memory. Examples know their locations, so that
a loop over an array can be trained on short arrays and tested on long ones.
"""

from dataclasses import dataclass, field

import numpy as np

from backends.core import isa
from experiments.program_search.space import Space


@dataclass(frozen=True, order=True)
class Location:
    """A register (`kind` "register", its number) or a word of memory (`kind` "memory", its address)."""

    kind: str
    number: int

    def __str__(self) -> str:
        return isa.REGISTER_NAMES[self.number] if self.kind == "register" else f"mem[{self.number:#x}]"


def register(name: str) -> Location:
    return Location("register", isa.register_number(name))


def memory(address: int) -> Location:
    return Location("memory", address)


@dataclass(frozen=True)
class Examples:
    """E pairs of inputs and outputs.

    sources: locations of the I inputs; what is not among them is 0 when a program starts. targets: of the O outputs.
    inputs `[E, I]`, outputs `[E, O]` uint32. steps: instructions that a run may take.
    """

    sources: tuple[Location, ...]
    targets: tuple[Location, ...]
    inputs: np.ndarray
    outputs: np.ndarray
    steps: int

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows) -> "Examples":
        """Some of the examples, by index, slice or mask."""
        return Examples(self.sources, self.targets, self.inputs[rows], self.outputs[rows], self.steps)

    def plus(self, other: "Examples") -> "Examples":
        """These and those, which have the same locations."""
        assert (self.sources, self.targets) == (other.sources, other.targets), "examples of different locations"
        inputs, outputs = np.concatenate([self.inputs, other.inputs]), np.concatenate([self.outputs, other.outputs])
        return Examples(self.sources, self.targets, inputs, outputs, max(self.steps, other.steps))

    def registers_named(self) -> set[int]:
        """Numbers of the registers that are inputs or outputs."""
        return {at.number for at in self.sources + self.targets if at.kind == "register"}

    def words_named(self) -> list[int]:
        """Addresses of the words of memory that are inputs or outputs, in order."""
        return sorted({at.number for at in self.sources + self.targets if at.kind == "memory"})

    def registers(self, count: int = 16) -> np.ndarray:
        """`[E, count]` uint32, the registers when a program starts."""
        x = np.zeros((len(self), count), np.uint32)
        for column, source in enumerate(self.sources):
            if source.kind == "register":
                x[:, source.number] = self.inputs[:, column]
        return x

    def window(self) -> tuple[int, int]:
        """Base and size in bytes of the memory that examples speak of; (0, 4) where they speak of none."""
        addresses = self.words_named()
        return (addresses[0], addresses[-1] + 4 - addresses[0]) if addresses else (0, 4)

    def memory(self) -> np.ndarray:
        """`[E, size]` uint8, the bytes of that window when a program starts."""
        base, size = self.window()
        data = np.zeros((len(self), size), np.uint8)
        for column, source in enumerate(self.sources):
            if source.kind == "memory":
                at = source.number - base
                data[:, at : at + 4] = self.inputs[:, column].astype("<u4")[:, None].view(np.uint8)
        return data

    def read(self, registers: np.ndarray, memory: np.ndarray, base: int) -> np.ndarray:
        """Outputs `[E, O]` uint32 found in registers `[E, R]` uint32 and memory `[E, M]` uint8 from address `base` on."""
        found = [
            registers[:, at.number]
            if at.kind == "register"
            else np.ascontiguousarray(memory[:, at.number - base : at.number - base + 4]).view("<u4")[:, 0]
            for at in self.targets
        ]
        return np.stack(found, axis=1).astype(np.uint32)


@dataclass(frozen=True)
class Problem:
    """examples: what a code must get right. space: where codes come from. hint: a code near a solution, for the labelled
    ablation alone; None for everything else."""

    examples: Examples
    space: Space
    hint: np.ndarray | None = None

    @property
    def on_registers(self) -> bool:
        """Whether it asks for straight-line programs that compute on registers alone."""
        return self.space.straight and not self.space.has_memory and not self.examples.words_named()


@dataclass(frozen=True)
class Outcome:
    """code `[L, 5]` that is right on every example of the problem, or None. restarts: independent beginnings.

    soft_loss: of relaxed programs, the loss of the code's logits before it was read off, else NaN. trace: rows to plot, one
    dict each (evaluations, temperature, loss, wrong_bits).
    """

    code: np.ndarray | None
    restarts: int = 1
    soft_loss: float = float("nan")
    trace: list[dict] = field(default_factory=list)
