"""Straight-through descent: logits for every choice of a form, gradients at the hard programs that are drawn from them.

A draw takes the greatest of logit plus Gumbel noise times temperature, anew for a few choices at a time. It runs hard, and two
estimates of a gradient go to the logits: the derivative of the weighted wrong bits by the one-hot vector of every choice
(`kernel.py`), straight through; and, for choices that differ from those of the last draw on the same examples, the score
function's: the difference in wrong bits, for what was chosen and against what had been. After some iterations the next descent
begins from new logits. A draw that is right on the examples it ran on is tried on all of them; there is no other search.

Sources: Bengio et al., Estimating or Propagating Gradients Through Stochastic Neurons (2013); Jang et al., Categorical
Reparameterization with Gumbel-Softmax (2017); Williams, Simple Statistical Gradient-Following Algorithms (1992).
"""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.compiling import entry, inner
from experiments.program_search.problem import Problem
from experiments.program_search.random_numbers import shuffle
from experiments.program_search.space import NEVER
from experiments.program_search.ssa.form import FOCUS
from experiments.program_search.ssa.form_search import RIGHT, TEMPERATURE, WRONG, FormSearch
from experiments.program_search.ssa.kernel import BACKWARD, ITERATION, draw, restart, right, score


class Options(NamedTuple):
    """descents: that take turns. slots: of a program. focus: see `kernel.FormCases`.

    iterations: of a descent. first_temperature, last_temperature: in bits, geometric between. rate: what a step adds to the
    logits. decay: how far a step takes them back to the prior. credit: rate of the score function's estimate. keep: probability
    that a choice is not drawn anew. batch: examples of a gradient; hold: iterations that they stay."""

    descents: int = 2
    slots: int = 16
    focus: tuple[float, ...] = FOCUS
    iterations: int = 2000
    first_temperature: float = 0.1
    last_temperature: float = 0.1
    rate: float = 2.0
    decay: float = 0.4
    credit: float = 2.0
    keep: float = 0.95
    batch: int = 8
    hold: int = 8


class Descents(FormSearch):
    """Straight-through descents on a problem."""

    def __init__(self, problem: Problem, rng: np.random.Generator, options: Options) -> None:
        super().__init__(problem, rng, count=options.descents, slots=options.slots, focus=options.focus)
        self.options = options._replace(batch=min(options.batch, len(problem.examples)))

    def advance(self, k: int, executions: int) -> int:
        return _descend(self.members[k], self.cases, self.options, executions, self.reports[k])


@inner
def _learn(state, cases, options, credit):
    logits, prior, drawn, before = state.logits, cases.prior, state.drawn, state.before
    rate, decay = options.rate / options.batch, options.decay
    for row in range(len(logits)):
        if drawn[row] != before[row]:
            logits[row, drawn[row]] += credit
            logits[row, before[row]] -= credit
        for c in range(logits.shape[1]):
            if prior[row, c] > NEVER:
                logits[row, c] += decay * (prior[row, c] - logits[row, c]) - rate * state.scores[row, c]


@entry
def _descend(state, cases, options, executions, report):
    """Descend until a draw is right on all examples, or about `executions` are counted; returns how many were.

    A draw that was right the last time ended its descent.
    """
    total, s, each = np.int64(0), options, len(state.chosen.op) * (1 + BACKWARD)
    if report[RIGHT]:
        report[RIGHT] = state.progress[ITERATION] = 0
    while total < executions:
        iteration = state.progress[ITERATION]
        if iteration == 0:
            restart(state, cases)
        report[TEMPERATURE] = s.first_temperature * (s.last_temperature / s.first_temperature) ** (iteration / s.iterations)
        draw(state, report[TEMPERATURE], s.keep)
        if iteration % s.hold == 0:
            shuffle(state.random, state.order, s.batch)  # other examples in front
            state.last[0] = -1.0
        wrong = score(state, cases, s.batch)
        total += s.batch * each
        state.progress[ITERATION] = (iteration + 1) % s.iterations
        report[WRONG] = wrong / s.batch
        if wrong == 0:
            found, ran = right(state, cases)
            total += ran
            if found:
                report[RIGHT] = 1.0
                break
        gain = state.last[0] - report[WRONG] if state.last[0] >= 0 else 0.0
        _learn(state, cases, s, s.credit * gain)
        state.last[0] = report[WRONG]
    return total
