"""Programs in static single assignment form, compiled: draw them from logits, run them, and score every alternative.

The derivative of the number of wrong bits, weighted, with respect to the one-hot vector of every choice of a draw comes from
the adjoint of the machine's operations (`backends/gpu_compute/derivatives.py`).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from backends.core import isa
from backends.gpu_compute.arithmetic import alu
from backends.gpu_compute.compiling import entry, inner
from backends.gpu_compute.derivatives import pull, sums, weigh
from experiments.program_search.evaluation import WORD_BITS, popcount
from experiments.program_search.random_numbers import below, gumbel, seeded, uniform
from experiments.program_search.sliced_search import RESTARTS
from experiments.program_search.space import NEVER
from experiments.program_search.ssa.form import Fields, Form

ITERATION = 1
BACKWARD = 2
"""Executions that a backward step counts as."""


class FormCases(NamedTuple):
    """functions `[N]` int64: numbers of the form's operations. prior `[rows, W]` float32: logits without evidence, NEVER behind
    those of a row, as `Fields.views` has its rows; by_field: the same. start `[E, R]` uint32: registers before the first slot.
    wanted `[E, O]` uint32. focus `[F]` float64: bit k of an output weighs 2^(-focus k), times what makes the mean 1, with the
    focus of a restart drawn from these."""

    functions: np.ndarray
    prior: np.ndarray
    by_field: Fields
    start: np.ndarray
    wanted: np.ndarray
    focus: np.ndarray

    @classmethod
    def of(cls, form: Form, focus: Sequence[float]) -> "FormCases":
        functions = np.array([isa.NUMBER[name] for name in form.operations])
        wanted = np.ascontiguousarray(form.problem.examples.outputs, np.uint32)
        prior = np.full((3 * form.slots + wanted.shape[1], max(len(functions), form.registers)), NEVER)
        by_field = Fields.views(prior, form.slots)
        by_field.op[:, : len(functions)] = 0
        for field, readable in zip(by_field[1:], form.readable(), strict=True):
            field[:, : form.registers][readable] = 0
        by_field.rs2[:, : form.registers] += form.operand_prior().astype(np.float32)
        return cls(functions, prior, by_field, form.start(), wanted, np.array(focus, np.float64))


class State(NamedTuple):
    """random: of `random_numbers`. logits, scores `[rows, W]` float32; drawn, before `[rows]` int64: the draw and the one
    before it. score, chosen: scores and drawn by field. last `[1]` float64: wrong bits, or cost, of the draw before on the same
    examples, -1 where it is not known. progress `[2]` int64: restarts, iteration. order `[E]`: examples, those of the gradient
    in front. weights `[32]` float32, of bits. x `[R]` uint32, the registers, g `[R, 32]` their derivatives, seed `[32]` and
    table `[8, 16]` float32, room to work in."""

    random: np.ndarray
    logits: np.ndarray
    scores: np.ndarray
    drawn: np.ndarray
    before: np.ndarray
    score: Fields
    chosen: Fields
    last: np.ndarray
    progress: np.ndarray
    order: np.ndarray
    weights: np.ndarray
    x: np.ndarray
    g: np.ndarray
    seed: np.ndarray
    table: np.ndarray

    @classmethod
    def of(cls, cases: FormCases, rng: np.random.Generator) -> "State":
        """Before the first restart."""
        scores, drawn = np.zeros_like(cases.prior), np.zeros(len(cases.prior), np.int64)
        slots, registers = len(cases.by_field.op), cases.start.shape[1]
        return cls(
            seeded(rng), np.zeros_like(scores), scores, drawn, drawn.copy(), Fields.views(scores, slots),
            Fields.views(drawn, slots), np.zeros(1), np.zeros(2, np.int64), rng.permutation(len(cases.start)),
            np.ones(WORD_BITS, np.float32), np.zeros(registers, np.uint32), np.zeros((registers, WORD_BITS), np.float32),
            np.zeros(WORD_BITS, np.float32), np.zeros((8, 16), np.float32),
        )  # fmt: skip


@inner
def _greatest(random, logits, temperature):
    best, chosen = -np.inf, 0
    for c in range(len(logits)):
        if logits[c] > NEVER:
            value = logits[c] + temperature * gumbel(random)
            if value > best:
                best, chosen = value, c
    return chosen


@inner
def draw(state, temperature, keep):
    """Draw the choices anew, each kept with probability `keep`."""
    for row in range(len(state.drawn)):
        state.before[row] = state.drawn[row]
        if uniform(state.random) > keep:
            state.drawn[row] = _greatest(state.random, state.logits[row], temperature)


@inner
def restart(state, cases):
    """Begin anew: logits near the prior, a focus, a draw."""
    random, logits, prior, weights = state.random, state.logits, cases.prior, state.weights
    for row in range(len(logits)):
        for c in range(logits.shape[1]):
            logits[row, c] = prior[row, c]
            if prior[row, c] > NEVER:
                logits[row, c] += gumbel(random)
    focus, total = cases.focus[below(random, len(cases.focus))], 0.0
    for k in range(WORD_BITS):
        weights[k] = 2.0 ** (-focus * k)
        total += weights[k]
    for k in range(WORD_BITS):
        weights[k] *= WORD_BITS / total
    draw(state, 0.0, 0.0)
    state.last[0] = -1.0
    state.progress[RESTARTS] += 1


@inner
def forward(state, cases, e):
    """Compute the registers of the draw on example e."""
    chosen, x = state.chosen, state.x
    first = len(x) - len(chosen.op)
    for r in range(first):
        x[r] = cases.start[e, r]
    for slot in range(len(chosen.op)):
        x[first + slot] = alu(cases.functions[chosen.op[slot]], x[chosen.rs1[slot]], x[chosen.rs2[slot]])


@inner
def backward(state, cases, e):
    """Add to the scores the derivatives of the weighted wrong bits of example e, at registers as `forward` leaves them."""
    chosen, scores, x, g, table, seed = state.chosen, state.score, state.x, state.g, state.table, state.seed
    g[:] = 0.0
    for o in range(len(chosen.out)):
        for k in range(WORD_BITS):
            bit = np.float32(cases.wanted[e, o] >> np.uint32(k) & np.uint32(1))
            seed[k] = state.weights[k] * (np.float32(1) - np.float32(2) * bit)
            g[chosen.out[o], k] += seed[k]
        sums(seed, table)
        now = weigh(table, x[chosen.out[o]])
        for r in range(len(x)):
            if cases.by_field.out[o, r] > NEVER:
                scores.out[o, r] += weigh(table, x[r]) - now
    first = len(x) - len(chosen.op)
    for slot in range(len(chosen.op) - 1, -1, -1):
        if not _matters(g[first + slot]):
            continue
        sums(g[first + slot], table)
        function, rs1, rs2 = cases.functions[chosen.op[slot]], chosen.rs1[slot], chosen.rs2[slot]
        a, b, now = x[rs1], x[rs2], weigh(table, x[first + slot])
        for n in range(len(cases.functions)):
            scores.op[slot, n] += weigh(table, alu(cases.functions[n], a, b)) - now
        for r in range(first + slot):
            if cases.by_field.rs1[slot, r] > NEVER:
                scores.rs1[slot, r] += weigh(table, alu(function, x[r], b)) - now
            scores.rs2[slot, r] += weigh(table, alu(function, a, x[r])) - now
        pull(function, a, b, g[first + slot], g[rs1], g[rs2], table)


@inner
def _matters(derivative):
    total = np.float32(0.0)
    for k in range(WORD_BITS):
        total += abs(derivative[k])
    return total > 0


@inner
def wrong_bits(state, cases, e):
    """Wrong bits of the draw on example e, where `forward` left its registers."""
    wrong = 0
    for o in range(len(state.chosen.out)):
        wrong += popcount(state.x[state.chosen.out[o]] ^ cases.wanted[e, o])
    return wrong


@inner
def score(state, cases, batch):
    """Scores of the draw over the first `batch` examples; returns wrong bits in all."""
    state.scores[:] = 0.0
    wrong = 0
    for e in state.order[:batch]:
        forward(state, cases, e)
        wrong += wrong_bits(state, cases, e)
        backward(state, cases, e)
    return wrong


@inner
def right(state, cases):
    """Whether the draw is right on all examples, and how many instructions were executed to know."""
    total = 0
    for e in state.order:
        forward(state, cases, e)
        total += len(state.chosen.op)
        if wrong_bits(state, cases, e):
            return False, total
    return True, total


@entry
def count_wrong(programs, state, cases, count, wrong):
    """Wrong bits of each of programs `[P, rows]` over the first `count` examples of the state's order, into wrong `[P]`."""
    for p in range(len(programs)):
        for row in range(len(state.drawn)):
            state.drawn[row] = programs[p, row]
        for e in state.order[:count]:
            forward(state, cases, e)
            wrong[p] += wrong_bits(state, cases, e)
