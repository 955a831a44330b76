"""Straight-through descent for codes with branches and memory: the exact derivative where the adjoint has none.

Logits for what each slot does, one for every operation that computes a word or accesses memory and one for every whole branch
(operation, registers and target), and for the other fields of every slot. A draw runs on the discrete machine. What computes
a word gets its derivative from the adjoint (`backends/gpu_compute/adjoint.py`), which takes the path as fixed. What decides on
the path, or on where a store goes, gets its from forward mode: at a hard program the derivative of the multilinear extension
of the loss with respect to the one-hot choice of a field is the loss with that choice less the loss without it, so each such
choice is executed. Both go straight through to the logits, as in `vertices.py`. Without evidence logits go back to a
prior (`menu.py`), in which an instruction likely updates what it reads: a residual connection.

Sources: Bengio et al., Estimating or Propagating Gradients Through Stochastic Neurons (2013); Titsias and Lázaro-Gredilla,
Local Expectation Gradients for Black Box Variational Inference (2015).
"""

import numpy as np

from backends.core import isa
from backends.gpu_compute.adjoint import back, record
from backends.gpu_compute.codes import entry, inner, pack_slot
from backends.gpu_compute.derivatives import FORM, NOTHING, STORE
from experiments.synthesis.discrete.chance import below, gumbel
from experiments.synthesis.discrete.guided import BACKWARD
from experiments.synthesis.evaluate import IN_MEMORY, WORD_BITS, output_at, popcount, run_case
from experiments.synthesis.gradient.programs import NEVER

ITERATION, DESCENTS = range(2)
FIELDS = 5
OP, RD, RS1, RS2, IMM = range(FIELDS)
"""Columns of a draw `[L, 5]` int32: a code's, but that the first is a place: of an operation among the N that compute words or
access memory, or N and the place of a jump among the K of its slot."""

_BEQ = np.int32(isa.NUMBER["beq"])
_SHIFTS = np.array([op.format == "shift" for op in isa.OPERATIONS])


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
def _pick_immediate(random, logits, slot, k, temperature, tables):
    """An immediate of the k-th operation, or of a random one where that has none."""
    for _ in range(16):
        if k < len(tables[0]) and tables[3][slot, k] > 1:
            break
        k = below(random, len(tables[0]))
    return tables[4][slot, k, _best(random, logits.imm[slot, k], tables[3][slot, k], temperature)[1]]


@inner
def draw(random, logits, slot, row, temperature, residual, tables):
    """Draw the fields `[5]` of a slot; residual: bits in favour of the destination as first source."""
    registers, same = tables[2], 0
    value, k = _best(random, logits.op[slot], logits.op.shape[1], temperature)
    other, c = _best(random, logits.jump[slot], logits.jump.shape[1], temperature)
    row[OP] = k if value >= other else logits.op.shape[1] + c
    row[RD] = registers[_best(random, logits.rd[slot], len(registers), temperature)[1]]
    for c in range(len(registers)):
        if registers[c] == row[RD]:
            same = c
    logits.rs1[slot, same] += residual
    row[RS1] = registers[_best(random, logits.rs1[slot], len(registers), temperature)[1]]
    logits.rs1[slot, same] -= residual
    row[RS2] = registers[_best(random, logits.rs2[slot], len(registers), temperature)[1]]
    row[IMM] = _pick_immediate(random, logits, slot, row[OP], temperature, tables)


@inner
def pack_row(row, slot, tables, jump):
    """The packed instruction of a row `[5]` of a draw, with 0 in fields that its operation does not have."""
    k = np.int64(row[OP])
    if k >= len(tables[0]):
        return jump[slot, k - len(tables[0])]
    op, has, imm = np.int64(tables[0][k]), tables[1], np.int64(row[IMM])
    if tables[3][slot, k] == 1:
        imm = np.int64(tables[4][slot, k, 0])
    elif _SHIFTS[op]:
        imm &= 31
    return pack_slot(
        op, np.int64(row[RD]) if has[k, 0] else 0, np.int64(row[RS1]) if has[k, 1] else 0,
        np.int64(row[RS2]) if has[k, 2] else 0, imm, slot,
    )  # fmt: skip


@inner
def _loss(off, ended, knobs):
    """Loss of an example of which `off` bits are wrong."""
    if not ended:
        return knobs.endless + knobs.wrong
    return off + knobs.wrong * (off > 0)


@inner
def _off(x, memory, places, wanted):
    off = np.int64(0)
    for o in range(len(places)):
        off += popcount(output_at(places[o], x, memory) ^ wanted[o])
    return off


