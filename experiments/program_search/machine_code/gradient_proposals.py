"""Proposals that the gradient makes: substitutes drawn by how many wrong bits the adjoint of the machine expects them to take.

A *guide* holds the scores of all substitutes at the code that a chain is at, over a few examples. A proposal draws a slot and
a field by the mean of exp(-score / temperature) over the field's substitutes, then the substitute by its own. What the code's
operation does not use is drawn at random when scores are made, so that every operation is scored with operands.

Source: Grathwohl et al., Oops I Took a Gradient: Scalable Sampling for Discrete Distributions (2021).
"""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.compiling import imm_of, inlined, inner, op_of, rd_of, rs1_of, rs2_of
from backends.gpu_compute.derivatives import FORM, IMMEDIATE, NOTHING, REGISTER, STORE
from experiments.program_search.evaluation import Cases
from experiments.program_search.machine_code.adjoint_scores import BACKWARD, Adjoint, clear, go_back, run_taped
from experiments.program_search.machine_code.instructions import pack_fields, random_instruction
from experiments.program_search.random_numbers import below, uniform
from experiments.program_search.space import IMM, OP, RD, RS1, RS2, Space

_FIELDS = 5


class Guide(NamedTuple):
    """weights `[L, 5, C]` float64, of substitutes; stale `[1]` bool: the chain moved; used `[1]` int64: proposals since scores
    were made."""

    adjoint: Adjoint
    weights: np.ndarray
    stale: np.ndarray
    used: np.ndarray

    @classmethod
    def of(cls, space: Space, cases: Cases) -> "Guide":
        adjoint = Adjoint.of(space, cases)
        widest = max(field.shape[1] for field in adjoint.scores)
        weights = np.zeros((space.length, _FIELDS, widest))
        return cls(adjoint, weights, np.ones(1, np.bool_), np.zeros(1, np.int64))


@inner
def _lay_out(random, packed, code, choices):
    """The fields of a packed code, with random ones where its operations have none."""
    for slot in range(len(code)):
        word = packed[slot]
        op, rd = np.int64(op_of(word)), np.int64(rd_of(word))
        code[slot, OP], code[slot, RD] = op, rd if rd < 32 else 0
        code[slot, RS1], code[slot, RS2], code[slot, IMM] = rs1_of(word), rs2_of(word), np.int32(imm_of(word))
        if FORM[op] == REGISTER:
            k = _some(random, IMMEDIATE, choices)
            code[slot, IMM] = np.int32(imm_of(random_instruction(random, slot, k, choices)))
        elif FORM[op] == IMMEDIATE:
            code[slot, RS2] = choices.registers[below(random, len(choices.registers))]


@inner
def _some(random, form, choices):
    """The place of a random operation of a form, or of any if some tries find none."""
    k = below(random, len(choices.numbers))
    for _ in range(16):
        if FORM[choices.numbers[k]] == form:
            break
        k = below(random, len(choices.numbers))
    return k


@inner
def score(random, packed, order, cases, work, adjoint):
    """Score all substitutes at a packed code over the examples `order`. Returns executions, as counted."""
    _lay_out(random, packed, adjoint.code, adjoint.choices)
    clear(adjoint)
    executed = np.int64(0)
    for e in order:
        length, _ = run_taped(packed, e, cases, work, adjoint)
        executed += length * (1 + BACKWARD)
        go_back(length, e, 0, 0.0, cases, work, adjoint)
        work.x[:] = 0
    return executed


@inner
def renew(random, packed, order, cases, work, guide, temperature):
    """Make scores and weights anew, over the examples `order`: weights are exp(-score / temperature) of the mean score of an
    example, 0 for what is there already. Returns executions."""
    executed = score(random, packed, order, cases, work, guide.adjoint)
    code, choices, scores = guide.adjoint.code, guide.adjoint.choices, guide.adjoint.scores
    guide.weights[:] = 0.0
    for slot in range(len(code)):
        op = np.int64(code[slot, OP])
        for field in range(_FIELDS):
            if (field == RS2 and FORM[op] != REGISTER and FORM[op] != STORE) or FORM[op] == NOTHING:
                continue
            count = choices.counts[slot, choices.place_of[op]]
            if field != IMM:
                count = len(choices.numbers) if field == OP else len(choices.registers)
            for c in range(count):
                value = _value(c, field, slot, op, choices)
                if value != code[slot, field] and not (field == OP and FORM[value] == NOTHING):
                    expected = np.float64(scores[field][slot, c] / len(order))
                    guide.weights[slot, field, c] = np.exp(-max(expected, -20.0 * temperature) / temperature)
    guide.stale[0], guide.used[0] = False, 0
    return executed


@inlined
def _value(c, field, slot, op, choices):
    """The c-th of the values that a field may have."""
    if field == IMM:
        return choices.immediates[slot, choices.place_of[op], c]
    return choices.numbers[c] if field == OP else choices.registers[c]


@inner
def propose(random, packed, guide):
    """Substitute one field of a packed code, the code that the guide's scores are of."""
    total = 0.0
    guide.used[0] += 1
    for slot in range(len(guide.weights)):
        for field in range(_FIELDS):
            total += _mean(guide.weights[slot, field])
    left = uniform(random) * total
    for slot in range(len(guide.weights)):
        for field in range(_FIELDS):
            left -= _mean(guide.weights[slot, field])
            if left <= 0:
                c = _draw(random, guide.weights[slot, field])
                packed[slot] = _substituted(slot, field, c, guide.adjoint)
                return


@inner
def _mean(weights):
    count, total = 0, 0.0
    for weight in weights:
        count += weight > 0
        total += weight
    return total / count if count else 0.0


@inner
def _draw(random, weights):
    """The place of a weight, with the probability of its share; -1 where all are 0."""
    total, last = 0.0, -1
    for weight in weights:
        total += weight
    left = uniform(random) * total
    for c in range(len(weights)):
        if weights[c] > 0:
            left -= weights[c]
            last = c
            if left <= 0:
                break
    return last


@inner
def _substituted(slot, field, c, adjoint):
    """The packed instruction of a slot with the c-th value of a field."""
    fields, choices = adjoint.code[slot], adjoint.choices
    held = fields[field]
    fields[field] = _value(c, field, slot, np.int64(fields[OP]), choices)
    packed = pack_fields(choices.place_of[np.int64(fields[OP])], fields, slot, choices)
    fields[field] = held
    return packed
