"""Draws of a straight-through descent over machine code: from logits to rows of choices, and to packed instructions."""

import numpy as np

from backends.gpu_compute.codes import inner
from experiments.program_search.machine_code.instructions import pack_fields
from experiments.program_search.random_numbers import below, gumbel
from experiments.program_search.space import IMM, OP, RD, RS1, RS2

FIELDS = 5
"""Columns of a draw `[L, 5]` int32: a code's, but that the first is a place: of an operation among the N that compute words or
access memory, or N and the place of a branch among the K of its slot."""


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
