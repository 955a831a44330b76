"""Moves that the gradient proposes: substitutes drawn by how much the adjoint of the discrete machine expects them to mend.

A *guide* holds the scores of all substitutes at the code that a chain is at (`backends/gpu_compute/adjoint.py`), over a few
examples. A move draws a slot and a field by the mean of exp(-score / temperature) over the field's substitutes, then the
substitute by its own exp(-score / temperature). What the code's operation does not use (the immediate of a register form, the
second register of an immediate form) is drawn at random when scores are made, so that every operation is scored with
operands.

Source: Grathwohl et al., Oops I Took a Gradient: Scalable Sampling for Discrete Distributions (2021).
"""

from typing import NamedTuple

import numpy as np

from backends.core import isa
from backends.core.isa.packing import REGISTER_FILE
from backends.gpu_compute.adjoint import back, record
from backends.gpu_compute.codes import inner, pack_slot
from backends.gpu_compute.derivatives import FORM, IMMEDIATE, NOTHING, REGISTER, STORE
from experiments.synthesis.discrete.chance import below, uniform
from experiments.synthesis.discrete.moves import Tables, instruction
from experiments.synthesis.evaluate import IN_MEMORY, WORD_BITS, Cases, output_at, popcount
from experiments.synthesis.language import Space

BACKWARD = 2
"""Executions that a backward step counts as."""
_FIELDS = 5
_SHIFTS = np.array([op.format == "shift" for op in isa.OPERATIONS])


class Guide(NamedTuple):
    """code `[L, 5]` int32, that of the scores; tape `[steps, 3]` uint32; of_registers `[33, 32]`, of_memory `[M, 8]`, table
    `[8, 16]`, operands `[3, 32]` float32, room to work in; scores, five float32 arrays as `adjoint.back` has them; weights
    `[L, 5, C]` float64, of substitutes; stale `[1]` bool: the chain moved; used `[1]` int64: moves since scores were made."""

    code: np.ndarray
    tape: np.ndarray
    of_registers: np.ndarray
    of_memory: np.ndarray
    table: np.ndarray
    operands: np.ndarray
    scores: tuple[np.ndarray, ...]
    weights: np.ndarray
    stale: np.ndarray
    used: np.ndarray

    @classmethod
    def of(cls, space: Space, tables: Tables, cases: Cases) -> "Guide":
        length, operations, registers = space.length, len(space.operations), len(space.registers)
        immediates = tables.choices.immediates.shape[2]
        widths = (operations, registers, registers, registers, immediates)
        return cls(
            np.zeros((length, 5), np.int32), np.zeros((cases.steps, 3), np.uint32),
            np.zeros((REGISTER_FILE, WORD_BITS), np.float32), np.zeros((cases.memory.shape[1], 8), np.float32),
            np.zeros((8, 16), np.float32), np.zeros((3, WORD_BITS), np.float32),
            tuple(np.zeros((length, width), np.float32) for width in widths),
            np.zeros((length, _FIELDS, max(widths))), np.ones(1, np.bool_), np.zeros(1, np.int64),
        )  # fmt: skip


@inner
def _lay_out(random, packed, code, tables):
    """The fields of a packed code, with random ones where its operations have none."""
    for slot in range(len(code)):
        word = packed[slot]
        op, rd = np.int64(word & np.uint64(255)), np.int64(word >> np.uint64(8) & np.uint64(63))
        code[slot, 0], code[slot, 1] = op, rd if rd < 32 else 0
        code[slot, 2], code[slot, 3] = word >> np.uint64(14) & np.uint64(31), word >> np.uint64(19) & np.uint64(31)
        code[slot, 4] = np.int32(np.uint32(word >> np.uint64(32)))
        if FORM[op] == REGISTER:
            k = _some(random, IMMEDIATE, tables)
            code[slot, 4] = np.int32(np.uint32(instruction(random, slot, k, tables) >> np.uint64(32)))
        elif FORM[op] == IMMEDIATE:
            code[slot, 3] = tables[2][below(random, len(tables[2]))]


@inner
def _some(random, form, tables):
    """The place of a random operation of a form, or of any if some tries find none."""
    k = below(random, len(tables[0]))
    for _ in range(16):
        if FORM[tables[0][k]] == form:
            break
        k = below(random, len(tables[0]))
    return k


