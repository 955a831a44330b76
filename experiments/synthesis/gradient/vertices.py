"""Straight-through descent: logits for every field of every slot, gradients at the hard programs that are drawn from them.

Programs are in static single assignment (`assignment.py`), so destinations are not drawn. A draw takes the greatest of logit
plus Gumbel noise times temperature, field by field. It runs on the discrete machine; the adjoint
(`backends/gpu_compute/adjoint.py`) gives the derivative of the number of wrong bits with respect to the one-hot choice of every
field, and that derivative is passed straight through to the logits. The temperature falls over a descent; then the next
begins from new logits. A draw that is right on the examples it ran on is an answer; there is no other search.

Sources: Bengio et al., Estimating or Propagating Gradients Through Stochastic Neurons (2013); Jang et al., Categorical
Reparameterization with Gumbel-Softmax (2017).
"""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.codes import entry, inner, pack_slot
from experiments.synthesis.discrete.chance import below, uniform
from experiments.synthesis.discrete.guided import score_code
from experiments.synthesis.discrete.moves import Tables
from experiments.synthesis.evaluate import output_at, run_case
from experiments.synthesis.language import Space

ITERATION, DESCENTS = range(2)
_NEVER = np.float32(-1e9)
"""The logit of a register that holds nothing yet."""


class Logits(NamedTuple):
    """float32: op `[L, N]`, rs1, rs2 `[L, R]`, imm `[L, N, C]`, one row for each operation."""

    op: np.ndarray
    rs1: np.ndarray
    rs2: np.ndarray
    imm: np.ndarray

    @classmethod
    def zeros(cls, space: Space, tables: Tables) -> "Logits":
        length, operations, registers = space.length, len(space.operations), len(space.registers)
        widths = (operations,), (registers,), (registers,), tables.choices.immediates.shape[1:]
        return cls(*(np.zeros((length, *width), np.float32) for width in widths))


@inner
def _gumbel(random):
    return -np.log(-np.log(uniform(random) * (1 - 1e-9)))


@inner
def _draw(random, logits, count, temperature):
    best, chosen = -np.inf, 0
    for c in range(count):
        value = logits[c] + temperature * _gumbel(random)
        if value > best:
            best, chosen = value, c
    return chosen


@inner
def draw(random, logits, code, temperature, keep, tables):
    """Draw the fields of a code `[L, 5]` anew, each but for a chance `keep`."""
    numbers, registers, counts, immediates, index = tables[0], tables[2], tables[3], tables[4], tables[7]
    for slot in range(len(code)):
        k = index[code[slot, 0]]
        if uniform(random) > keep:
            k = _draw(random, logits.op[slot], len(numbers), temperature)
            if numbers[k] != code[slot, 0]:
                code[slot, 0] = numbers[k]
                code[slot, 4] = immediates[slot, k, _draw(random, logits.imm[slot, k], counts[slot, k], temperature)]
        if uniform(random) > keep:
            code[slot, 2] = registers[_draw(random, logits.rs1[slot], len(registers), temperature)]
        if uniform(random) > keep:
            code[slot, 3] = registers[_draw(random, logits.rs2[slot], len(registers), temperature)]
        if uniform(random) > keep:
            code[slot, 4] = immediates[slot, k, _draw(random, logits.imm[slot, k], counts[slot, k], temperature)]


@inner
def _begin(random, logits, spread, code, tables):
    for field in (logits.op, logits.rs1, logits.rs2):
        for slot in range(len(field)):
            for c in range(field.shape[1]):
                field[slot, c] = spread * _gumbel(random)
    for slot in range(len(code)):
        for k in range(logits.imm.shape[1]):
            for c in range(logits.imm.shape[2]):
                logits.imm[slot, k, c] = spread * _gumbel(random)
    first = len(tables[2]) - len(code)  # zero and the inputs
    for slot in range(len(code)):
        for c in range(first + slot, len(tables[2])):
            logits.rs1[slot, c] = logits.rs2[slot, c] = _NEVER
    draw(random, logits, code, 0.0, 0.0, tables)


@inner
def _learn(logits, code, scores, rate, forget, tables):
    """logits := (1 - forget) logits - rate scores, for the immediates of the operation that ran alone."""
    _step(logits.op, scores[0], rate, forget)
    _step(logits.rs1, scores[2], rate, forget)
    _step(logits.rs2, scores[3], rate, forget)
    for slot in range(len(code)):
        k = tables[7][code[slot, 0]]
        for c in range(tables[3][slot, k]):
            logits.imm[slot, k, c] = (1 - forget) * logits.imm[slot, k, c] - rate * scores[4][slot, c]


@inner
def _step(logits, scores, rate, forget):
    for slot in range(len(logits)):
        for c in range(logits.shape[1]):
            if logits[slot, c] != _NEVER:
                logits[slot, c] = (1 - forget) * logits[slot, c] - rate * scores[slot, c]


@entry
def descend(random, logits, code, packed, progress, order, tables, cases, scratch, guide, executions, schedule, seen):
    """Descend until a draw is right on the examples `order`, or about `executions` are counted; returns how many were.

    code `[L, 5]` int32 and packed `[L + 2]`: the draw. progress `[2]` int64: iteration, descents begun. schedule: iterations of
    a descent, first and last temperature in bits, rate, forget, keep, spread, examples of a gradient. seen `[3]` float64: at
    the end temperature, bits wrong per example of the draw, whether it is right.
    """
    total = np.int64(0)
    iterations, first, last, rate, forget, keep, spread, batch = schedule
    starts, memory, words, base, places, wanted, steps = cases
    x, own_memory, own_words = scratch
    seen[2] = 0.0
    while total < executions:
        if progress[ITERATION] == 0:
            _begin(random, logits, spread, code, tables)
            progress[DESCENTS] += 1
        temperature = first * (last / first) ** (progress[ITERATION] / iterations)
        draw(random, logits, code, temperature, keep, tables)
        for slot in range(len(code)):
            k = tables[7][code[slot, 0]]
            packed[slot] = pack_slot(
                np.int64(code[slot, 0]), np.int64(code[slot, 1]) if tables[1][k, 0] else 0,
                np.int64(code[slot, 2]) if tables[1][k, 1] else 0, np.int64(code[slot, 3]) if tables[1][k, 2] else 0,
                np.int64(code[slot, 4]) if tables[3][slot, k] > 1 else 0, slot,
            )  # fmt: skip
        for t in range(batch):  # a new few
            other = t + below(random, len(order) - t)
            order[t], order[other] = order[other], order[t]
        executed, wrong = score_code(code, packed, order, batch, tables, cases, scratch, guide)
        total += executed
        progress[ITERATION] = (progress[ITERATION] + 1) % iterations
        seen[0], seen[1] = temperature, wrong / batch
        if wrong == 0:
            right = True
            for e in order:
                ended, ran, after = run_case(
                    packed, True, e, starts, memory, words, base, steps, x, own_memory, own_words
                )
                total += ran
                for o in range(len(places)):
                    right &= output_at(places[o], x, after) == wanted[e, o]
                right &= ended
                if not right:
                    break
            if right:
                seen[2] = 1.0
                break
        _learn(logits, code, guide.scores, rate / batch, forget, tables)
    return total
