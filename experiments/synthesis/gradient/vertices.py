"""Straight-through descent: logits for every choice of a frame, gradients at the hard programs that are drawn from them.

Programs have the form of `frame.py`. A draw takes the greatest of logit plus Gumbel noise times temperature, choice by choice,
for a few choices at a time. It is run hard, and two estimates of a gradient go to the logits:

- straight through: the adjoint of the machine's operations (`backends/gpu_compute/derivatives.py`) gives the derivative of the
  number of wrong bits, weighted, with respect to the one-hot vector of every choice of the draw;
- the score function's, for the choices that differ from those of the last draw on the same examples: the difference in wrong
  bits, for what was chosen and against what had been.

After some iterations the next descent begins from new logits. A draw that is right on the examples it ran on is tried on all
of them; there is no other search.

Sources: Bengio et al., Estimating or Propagating Gradients Through Stochastic Neurons (2013); Jang et al., Categorical
Reparameterization with Gumbel-Softmax (2017); Williams, Simple Statistical Gradient-Following Algorithms (1992).
"""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.codes import entry, inner
from backends.gpu_compute.derivatives import alu, pull, sums, weigh
from experiments.synthesis.discrete.chance import below, gumbel, uniform
from experiments.synthesis.evaluate import WORD_BITS, popcount
from experiments.synthesis.gradient.programs import NEVER

ITERATION, DESCENTS = range(2)
BACKWARD = 2
"""Executions that a backward step counts as."""


class Fields(NamedTuple):
    """Of a frame's choices an array each: logits or scores op `[L, N]`, rs1, rs2 `[L, R]`, out `[O, R]` float32, or what is
    chosen, `[L]`, `[L]`, `[L]`, `[O]` int64."""

    op: np.ndarray
    rs1: np.ndarray
    rs2: np.ndarray
    out: np.ndarray


class Schedule(NamedTuple):
    """iterations: of a descent. first_temperature, last_temperature: in bits, geometric between. rate, forget: what a step
    adds to the logits and takes from them. credit: rate of the score function's estimate. keep: chance that a choice is not
    drawn anew. batch: examples of a gradient; hold: iterations that they stay."""

    iterations: int = 2000
    first_temperature: float = 0.1
    last_temperature: float = 0.1
    rate: float = 2.0
    forget: float = 0.4
    credit: float = 2.0
    keep: float = 0.95
    batch: int = 8
    hold: int = 8


class Task(NamedTuple):
    """functions `[N]` int64: numbers of the frame's operations. prior: logits that a descent begins near and forgets toward.
    start `[E, R]` uint32: registers before the first slot. wanted `[E, O]` uint32. focus `[F]` float64: bit k of an output
    weighs 2^(-focus k), times what makes the mean 1, with the focus of a descent drawn from these."""

    functions: np.ndarray
    prior: Fields
    start: np.ndarray
    wanted: np.ndarray
    focus: np.ndarray


class State(NamedTuple):
    """random: of `chance`. logits, scores; drawn, before: the draw and the one before it. last `[1]` float64: wrong bits of
    the draw before on the same examples, -1 where there is none. progress `[2]` int64: iteration, descents begun. order `[E]`:
    examples, those of the gradient in front. weights `[32]` float32, of bits. x `[R]` uint32, the registers, g `[R, 32]`
    their derivatives, seed `[32]` and table `[8, 16]` float32, room to work in."""

    random: np.ndarray
    logits: Fields
    scores: Fields
    drawn: Fields
    before: Fields
    last: np.ndarray
    progress: np.ndarray
    order: np.ndarray
    weights: np.ndarray
    x: np.ndarray
    g: np.ndarray
    seed: np.ndarray
    table: np.ndarray


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
def _draw(random, logits, drawn, before, temperature, keep):
    for row in range(len(drawn)):
        before[row] = drawn[row]
        if uniform(random) > keep:
            drawn[row] = _greatest(random, logits[row], temperature)


@inner
def draw(state, temperature, keep):
    """Draw the choices anew, each but for a chance `keep`."""
    random, logits, drawn, before = state.random, state.logits, state.drawn, state.before
    _draw(random, logits.op, drawn.op, before.op, temperature, keep)
    _draw(random, logits.rs1, drawn.rs1, before.rs1, temperature, keep)
    _draw(random, logits.rs2, drawn.rs2, before.rs2, temperature, keep)
    _draw(random, logits.out, drawn.out, before.out, temperature, keep)


@inner
def _scatter(random, logits, prior):
    for row in range(len(logits)):
        for c in range(logits.shape[1]):
            logits[row, c] = prior[row, c]
            if prior[row, c] > NEVER:
                logits[row, c] += gumbel(random)


@inner
def begin(state, task):
    """Begin a descent: logits near the prior, a focus, a draw."""
    random, logits, prior, weights = state.random, state.logits, task.prior, state.weights
    _scatter(random, logits.op, prior.op)
    _scatter(random, logits.rs1, prior.rs1)
    _scatter(random, logits.rs2, prior.rs2)
    _scatter(random, logits.out, prior.out)
    focus, total = task.focus[below(random, len(task.focus))], 0.0
    for k in range(WORD_BITS):
        weights[k] = 2.0 ** (-focus * k)
        total += weights[k]
    for k in range(WORD_BITS):
        weights[k] *= WORD_BITS / total
    draw(state, 0.0, 0.0)
    state.last[0] = -1.0
    state.progress[DESCENTS] += 1


