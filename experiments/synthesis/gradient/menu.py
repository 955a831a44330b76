"""What a straight-through descent chooses from in a space with branches: whole branches, and fields of everything else.

Also the arrays of such choices, the logits without evidence, and the settings of a descent (`paths.py`).
"""

from dataclasses import replace
from itertools import product
from typing import NamedTuple

import numpy as np

from backends.core import isa
from backends.gpu_compute.codes import pack_slot
from experiments.synthesis.discrete.moves import Tables
from experiments.synthesis.gradient.programs import NEVER
from experiments.synthesis.language import Space

_KIND = {op.name: op.kind for op in isa.OPERATIONS}
_ALWAYS_TAKEN, _NEVER_TAKEN = ("always",), ("never",)


class Knobs(NamedTuple):
    """iterations: of a descent. temperature: in bits. rate, forget: what a step adds to the logits and takes from them. clip:
    the most that it adds. spread: of the first logits. residual: how many times likelier than another an instruction's
    destination is as its first source. batch: examples of a gradient. wrong: bits that an example costs more where it is
    wrong at all. endless: bits that it costs where the run does not end. enough: bits by which a choice is worse, over the
    examples, at which no more of them are executed. everything: by execution, the derivatives that the adjoint gives as
    well."""

    iterations: int = 1000
    temperature: float = 0.3
    rate: float = 1.0
    forget: float = 0.1
    clip: float = 16.0
    spread: float = 1.0
    residual: float = 5.0
    batch: int = 8
    wrong: float = 16.0
    endless: float = 8.0
    enough: float = 8.0
    everything: bool = False


class Logits(NamedTuple):
    """float32: op `[L, N]`, jump `[L, K]`, rd, rs1, rs2 `[L, R]`, imm `[L, N, C]`, one row for each operation."""

    op: np.ndarray
    jump: np.ndarray
    rd: np.ndarray
    rs1: np.ndarray
    rs2: np.ndarray
    imm: np.ndarray


class Scores(NamedTuple):
    """Derivatives at a draw, float32, shaped as the logits, but imm `[L, C]`, of the operation that ran. visited `[L]` bool:
    slots that some example executed."""

    op: np.ndarray
    jump: np.ndarray
    rd: np.ndarray
    rs1: np.ndarray
    rs2: np.ndarray
    imm: np.ndarray
    visited: np.ndarray


def jumps(space: Space) -> np.ndarray:
    """`[L, K]` uint64, packed, the branches and jumps that each slot may hold: of those that do the same one, and none that
    does nothing."""
    names = [name for name in space.operations if _KIND[name] in ("branch", "jump")]
    kept: dict[tuple, tuple[str, int, int]] = {}
    for name, a, b in product(names, space.registers, space.registers):
        kept.setdefault(_decision(name, a, b), (name, a, b) if _KIND[name] == "branch" else (name, 0, 0))
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
    if _KIND[name] == "jump":
        return _ALWAYS_TAKEN
    if a == b:
        return _ALWAYS_TAKEN if name in ("beq", "bge", "bgeu") else _NEVER_TAKEN
    if name in ("bltu", "bgeu") and b == 0:
        return _ALWAYS_TAKEN if name == "bgeu" else _NEVER_TAKEN
    if name in ("bltu", "bgeu") and a == 0:
        return "bne" if name == "bltu" else "beq", a, b
    return (name, min(a, b), max(a, b)) if name in ("beq", "bne") else (name, a, b)


def words(space: Space) -> Space:
    """The space without branches and jumps."""
    rest = tuple(name for name in space.operations if _KIND[name] not in ("branch", "jump"))
    return replace(space, operations=rest)


def prior(space: Space, tables: Tables, temperature: float) -> Logits:
    """Logits without evidence: draws from them at the temperature are those of `moves.instruction`. tables: of `words`."""
    c, length, registers = tables.choices, space.length, len(space.registers)
    places = np.minimum(np.arange(c.immediates.shape[2] + 1), c.counts[:, :, None])
    imm = np.diff((places / c.counts[:, :, None]) ** (1 / tables.powers[:, None]), axis=2)
    every, branching = len(space.operations), len(space.operations) - len(c.numbers)
    count = jumps(space).shape[1]
    to = np.where(c.registers == 0, 0.0, 1.0)
    chances = (
        np.full((length, len(c.numbers)), 1 / every), np.full((length, count), branching / every / max(count, 1)),
        np.tile(to, (length, 1)), np.ones((length, registers)), np.ones((length, registers)), imm,
    )  # fmt: skip
    return Logits(*(_log(chance, temperature) for chance in chances))


def _log(chances: np.ndarray, temperature: float) -> np.ndarray:
    least = np.where(chances > 0, chances, 1)
    return np.where(chances > 0, temperature * np.log(least), NEVER).astype(np.float32)


def scores(like: Logits) -> Scores:
    """Scores for such logits."""
    return Scores(
        np.zeros_like(like.op), np.zeros_like(like.jump), np.zeros_like(like.rd), np.zeros_like(like.rs1),
        np.zeros_like(like.rs2), np.zeros_like(like.imm[:, 0]), np.zeros(len(like.op), np.bool_),
    )  # fmt: skip
