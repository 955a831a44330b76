"""Gradient proposals, discrete acceptance: a Markov chain over the hard programs of a frame.

One backward pass (`vertices.py`) scores every substitute of every choice of the program that the chain is at. A proposal
changes one choice of a slot that matters: the substitute is drawn by its score, or blindly. It is accepted as in stochastic
search, by what it really costs, over a few examples to which those that tell codes apart are added. Slots that no output needs
change freely; so what a proposal may read is always new.

Sources: Grathwohl et al., Oops I Took a Gradient: Scalable Sampling for Discrete Distributions (2021); Schkufza, Sharma and
Aiken, Stochastic Superoptimization (2013).
"""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.codes import entry, inner
from experiments.synthesis.discrete.chain import luby
from experiments.synthesis.discrete.chance import below, gumbel, uniform
from experiments.synthesis.gradient.programs import NEVER
from experiments.synthesis.gradient.vertices import (
    BACKWARD,
    DESCENTS,
    ITERATION,
    begin,
    differ,
    evaluate,
    forward,
    right,
)

OP, RS1, RS2, OUT = range(4)
"""Fields of a choice, as `vertices.Fields` has them."""
_UNKNOWN = -1.0
_MOST = 64
"""Examples that the cost is over at most."""


class Settings(NamedTuple):
    """beta: of the mean cost of an example in bits; this, twice this and four times this in turn, from restart to restart.
    wrong: bits that an example costs more where it is wrong at all. share: of the proposals, those by score. temperature: of
    these, in bits of an example. examples: that the cost is over at first. unit: proposals between the closest restarts.
    idle: share of the proposals that change what no output needs."""

    beta: float = 4.0
    wrong: float = 4.0
    share: float = 0.75
    temperature: float = 0.1
    examples: int = 8
    unit: int = 30_000
    idle: float = 0.2


class Walk(NamedTuple):
    """needed `[L]` bool: slots that an output needs. few `[1]` int64: examples in front of the state's order that the cost is
    over. stale `[1]` bool: the scores are of another program."""

    needed: np.ndarray
    few: np.ndarray
    stale: np.ndarray


@inner
def mark(drawn, first, needed):
    """Which slots an output needs."""
    needed[:] = False
    for r in drawn.out:
        if r >= first:
            needed[r - first] = True
    for slot in range(len(needed) - 1, -1, -1):
        if needed[slot]:
            for r in (drawn.rs1[slot], drawn.rs2[slot]):
                if r >= first:
                    needed[r - first] = True


@inner
def cost(state, task, few, wrong, limit):
    """Cost of the draw over the first `few` examples, and instructions executed; stops above the limit. The example that
    crossed it moves one place forward."""
    total, executed = 0.0, np.int64(0)
    for t in range(few):
        e = state.order[t]
        forward(state.drawn, task.functions, task.start[e], state.x)
        executed += len(state.drawn.op)
        off = differ(state, task, e)
        total += off + wrong * (off > 0)
        if total > limit:
            if t:
                state.order[t], state.order[t - 1] = state.order[t - 1], e
            break
    return total, executed


@inner
def _other(random, prior, scores, held, factor):
    """A choice other than the one held: the greatest of prior less factor times score, plus noise."""
    best, chosen = -np.inf, held
    for c in range(len(prior)):
        if c != held and prior[c] > NEVER:
            value = prior[c] - factor * scores[c] + gumbel(random)
            if value > best:
                best, chosen = value, c
    return chosen


