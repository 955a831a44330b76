"""Scores of the alternatives of a draw: by the adjoint for what computes words, by execution for what decides on the path.

At a hard program the derivative of the multilinear extension of the loss with respect to the one-hot choice of a field is the
loss with that choice less the loss without it, so a choice that the adjoint does not score is executed.

Source: Titsias and Lázaro-Gredilla, Local Expectation Gradients for Black Box Variational Inference (2015).
"""

from typing import NamedTuple

import numpy as np

from backends.core import isa
from backends.gpu_compute.compiling import inlined, inner
from backends.gpu_compute.derivatives import FORM, NOTHING, STORE
from experiments.program_search.evaluation import Cases, Workspace, run_case, wrong_bits
from experiments.program_search.machine_code.adjoint_scores import BACKWARD, Adjoint, clear, go_back, run_taped
from experiments.program_search.machine_code.branch_choices import FIELDS, Alternatives, Fields, pack_row
from experiments.program_search.space import IMM, OP, RD, RS1, RS2

_BEQ = np.int32(isa.NUMBER["beq"])


class Options(NamedTuple):
    """descents: that take turns. iterations: of a descent. temperature: in bits. rate: what a step adds to the logits. decay:
    how far a step takes them back to the prior. clip: the most that a step adds. spread: of the first logits. residual: how
    many times likelier than another an instruction's destination is as its first source. batch: examples of a gradient. wrong:
    bits that an example costs more where it is wrong at all. endless: bits that it costs where the run does not end. enough:
    bits by which a choice is worse, over the examples, at which no more of them are executed. everything: by execution, the
    derivatives that the adjoint gives as well."""

    descents: int = 2
    iterations: int = 1000
    temperature: float = 0.3
    rate: float = 1.0
    decay: float = 0.1
    clip: float = 16.0
    spread: float = 1.0
    residual: float = 5.0
    batch: int = 8
    wrong: float = 16.0
    endless: float = 8.0
    enough: float = 8.0
    everything: bool = False


class Trial(NamedTuple):
    """A draw under trial: drawn `[L, 5]` int32 and packed `[L + 2]` uint64; order `[E]`: examples, those of the gradient in
    front; losses `[batch]` float64 of these; visited `[L]` bool: slots that one of them executed; scores of alternatives."""

    drawn: np.ndarray
    packed: np.ndarray
    order: np.ndarray
    losses: np.ndarray
    visited: np.ndarray
    scores: Fields
    alternatives: Alternatives
    adjoint: Adjoint
    cases: Cases
    work: Workspace


@inner
def _loss(off, ended, options):
    """Loss of an example of which `off` bits are wrong."""
    if not ended:
        return np.float64(options.endless + options.wrong)
    return np.float64(off + options.wrong * (off > 0))


@inner
def run(packed, e, cases, work, options):
    """(loss, executed) of a packed code on an example."""
    ended, executed, after = run_case(packed, True, e, cases, work)
    return _loss(wrong_bits(work.x, after, e, cases), ended, options), executed


@inner
def _lay_out(trial):
    """The draw as the code that the adjoint goes back through: a branch as one that computes nothing."""
    code, choices = trial.adjoint.code, trial.alternatives.choices
    for slot in range(len(code)):
        k = trial.drawn[slot, OP]
        for field in range(RD, FIELDS):
            code[slot, field] = trial.drawn[slot, field]
        code[slot, OP] = choices.numbers[k] if k < len(choices.numbers) else _BEQ
        if k >= len(choices.numbers) or not choices.has[k, 0]:
            code[slot, RD] = 0


@inner
def score_words(trial, options):
    """Scores by the adjoint, and the losses, over the first examples. Returns executions, as counted."""
    cases, work, adjoint = trial.cases, trial.work, trial.adjoint
    clear(adjoint)
    trial.scores.branch[:] = 0.0
    trial.visited[:] = False
    _lay_out(trial)
    executed = np.int64(0)
    for t in range(len(trial.losses)):
        e = trial.order[t]
        length, ended = run_taped(trial.packed, e, cases, work, adjoint)
        executed += length * (1 + BACKWARD)
        for at in range(length):
            trial.visited[adjoint.room.tape[at, 0]] = True
        if length < cases.steps and not ended:  # what trapped is not on the tape
            trial.visited[:] = True
        off = wrong_bits(work.x, work.memory, e, cases)
        trial.losses[t] = _loss(off, ended, options)
        if ended:  # else on this path the loss is constant
            go_back(length, e, off, options.wrong, cases, work, adjoint)
        work.x[:] = 0
    return executed


@inlined
def _difference(word, slot, trial, options):
    """(score, executed) of a packed instruction in place of what is in a slot. Stops where it cannot become better."""
    was, total, executed = trial.packed[slot], 0.0, np.int64(0)
    if word == was:
        return total, executed
    trial.packed[slot] = word
    for t in range(len(trial.losses)):
        loss, ran = run(trial.packed, trial.order[t], trial.cases, trial.work, options)
        executed += ran
        total += loss - trial.losses[t]
        if total > options.enough:
            break
    trial.packed[slot] = was
    return total, executed


@inner
def _computes(k, choices):
    """Whether the adjoint scores the fields of the k-th operation."""
    return k < len(choices.numbers) and FORM[choices.numbers[k]] != NOTHING and FORM[choices.numbers[k]] != STORE


@inner
def score_slot(slot, trial, options):
    """Scores of a slot by execution, of the choices that the adjoint does not score. Returns the instructions executed.

    A slot that no example executed scores 0, whatever is in it.
    """
    total, choices, branches = np.int64(0), trial.alternatives.choices, trial.alternatives.branches
    row, k, scores = trial.drawn[slot], np.int64(trial.drawn[slot, OP]), trial.scores
    if not trial.visited[slot]:
        return total
    exact = options.everything or not _computes(k, choices)
    for other in range(len(choices.numbers)):
        if exact or not _computes(other, choices):
            row[OP] = other
            scores.op[slot, other], ran = _difference(pack_row(row, slot, trial.alternatives), slot, trial, options)
            total += ran
    row[OP] = k
    for c in range(branches.shape[1]):
        scores.branch[slot, c], ran = _difference(branches[slot, c], slot, trial, options)
        total += ran
    if exact and k < len(choices.numbers):
        for field in range(RD, FIELDS):
            total += _score_field(field, k, slot, trial, options)
    return total


@inner
def _score_field(field, k, slot, trial, options):
    """Scores by execution of one field of the k-th operation in a slot."""
    choices, row, scores, total = trial.alternatives.choices, trial.drawn[slot], trial.scores, np.int64(0)
    into = scores.rd if field == RD else scores.rs1 if field == RS1 else scores.rs2 if field == RS2 else scores.imm
    held, count = row[field], choices.counts[slot, k] if field == IMM else len(choices.registers)
    for c in range(count):
        row[field] = choices.immediates[slot, k, c] if field == IMM else choices.registers[c]
        into[slot, c], ran = _difference(pack_row(row, slot, trial.alternatives), slot, trial, options)
        total += ran
    row[field] = held
    return total