@inner
def _seed(guide, places, wanted):
    """The derivative of the bits that differ with respect to the outputs, and zero elsewhere."""
    guide.of_registers[:] = 0.0
    guide.of_memory[:] = 0.0
    for o in range(len(places)):
        for k in range(WORD_BITS):
            g = np.float32(1) - np.float32(2) * np.float32(wanted[o] >> np.uint32(k) & np.uint32(1))
            if places[o] < IN_MEMORY:
                guide.of_registers[places[o], k] += g
            else:
                guide.of_memory[places[o] - IN_MEMORY + k // 8, k % 8] += g


@inner
def score(random, packed, order, count, tables, cases, scratch, guide):
    """Score all substitutes at a packed code over the first `count` examples of `order`. Returns executions, as counted."""
    _lay_out(random, packed, guide.code, tables)
    return score_code(guide.code, packed, order, count, tables, cases, scratch, guide)[0]


@inner
def score_code(code, packed, order, count, tables, cases, scratch, guide):
    """Score all substitutes at a code `[L, 5]` and the same code packed, whose unused fields may differ.

    Returns executions, as counted, and wrong bits in all, all bits of runs that did not end.
    """
    starts, _, words, base, places, wanted, steps = cases
    x, own_memory, own_words = scratch
    for field in guide.scores:
        field[:] = 0.0
    menu = tables[0], tables[7], tables[2], tables[4], tables[3]
    executed, wrong = np.int64(0), np.int64(0)
    for t in range(count):
        e = order[t]
        for k in range(len(own_words)):
            own_words[k] = words[e, k]
        length, ended = record(packed, starts[e], own_memory, own_words, base, steps, x, guide.tape)
        executed += length * (1 + BACKWARD)
        for o in range(len(places)):
            wrong += popcount(output_at(places[o], x, own_memory) ^ wanted[e, o]) if ended else WORD_BITS
        _seed(guide, places, wanted[e])
        back(length, code, x, own_memory, base, guide.tape, menu, guide.of_registers, guide.of_memory,
             (guide.table, guide.operands), guide.scores)  # fmt: skip
        x[:] = 0
    return executed, wrong


@inner
def weigh_all(guide, count, temperature, tables):
    """Weights of the substitutes: exp(-score / temperature) of the mean score of an example, 0 for what is there already."""
    guide.weights[:] = 0.0
    numbers, registers, counts, immediates, index = tables[0], tables[2], tables[3], tables[4], tables[7]
    for slot in range(len(guide.code)):
        op = np.int64(guide.code[slot, 0])
        k = index[op]
        for field in range(_FIELDS):
            if (field == 3 and FORM[op] != REGISTER and FORM[op] != STORE) or FORM[op] == NOTHING:
                continue
            size = len(numbers) if field == 0 else (counts[slot, k] if field == 4 else len(registers))
            for c in range(size):
                there = numbers[c] if field == 0 else (immediates[slot, k, c] if field == 4 else registers[c])
                if there != guide.code[slot, field] and not (field == 0 and FORM[there] == NOTHING):
                    expected = guide.scores[field][slot, c] / count
                    guide.weights[slot, field, c] = np.exp(
                        -max(np.float64(expected), -20.0 * temperature) / temperature
                    )


@inner
def propose(random, packed, guide, tables):
    """Substitute one field of a packed code, the code that the guide's scores are of."""
    length = len(guide.code)
    total = 0.0
    for slot in range(length):
        for field in range(_FIELDS):
            total += _mean(guide.weights[slot, field])
    left = uniform(random) * total
    for slot in range(length):
        for field in range(_FIELDS):
            left -= _mean(guide.weights[slot, field])
            if left <= 0:
                c = _draw(random, guide.weights[slot, field])
                _substitute(packed, slot, field, c, guide, tables)
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
def _substitute(packed, slot, field, c, guide, tables):
    numbers, registers, immediates, index = tables[0], tables[2], tables[4], tables[7]
    op, rd, rs1, rs2 = guide.code[slot, 0], guide.code[slot, 1], guide.code[slot, 2], guide.code[slot, 3]
    imm = guide.code[slot, 4]
    if field == 0:
        op = numbers[c]
    elif field == 1:
        rd = registers[c]
    elif field == 2:
        rs1 = registers[c]
    elif field == 3:
        rs2 = registers[c]
    else:
        imm = immediates[slot, index[op], c]
    packed[slot] = _pack(op, rd, rs1, rs2, imm, slot, tables)


@inner
def _pack(op, rd, rs1, rs2, imm, slot, tables):
    """Pack, with 0 in fields that the operation does not have and a shift amount below 32."""
    k = tables[7][np.int64(op)]
    has = tables[1]
    if tables[3][slot, k] == 1:
        imm = tables[4][slot, k, 0]
    elif _SHIFTS[op]:
        imm &= 31
    return pack_slot(
        np.int64(op), np.int64(rd) if has[k, 0] else 0, np.int64(rs1) if has[k, 1] else 0,
        np.int64(rs2) if has[k, 2] else 0, np.int64(imm), slot,
    )  # fmt: skip