@inner
def _row(random, needed, wanted, outputs):
    """(field, row) to change: of a slot that is needed or not as `wanted`, or of an output, which is always needed."""
    rows = 3 * len(needed) + outputs
    for _ in range(64):
        at = below(random, rows)
        if at >= 3 * len(needed):
            if wanted:
                return OUT, at - 3 * len(needed)
        elif needed[at // 3] == wanted:
            return at % 3, at // 3
    return OUT, below(random, outputs)


@inner
def _substitute(state, task, field, row, factor):
    """Change a choice; returns what it was."""
    random, drawn, prior, scores = state.random, state.drawn, task.prior, state.scores
    if field == OP:
        held = drawn.op[row]
        drawn.op[row] = _other(random, prior.op[row], scores.op[row], held, factor)
    elif field == RS1:
        held = drawn.rs1[row]
        drawn.rs1[row] = _other(random, prior.rs1[row], scores.rs1[row], held, factor)
    elif field == RS2:
        held = drawn.rs2[row]
        drawn.rs2[row] = _other(random, prior.rs2[row], scores.rs2[row], held, factor)
    else:
        held = drawn.out[row]
        drawn.out[row] = _other(random, prior.out[row], scores.out[row], held, factor)
    return held


@inner
def _restore(drawn, field, row, held):
    if field == OP:
        drawn.op[row] = held
    elif field == RS1:
        drawn.rs1[row] = held
    elif field == RS2:
        drawn.rs2[row] = held
    else:
        drawn.out[row] = held


@entry
def walk(state, task, chain, settings, executions, seen):
    """Walk until a draw is right on all examples, or about `executions` are counted; returns how many were.

    seen `[3]` float64: at the end 1 / beta, the cost of an example, whether the draw is right. One that was right the last
    time ended its chain.
    """
    total, s, first = np.int64(0), settings, task.start.shape[1] - len(state.drawn.op)
    slots, random = len(state.drawn.op), state.random
    if seen[2]:
        seen[2] = state.progress[ITERATION] = 0
    beta = s.beta
    while total < executions:
        beta = s.beta * (1 << state.progress[DESCENTS] % 3)
        if state.progress[ITERATION] == 0:
            begin(state, task)
            state.progress[ITERATION] = s.unit * luby(state.progress[DESCENTS])
            mark(state.drawn, first, chain.needed)
            chain.stale[0], state.last[0] = True, _UNKNOWN
        few = chain.few[0]
        if state.last[0] == _UNKNOWN:
            state.last[0], executed = cost(state, task, few, s.wrong, np.inf)
            total += executed
        if state.last[0] == 0:
            found, ran = right(state, task)
            total += ran
            if found:
                seen[2] = 1.0
                break
            total += _add_wrong(state, task, chain)
            continue
        state.progress[ITERATION] -= 1
        idle = uniform(random) <= s.idle
        field, row = _row(random, chain.needed, not idle, len(state.drawn.out))
        guided = not idle and uniform(random) <= s.share
        if guided and chain.stale[0]:
            evaluate(state, task, s.examples)
            total += s.examples * slots * (1 + BACKWARD)
            chain.stale[0] = False
        held = _substitute(state, task, field, row, 1.0 / (s.examples * s.temperature) if guided else 0.0)
        if field != OUT and not chain.needed[row]:
            continue
        limit = state.last[0] - np.log(uniform(random)) * few / beta
        now, executed = cost(state, task, few, s.wrong, limit)
        total += executed
        if now <= limit:
            state.last[0], chain.stale[0] = now, True
            mark(state.drawn, first, chain.needed)
        else:
            _restore(state.drawn, field, row, held)
    seen[0], seen[1] = 1 / beta, state.last[0] / chain.few[0]
    return total


@inner
def _add_wrong(state, task, chain):
    """Put an example that the draw gets wrong among the few, in place of the last one where there are many. Returns the
    instructions executed to find it."""
    few, executed = chain.few[0], np.int64(0)
    for t in range(few, len(state.order)):
        e = state.order[t]
        forward(state.drawn, task.functions, task.start[e], state.x)
        executed += len(state.drawn.op)
        if differ(state, task, e):
            to = min(few, _MOST - 1)
            state.order[t], state.order[to] = state.order[to], e
            state.order[0], state.order[to] = state.order[to], state.order[0]
            chain.few[0] = to + 1
            break
    state.last[0], chain.stale[0] = _UNKNOWN, True
    return executed
