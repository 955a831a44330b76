"""What a straight-through descent chooses from in a space with branches: whole branches, and fields of everything else."""

from dataclasses import replace
from itertools import product
from typing import NamedTuple

import numpy as np

from backends.core import isa
from backends.gpu_compute.codes import pack_slot
from experiments.program_search.choices import NEVER, Choices, choices
from experiments.program_search.space import OPERATION, Space

_ALWAYS_TAKEN, _NEVER_TAKEN = ("always",), ("never",)


class Fields(NamedTuple):
    """Of each slot, float32: op `[L, N]`, what is no branch, branch `[L, K]`, whole branches, rd, rs1, rs2 `[L, R]`,
    and imm: of logits `[L, N, C]`, one row for each operation; of scores `[L, C]`, of the operation that ran."""

    op: np.ndarray
    branch: np.ndarray
    rd: np.ndarray
    rs1: np.ndarray
    rs2: np.ndarray
    imm: np.ndarray


class Alternatives(NamedTuple):
    """What a slot may hold: choices, of what is no branch; branches `[L, K]` uint64, packed."""

    choices: Choices
    branches: np.ndarray

    @classmethod
    def of(cls, space: Space) -> "Alternatives":
        return cls(choices(without_branches(space)), branches(space))


def branches(space: Space) -> np.ndarray:
    """`[L, K]` uint64, packed, the branches and jumps that each slot may hold: of those that do the same one, and none that
    does nothing."""
    names = [name for name in space.operations if OPERATION[name].kind in ("branch", "jump")]
    kept: dict[tuple, tuple[str, int, int]] = {}
    for name, a, b in product(names, space.registers, space.registers):
        kept.setdefault(_decision(name, a, b), (name, a, b) if OPERATION[name].kind == "branch" else (name, 0, 0))
    kept.pop(_NEVER_TAKEN, None)
    packed = [
        [
            pack_slot(isa.NUMBER[name], 0, a, b, 4 * to, slot)
            for name, a, b in kept.values()
            for to in _distances(space, slot)
        ]
        for slot in range(space.length)
    ]
    return np.array(packed, np.uint64).reshape(space.length, len(kept) * space.length)


def _distances(space: Space, slot: int) -> list[int]:
    return [to - slot for to in range(space.length + 1) if to != slot]


def _decision(name: str, a: int, b: int) -> tuple:
    """The same for branches that are taken for the same values."""
    if OPERATION[name].kind == "jump":
        return _ALWAYS_TAKEN
    if a == b:
        return _ALWAYS_TAKEN if name in ("beq", "bge", "bgeu") else _NEVER_TAKEN
    if name in ("bltu", "bgeu") and b == 0:
        return _ALWAYS_TAKEN if name == "bgeu" else _NEVER_TAKEN
    if name in ("bltu", "bgeu") and a == 0:
        return "bne" if name == "bltu" else "beq", a, b
    return (name, min(a, b), max(a, b)) if name in ("beq", "bne") else (name, a, b)


def without_branches(space: Space) -> Space:
    """The space without branches and jumps."""
    rest = tuple(name for name in space.operations if OPERATION[name].kind not in ("branch", "jump"))
    return replace(space, operations=rest)


def prior(space: Space, alternatives: Alternatives, temperature: float) -> Fields:
    """Logits without evidence: draws from them at the temperature are those of `random_instruction`."""
    c, length, registers = alternatives.choices, space.length, len(space.registers)
    places = np.minimum(np.arange(c.immediates.shape[2] + 1), c.counts[:, :, None])
    imm = np.diff((places / c.counts[:, :, None]) ** (1 / c.powers[:, None]), axis=2)
    every, branching = len(space.operations), len(space.operations) - len(c.numbers)
    count = alternatives.branches.shape[1]
    to = np.where(c.registers == 0, 0.0, 1.0)
    chances = (
        np.full((length, len(c.numbers)), 1 / every), np.full((length, count), branching / every / max(count, 1)),
        np.tile(to, (length, 1)), np.ones((length, registers)), np.ones((length, registers)), imm,
    )  # fmt: skip
    return Fields(*(_log(chance, temperature) for chance in chances))


def _log(chances: np.ndarray, temperature: float) -> np.ndarray:
    least = np.where(chances > 0, chances, 1)
    return np.where(chances > 0, temperature * np.log(least), NEVER).astype(np.float32)
