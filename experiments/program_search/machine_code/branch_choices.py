"""What a straight-through descent chooses from in a space with branches: whole branches, and fields of everything else; and how
it draws."""

from dataclasses import replace
from itertools import product
from typing import NamedTuple

import numpy as np

from backends.core import isa
from backends.gpu_compute.codes import pack_slot
from backends.gpu_compute.compiling import inner
from experiments.program_search.machine_code.instructions import pack_fields
from experiments.program_search.random_numbers import below, gumbel
from experiments.program_search.space import IMM, NEVER, OP, OPERATION, RD, RS1, RS2, Choices, Space, choices

FIELDS = 5
"""Columns of a draw `[L, 5]` int32: a code's, but that the first is a place: of an operation among the N that compute words or
access memory, or N and the place of a branch among the K of its slot."""
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
    targets = range(space.length + 1)
    packed = [
        [pack_slot(isa.NUMBER[o], 0, a, b, 4 * (to - slot), slot) for o, a, b in kept.values() for to in targets if to != slot]
        for slot in range(space.length)
    ]
    return np.array(packed, np.uint64).reshape(space.length, len(kept) * space.length)


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
    probabilities = (
        np.full((length, len(c.numbers)), 1 / every), np.full((length, count), branching / every / max(count, 1)),
        np.tile(to, (length, 1)), np.ones((length, registers)), np.ones((length, registers)), imm,
    )  # fmt: skip
    logits = (np.where(p > 0, temperature * np.log(np.where(p > 0, p, 1)), NEVER) for p in probabilities)
    return Fields(*(logit.astype(np.float32) for logit in logits))


@inner
def _best(random, logits, count, temperature):
    """(value, place) of the greatest of logit plus noise."""
    best, chosen = -np.inf, 0
    for c in range(count):
        value = logits[c] + temperature * gumbel(random)
        if value > best:
            best, chosen = value, c
    return best, chosen


@inner
def _pick_immediate(random, logits, slot, k, temperature, choices):
    """An immediate of the k-th operation, or of a random one where that has none."""
    for _ in range(16):
        if k < len(choices.numbers) and choices.counts[slot, k] > 1:
            break
        k = below(random, len(choices.numbers))
    return choices.immediates[slot, k, _best(random, logits.imm[slot, k], choices.counts[slot, k], temperature)[1]]


@inner
def draw(random, logits, slot, row, temperature, residual, choices):
    """Draw the fields `[5]` of a slot; residual: bits in favour of the destination as first source."""
    registers, same = choices.registers, 0
    value, k = _best(random, logits.op[slot], logits.op.shape[1], temperature)
    other, c = _best(random, logits.branch[slot], logits.branch.shape[1], temperature)
    row[OP] = k if value >= other else logits.op.shape[1] + c
    row[RD] = registers[_best(random, logits.rd[slot], len(registers), temperature)[1]]
    for c in range(len(registers)):
        if registers[c] == row[RD]:
            same = c
    logits.rs1[slot, same] += residual
    row[RS1] = registers[_best(random, logits.rs1[slot], len(registers), temperature)[1]]
    logits.rs1[slot, same] -= residual
    row[RS2] = registers[_best(random, logits.rs2[slot], len(registers), temperature)[1]]
    row[IMM] = _pick_immediate(random, logits, slot, row[OP], temperature, choices)


@inner
def pack_row(row, slot, alternatives):
    """The packed instruction of a row `[5]` of a draw."""
    k, operations = np.int64(row[OP]), len(alternatives.choices.numbers)
    if k >= operations:
        return alternatives.branches[slot, k - operations]
    return pack_fields(k, row, slot, alternatives.choices)
