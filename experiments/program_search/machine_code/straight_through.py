"""Straight-through descent for codes with branches and memory: the exact derivative where the adjoint has none.

Logits for what each slot does, one for every operation that computes a word or accesses memory and one for every whole branch
(operation, registers and target), and for the other fields of every slot. A draw runs on the discrete machine. What computes
a word gets its derivative from the adjoint (`adjoint_scores.py`), which takes the path as fixed; what decides on the path, or
on where a store goes, by execution (`execution_scores.py`). Both go straight through to the logits. Without evidence logits go
back to a prior (`branch_choices.py`), in which an instruction likely updates what it reads: a residual connection.

Source: Bengio et al., Estimating or Propagating Gradients Through Stochastic Neurons (2013).
"""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.codes import unpack
from backends.gpu_compute.compiling import entry, inner
from experiments.program_search.evaluation import Evaluator, Workspace
from experiments.program_search.machine_code.adjoint_scores import Adjoint
from experiments.program_search.machine_code.branch_choices import Alternatives, Fields, draw, pack_row, prior, without_branches
from experiments.program_search.machine_code.execution_scores import Options, Trial, run, score_slot, score_words
from experiments.program_search.machine_code.instructions import empty_code
from experiments.program_search.problem import Problem
from experiments.program_search.random_numbers import below, gumbel, seeded, shuffle
from experiments.program_search.sliced_search import RESTARTS, SlicedSearch
from experiments.program_search.space import NEVER, OP

ITERATION = 1
LOSS, RIGHT = range(2)
"""Of a report: loss of an example, and whether the draw is right on all."""


class Descent(NamedTuple):
    """random: of `random_numbers`; logits and prior; progress `[2]` int64: restarts, iteration; report `[2]` float64."""

    random: np.ndarray
    logits: Fields
    prior: Fields
    progress: np.ndarray
    report: np.ndarray
    trial: Trial

    @classmethod
    def of(cls, problem: Problem, evaluator: Evaluator, rng: np.random.Generator, options: Options) -> "Descent":
        """Before the first restart."""
        space, cases, alternatives = problem.space, evaluator.cases, Alternatives.of(problem.space)
        without = prior(space, alternatives, options.temperature)
        adjoint = Adjoint.of(without_branches(space), cases)
        scores = Fields(adjoint.scores.op, np.zeros_like(without.branch), *adjoint.scores[1:])
        trial = Trial(
            np.zeros_like(adjoint.code), empty_code(space.length), rng.permutation(len(evaluator)),
            np.zeros(min(options.batch, len(evaluator))), np.zeros(space.length, np.bool_), scores, alternatives, adjoint,
            cases, Workspace.of(cases),
        )  # fmt: skip
        logits = Fields(*(field.copy() for field in without))
        return cls(seeded(rng), logits, without, np.zeros(2, np.int64), np.zeros(2), trial)


class Descents(SlicedSearch):
    """Straight-through descents on a problem, over programs as its space has them."""

    slice_executions = 8_000_000

    def __init__(self, problem: Problem, rng: np.random.Generator, options: Options) -> None:
        self.options, self.evaluator = options, Evaluator(problem.examples)
        self.members = [Descent.of(problem, self.evaluator, rng, options) for _ in range(options.descents)]

    def advance(self, k: int, executions: int) -> int:
        return _descend(self.members[k], self.options, executions)

    def found(self) -> np.ndarray | None:
        right = (descent.trial.packed for descent in self.members if descent.report[RIGHT])
        return next((unpack(packed[None])[0] for packed in right), None)

    def row(self) -> dict:
        """The loss counts more for what is wrong at all. What it takes to count bits is not counted: no search uses it."""
        first = self.members[0]
        distance = self.evaluator.score(unpack(first.trial.packed[None])).distance[0]
        return {
            "temperature": self.options.temperature, "loss": float(first.report[LOSS]),
            "wrong_bits": distance / len(self.evaluator),
        }  # fmt: skip


@inner
def _begin(descent, options):
    random, logits, prior, trial = descent.random, descent.logits, descent.prior, descent.trial
    descent.progress[RESTARTS] += 1
    for field, by in (
        (logits.op, prior.op), (logits.branch, prior.branch), (logits.rd, prior.rd), (logits.rs1, prior.rs1),
        (logits.rs2, prior.rs2),
    ):  # fmt: skip
        for slot in range(len(field)):
            for c in range(field.shape[1]):
                field[slot, c] = by[slot, c] + options.spread * gumbel(random)
    for slot in range(len(trial.drawn)):
        for k in range(logits.imm.shape[1]):
            for c in range(logits.imm.shape[2]):
                logits.imm[slot, k, c] = prior.imm[slot, k, c] + options.spread * gumbel(random)
        draw(random, logits, slot, trial.drawn[slot], 0.0, 0.0, trial.alternatives.choices)
        trial.packed[slot] = pack_row(trial.drawn[slot], slot, trial.alternatives)


@inner
def _learn(descent, one, options):
    """logits := logits + decay (prior - logits) - rate scores, for the immediates of the operation that ran and the branches of
    the slot that was scored alone."""
    logits, prior, scores, drawn = descent.logits, descent.prior, descent.trial.scores, descent.trial.drawn
    _step(logits.branch[one], prior.branch[one], scores.branch[one], options)
    for slot in range(len(drawn)):
        _step(logits.op[slot], prior.op[slot], scores.op[slot], options)
        _step(logits.rd[slot], prior.rd[slot], scores.rd[slot], options)
        _step(logits.rs1[slot], prior.rs1[slot], scores.rs1[slot], options)
        _step(logits.rs2[slot], prior.rs2[slot], scores.rs2[slot], options)
        k = drawn[slot, OP]
        if k < logits.imm.shape[1]:
            _step(logits.imm[slot, k], prior.imm[slot, k], scores.imm[slot], options)


@inner
def _step(logits, prior, scores, options):
    rate = options.rate / options.batch
    for c in range(len(logits)):
        if prior[c] > NEVER:
            change = min(max(rate * scores[c], -options.clip), options.clip)
            logits[c] += options.decay * (prior[c] - logits[c]) - change


@inner
def _right(trial, options):
    """(whether the draw is right on all examples, executed)."""
    total = np.int64(0)
    for e in trial.order:
        loss, ran = run(trial.packed, e, trial.cases, trial.work, options)
        total += ran
        if loss > 0:
            return False, total
    return True, total


@entry
def _descend(descent, options, executions):
    """Descend until a draw is right on all examples, or about `executions` are counted; returns how many were.

    In an iteration every slot learns from the adjoint, and one of them from executions too; that one is drawn anew.
    """
    trial, random, progress, report = descent.trial, descent.random, descent.progress, descent.report
    total, residual, order = np.int64(0), options.temperature * np.log(options.residual), trial.order
    report[RIGHT] = 0.0
    while total < executions:
        if progress[ITERATION] == 0:
            _begin(descent, options)
        shuffle(random, order, len(trial.losses))  # a new few
        total += score_words(trial, options)
        progress[ITERATION] = (progress[ITERATION] + 1) % options.iterations
        report[LOSS] = trial.losses.mean()
        if report[LOSS] == 0:
            right, ran = _right(trial, options)
            total += ran
            if right:
                report[RIGHT] = 1.0
                break
        one = below(random, len(trial.drawn))
        total += score_slot(one, trial, options)
        _learn(descent, one, options)
        draw(random, descent.logits, one, trial.drawn[one], options.temperature, residual, trial.alternatives.choices)
        trial.packed[one] = pack_row(trial.drawn[one], one, trial.alternatives)
    return total