@inner
def _run(packed, e, cases, runs, knobs):
    """(loss, executed) of a packed code on an example."""
    starts, memory, words, base, places, wanted, steps = cases
    x, own_memory, own_words = runs
    ended, executed, after = run_case(packed, True, e, starts, memory, words, base, steps, x, own_memory, own_words)
    return np.float64(_loss(_off(x, after, places, wanted[e]), ended, knobs)), executed


@inner
def _seed(guide, places, wanted, off, wrong, x, memory):
    """The derivative of the loss of an example with respect to its outputs, and zero elsewhere."""
    guide.of_registers[:] = 0.0
    guide.of_memory[:] = 0.0
    for o in range(len(places)):
        differs = output_at(places[o], x, memory) ^ wanted[o]
        for k in range(WORD_BITS):
            alone = off == (differs >> np.uint32(k) & np.uint32(1))  # no other bit is wrong
            weight = np.float32(1 + wrong * alone)
            g = weight * (np.float32(1) - np.float32(2) * np.float32(wanted[o] >> np.uint32(k) & np.uint32(1)))
            if places[o] < IN_MEMORY:
                guide.of_registers[places[o], k] += g
            else:
                guide.of_memory[places[o] - IN_MEMORY + k // 8, k % 8] += g


@inner
def score_words(drawn, packed, order, tables, cases, runs, guide, scores, losses, knobs):
    """Scores by the adjoint, of what computes words, over the first examples of `order`; losses `[batch]` float64 of each.
    Returns executions, as counted."""
    starts, _, words, base, places, wanted, steps = cases
    x, own_memory, own_words = runs
    for field in (scores.op, scores.jump, scores.rd, scores.rs1, scores.rs2, scores.imm):
        field[:] = 0.0
    scores.visited[:] = False
    for slot in range(len(drawn)):
        k = drawn[slot, OP]
        for field in range(RD, FIELDS):
            guide.code[slot, field] = drawn[slot, field]
        guide.code[slot, OP] = tables[0][k] if k < len(tables[0]) else _BEQ
        if k >= len(tables[0]) or not tables[1][k, 0]:
            guide.code[slot, RD] = 0
    menu = tables[0], tables[7], tables[2], tables[4], tables[3]
    executed = np.int64(0)
    for t in range(len(losses)):
        e = order[t]
        for k in range(len(own_words)):
            own_words[k] = words[e, k]
        length, ended = record(packed, starts[e], own_memory, own_words, base, steps, x, guide.tape)
        executed += length * (1 + BACKWARD)
        for at in range(length):
            scores.visited[guide.tape[at, 0]] = True
        if length < steps and not ended:  # what trapped is not on the tape
            scores.visited[:] = True
        off = _off(x, own_memory, places, wanted[e])
        losses[t] = _loss(off, ended, knobs)
        if not ended:  # on this path the loss is constant
            x[:] = 0
            continue
        _seed(guide, places, wanted[e], off, knobs.wrong, x, own_memory)
        back(length, guide.code, x, own_memory, base, guide.tape, menu, guide.of_registers, guide.of_memory,
             (guide.table, guide.operands), (scores.op, scores.rd, scores.rs1, scores.rs2, scores.imm))  # fmt: skip
        x[:] = 0
    return executed


@inner
def _difference(word, slot, packed, order, cases, runs, losses, knobs):
    """(score, executed) of a packed instruction in place of what is in a slot. Stops where no mending is left."""
    was, total, executed = packed[slot], 0.0, np.int64(0)
    if word == was:
        return total, executed
    packed[slot] = word
    for t in range(len(losses)):
        loss, ran = _run(packed, order[t], cases, runs, knobs)
        executed += ran
        total += loss - losses[t]
        if total > knobs.enough:
            break
    packed[slot] = was
    return total, executed


@inner
def _computes(k, tables):
    """Whether the adjoint scores the fields of the k-th operation."""
    return k < len(tables[0]) and FORM[tables[0][k]] != NOTHING and FORM[tables[0][k]] != STORE


@inner
def score_slot(slot, drawn, packed, order, tables, jump, cases, runs, scores, losses, knobs):
    """Scores of a slot by execution, of the choices that the adjoint does not score. Returns the instructions executed.

    A slot that no example executed scores 0, whatever is in it.
    """
    total, registers, row, k = np.int64(0), tables[2], drawn[slot], np.int64(drawn[slot, OP])
    if not scores.visited[slot]:
        return total
    exact = knobs.everything or not _computes(k, tables)
    for other in range(len(tables[0])):
        if exact or not _computes(other, tables):
            row[OP] = other
            word = pack_row(row, slot, tables, jump)
            scores.op[slot, other], ran = _difference(word, slot, packed, order, cases, runs, losses, knobs)
            total += ran
    row[OP] = k
    for c in range(jump.shape[1]):
        word = jump[slot, c]
        scores.jump[slot, c], ran = _difference(word, slot, packed, order, cases, runs, losses, knobs)
        total += ran
    if not exact or k >= len(tables[0]):
        return total
    for field in range(RD, FIELDS):
        into = scores.rd if field == RD else scores.rs1 if field == RS1 else scores.rs2 if field == RS2 else scores.imm
        held, count = row[field], tables[3][slot, k] if field == IMM else len(registers)
        for c in range(count):
            row[field] = tables[4][slot, k, c] if field == IMM else registers[c]
            word = pack_row(row, slot, tables, jump)
            into[slot, c], ran = _difference(word, slot, packed, order, cases, runs, losses, knobs)
            total += ran
        row[field] = held
    return total


@inner
def _begin(random, logits, prior, drawn, tables, knobs):
    for field, by in (
        (logits.op, prior.op), (logits.jump, prior.jump), (logits.rd, prior.rd), (logits.rs1, prior.rs1),
        (logits.rs2, prior.rs2),
    ):  # fmt: skip
        for slot in range(len(field)):
            for c in range(field.shape[1]):
                field[slot, c] = by[slot, c] + knobs.spread * gumbel(random)
    for slot in range(len(drawn)):
        for k in range(logits.imm.shape[1]):
            for c in range(logits.imm.shape[2]):
                logits.imm[slot, k, c] = prior.imm[slot, k, c] + knobs.spread * gumbel(random)
        draw(random, logits, slot, drawn[slot], 0.0, 0.0, tables)


@inner
def _learn(logits, prior, one, drawn, scores, knobs, tables):
    """logits := logits + forget (prior - logits) - rate scores, for the immediates of the operation that ran and the jumps of
    the slot that was scored alone."""
    _step(logits.jump[one], prior.jump[one], scores.jump[one], knobs)
    for slot in range(len(drawn)):
        _step(logits.op[slot], prior.op[slot], scores.op[slot], knobs)
        _step(logits.rd[slot], prior.rd[slot], scores.rd[slot], knobs)
        _step(logits.rs1[slot], prior.rs1[slot], scores.rs1[slot], knobs)
        _step(logits.rs2[slot], prior.rs2[slot], scores.rs2[slot], knobs)
        k = drawn[slot, OP]
        if k < len(tables[0]):
            _step(logits.imm[slot, k], prior.imm[slot, k], scores.imm[slot], knobs)


@inner
def _step(logits, prior, scores, knobs):
    rate = knobs.rate / knobs.batch
    for c in range(len(logits)):
        if prior[c] > NEVER:
            change = min(max(rate * scores[c], -knobs.clip), knobs.clip)
            logits[c] += knobs.forget * (prior[c] - logits[c]) - change


@inner
def _right(packed, order, cases, runs, knobs):
    """(whether a packed code is right on all examples, executed)."""
    total = np.int64(0)
    for e in order:
        loss, ran = _run(packed, e, cases, runs, knobs)
        total += ran
        if loss > 0:
            return False, total
    return True, total


@entry
def descend(
    random, logits, prior, drawn, packed, progress, order, tables, jump, cases, runs, guide, scores, losses, executions,
    knobs, seen,
):  # fmt: skip
    """Descend until a draw is right on the examples `order`, or about `executions` are counted; returns how many were.

    In an iteration every slot learns from the adjoint, and one of them from executions too; that one is drawn anew.

    drawn `[L, 5]` int32 and packed `[L + 2]`: the draw. progress `[2]` int64: iteration, descents begun. losses `[batch]`.
    seen `[2]` float64: at the end loss per example of the draw, whether it is right.
    """
    total, residual = np.int64(0), knobs.temperature * np.log(knobs.residual)
    seen[1] = 0.0
    while total < executions:
        if progress[ITERATION] == 0:
            progress[DESCENTS] += 1
            _begin(random, logits, prior, drawn, tables, knobs)
            for slot in range(len(drawn)):
                packed[slot] = pack_row(drawn[slot], slot, tables, jump)
        for t in range(len(losses)):  # a new few
            other = t + below(random, len(order) - t)
            order[t], order[other] = order[other], order[t]
        total += score_words(drawn, packed, order, tables, cases, runs, guide, scores, losses, knobs)
        progress[ITERATION] = (progress[ITERATION] + 1) % knobs.iterations
        seen[0] = losses.mean()
        if seen[0] == 0:
            right, ran = _right(packed, order, cases, runs, knobs)
            total += ran
            if right:
                seen[1] = 1.0
                break
        one = below(random, len(drawn))
        total += score_slot(one, drawn, packed, order, tables, jump, cases, runs, scores, losses, knobs)
        _learn(logits, prior, one, drawn, scores, knobs, tables)
        draw(random, logits, one, drawn[one], knobs.temperature, residual, tables)
        packed[one] = pack_row(drawn[one], one, tables, jump)
    return total