@inner
def forward(chosen, functions, start, x):
    """Compute the registers `x` `[R]` from those before the first slot."""
    first = len(x) - len(chosen.op)
    for r in range(first):
        x[r] = start[r]
    for slot in range(len(chosen.op)):
        x[first + slot] = alu(functions[chosen.op[slot]], x[chosen.rs1[slot]], x[chosen.rs2[slot]])


@inner
def backward(state, task, wanted):
    """Add to the scores the derivatives of the weighted wrong bits, at registers as `forward` leaves them."""
    chosen, scores, x, g, table, seed = state.drawn, state.scores, state.x, state.g, state.table, state.seed
    g[:] = 0.0
    for o in range(len(chosen.out)):
        for k in range(WORD_BITS):
            bit = np.float32(wanted[o] >> np.uint32(k) & np.uint32(1))
            seed[k] = state.weights[k] * (np.float32(1) - np.float32(2) * bit)
            g[chosen.out[o], k] += seed[k]
        sums(seed, table)
        now = weigh(table, x[chosen.out[o]])
        for r in range(len(x)):
            if task.prior.out[o, r] > NEVER:
                scores.out[o, r] += weigh(table, x[r]) - now
    first = len(x) - len(chosen.op)
    for slot in range(len(chosen.op) - 1, -1, -1):
        if not _matters(g[first + slot]):
            continue
        sums(g[first + slot], table)
        function, rs1, rs2 = task.functions[chosen.op[slot]], chosen.rs1[slot], chosen.rs2[slot]
        a, b, now = x[rs1], x[rs2], weigh(table, x[first + slot])
        for n in range(len(task.functions)):
            scores.op[slot, n] += weigh(table, alu(task.functions[n], a, b)) - now
        for r in range(first + slot):
            if task.prior.rs1[slot, r] > NEVER:
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
def differ(state, task, e):
    """Wrong bits of the draw on example e, where `forward` left its registers."""
    off = 0
    for o in range(len(state.drawn.out)):
        off += popcount(state.x[state.drawn.out[o]] ^ task.wanted[e, o])
    return off


@inner
def clear(scores):
    """Set all scores to 0."""
    scores.op[:] = 0.0
    scores.rs1[:] = 0.0
    scores.rs2[:] = 0.0
    scores.out[:] = 0.0


@inner
def shuffle(state, count):
    """Put other examples in front."""
    for t in range(count):
        other = t + below(state.random, len(state.order) - t)
        state.order[t], state.order[other] = state.order[other], state.order[t]


@inner
def evaluate(state, task, batch):
    """Scores of the draw over the first `batch` examples; returns wrong bits in all."""
    clear(state.scores)
    wrong = 0
    for e in state.order[:batch]:
        forward(state.drawn, task.functions, task.start[e], state.x)
        wrong += differ(state, task, e)
        backward(state, task, task.wanted[e])
    return wrong


@inner
def _step(logits, prior, scores, drawn, before, rate, forget, credit):
    for row in range(len(logits)):
        if drawn[row] != before[row]:
            logits[row, drawn[row]] += credit
            logits[row, before[row]] -= credit
        for c in range(logits.shape[1]):
            if logits[row, c] > NEVER:
                logits[row, c] += forget * (prior[row, c] - logits[row, c]) - rate * scores[row, c]


@inner
def _learn(state, task, rate, forget, credit):
    logits, prior, scores, drawn, before = state.logits, task.prior, state.scores, state.drawn, state.before
    _step(logits.op, prior.op, scores.op, drawn.op, before.op, rate, forget, credit)
    _step(logits.rs1, prior.rs1, scores.rs1, drawn.rs1, before.rs1, rate, forget, credit)
    _step(logits.rs2, prior.rs2, scores.rs2, drawn.rs2, before.rs2, rate, forget, credit)
    _step(logits.out, prior.out, scores.out, drawn.out, before.out, rate, forget, credit)


@inner
def right(state, task):
    """Whether the draw is right on all examples, and how many instructions were executed to know."""
    total = 0
    for e in state.order:
        forward(state.drawn, task.functions, task.start[e], state.x)
        total += len(state.drawn.op)
        if differ(state, task, e):
            return False, total
    return True, total


@entry
def descend(state, task, schedule, executions, seen):
    """Descend until a draw is right on all examples, or about `executions` are counted; returns how many were.

    seen `[3]` float64: at the end temperature, wrong bits of an example, whether the draw is right. A draw that was right the
    last time ended its descent.
    """
    total, s, each = np.int64(0), schedule, len(state.drawn.op) * (1 + BACKWARD)
    if seen[2]:
        seen[2] = state.progress[ITERATION] = 0
    while total < executions:
        iteration = state.progress[ITERATION]
        if iteration == 0:
            begin(state, task)
        seen[0] = s.first_temperature * (s.last_temperature / s.first_temperature) ** (iteration / s.iterations)
        draw(state, seen[0], s.keep)
        if iteration % s.hold == 0:
            shuffle(state, s.batch)
            state.last[0] = -1.0
        wrong = evaluate(state, task, s.batch)
        total += s.batch * each
        state.progress[ITERATION] = (iteration + 1) % s.iterations
        seen[1] = wrong / s.batch
        if wrong == 0:
            found, ran = right(state, task)
            total += ran
            if found:
                seen[2] = 1.0
                break
        gain = state.last[0] - seen[1] if state.last[0] >= 0 else 0.0
        _learn(state, task, s.rate / s.batch, s.forget, s.credit * gain)
        state.last[0] = seen[1]
    return total
