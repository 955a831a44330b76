"""Gradient proposals, discrete acceptance: Markov chains over programs in static single assignment form.

A proposal changes one choice of a slot that matters: the substitute is drawn by its score (`kernel.py`), or blindly. It is
accepted as in stochastic search, by what it really costs, over a few examples to which those that tell codes apart are added.
Slots that no output needs change freely; so what a proposal may read is always new.

Sources: Grathwohl et al., Oops I Took a Gradient: Scalable Sampling for Discrete Distributions (2021); Schkufza, Sharma and
Aiken, Stochastic Superoptimization (2013).
"""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.compiling import entry, inner
from experiments.program_search.problem import Problem
from experiments.program_search.random_numbers import below, gumbel, luby, uniform
from experiments.program_search.sliced_search import RESTARTS
from experiments.program_search.space import NEVER
from experiments.program_search.ssa.form_search import RIGHT, TEMPERATURE, WRONG, FormSearch
from experiments.program_search.ssa.kernel import BACKWARD, ITERATION, forward, restart, right, score, wrong_bits

_UNKNOWN = -1.0
_MOST = 64
"""Examples that the cost is over at most."""


class Options(NamedTuple):
    """chains: that take turns. slots: of a program. beta: of the mean cost of an example in bits; this, twice this and four
    times this in turn, from restart to restart. wrong: bits that an example costs more where it is wrong at all. share: of the
    proposals, those by score. temperature: of these, in bits of an example. examples: that the cost is over at first. unit:
    proposals between the closest restarts. idle: share of the proposals that change what no output needs."""

    chains: int = 2
    slots: int = 16
    beta: float = 4.0
    wrong: float = 4.0
    share: float = 0.75
    temperature: float = 0.1
    examples: int = 8
    unit: int = 30_000
    idle: float = 0.2


class Chain(NamedTuple):
    """needed `[L]` bool: slots that an output needs. few `[1]` int64: examples in front of the state's order that the cost is
    over. stale `[1]` bool: the scores are of another program."""

    needed: np.ndarray
    few: np.ndarray
    stale: np.ndarray


class Chains(FormSearch):
    """Markov chains on a problem."""

    def __init__(self, problem: Problem, rng: np.random.Generator, options: Options) -> None:
        super().__init__(problem, rng, count=options.chains, slots=options.slots, focus=(0.0,))
        self.options = options._replace(examples=min(options.examples, len(problem.examples)))
        self.chains = [
            Chain(np.zeros(options.slots, np.bool_), np.array([self.options.examples]), np.ones(1, np.bool_))
            for _ in self.members
        ]

    def advance(self, k: int, executions: int) -> int:
        return _run_chain(self.members[k], self.cases, self.chains[k], self.options, executions, self.reports[k])


@inner
def _mark(chosen, first, needed):
    """Which slots an output needs."""
    needed[:] = False
    for r in chosen.out:
        if r >= first:
            needed[r - first] = True
    for slot in range(len(needed) - 1, -1, -1):
        if needed[slot]:
            for r in (chosen.rs1[slot], chosen.rs2[slot]):
                if r >= first:
                    needed[r - first] = True


@inner
def _cost(state, cases, few, wrong, limit):
    """Cost of the draw over the first `few` examples, and instructions executed; stops above the limit. The example that
    crossed it moves one place forward."""
    total, executed = 0.0, np.int64(0)
    for t in range(few):
        e = state.order[t]
        forward(state, cases, e)
        executed += len(state.chosen.op)
        off = wrong_bits(state, cases, e)
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
def _row(random, needed, wanted, rows):
    """The row to change: of a slot that is needed or not as `wanted`, or of an output, which is always needed."""
    slots = len(needed)
    for _ in range(64):
        at = below(random, rows)
        if at >= 3 * slots:
            if wanted:
                return at
        elif needed[at // 3] == wanted:
            return at % 3 * slots + at // 3
    return 3 * slots + below(random, rows - 3 * slots)


@inner
def _propose(state, cases, chain, options):
    """Change one choice of the draw: (its row, what it was, whether it matters, executions)."""
    random, executed = state.random, np.int64(0)
    idle = uniform(random) <= options.idle
    row = _row(random, chain.needed, not idle, len(state.drawn))
    guided = not idle and uniform(random) <= options.share
    if guided and chain.stale[0]:
        score(state, cases, options.examples)
        executed = options.examples * len(chain.needed) * (1 + BACKWARD)
        chain.stale[0] = False
    held, factor = state.drawn[row], 1.0 / (options.examples * options.temperature) if guided else 0.0
    state.drawn[row] = _other(random, cases.prior[row], state.scores[row], held, factor)
    matters = row >= 3 * len(chain.needed) or chain.needed[row % len(chain.needed)]
    return row, held, matters, executed


@entry
def _run_chain(state, cases, chain, options, executions, report):
    """Go on until a draw is right on all examples, or about `executions` are counted; returns how many were.

    The temperature reported is 1 / beta. A draw that was right the last time ended its chain.
    """
    total, s, first = np.int64(0), options, cases.start.shape[1] - len(chain.needed)
    if report[RIGHT]:
        report[RIGHT] = state.progress[ITERATION] = 0
    beta = s.beta
    while total < executions:
        beta = s.beta * (1 << state.progress[RESTARTS] % 3)
        if state.progress[ITERATION] == 0:
            restart(state, cases)
            state.progress[ITERATION] = s.unit * luby(state.progress[RESTARTS])
            _mark(state.chosen, first, chain.needed)
            chain.stale[0], state.last[0] = True, _UNKNOWN
        few = chain.few[0]
        if state.last[0] == _UNKNOWN:
            state.last[0], executed = _cost(state, cases, few, s.wrong, np.inf)
            total += executed
        if state.last[0] == 0:
            found, ran = right(state, cases)
            total += ran
            if found:
                report[RIGHT] = 1.0
                break
            total += _add_wrong(state, cases, chain)
            continue
        state.progress[ITERATION] -= 1
        row, held, matters, executed = _propose(state, cases, chain, s)
        total += executed
        if not matters:
            continue
        limit = state.last[0] - np.log(uniform(state.random)) * few / beta
        now, executed = _cost(state, cases, few, s.wrong, limit)
        total += executed
        if now <= limit:
            state.last[0], chain.stale[0] = now, True
            _mark(state.chosen, first, chain.needed)
        else:
            state.drawn[row] = held
    report[TEMPERATURE], report[WRONG] = 1 / beta, state.last[0] / chain.few[0]
    return total


@inner
def _add_wrong(state, cases, chain):
    """Put an example that the draw gets wrong among the few, in place of the last one where there are many. Returns the
    instructions executed to find it."""
    few, executed = chain.few[0], np.int64(0)
    for t in range(few, len(state.order)):
        e = state.order[t]
        forward(state, cases, e)
        executed += len(state.chosen.op)
        if wrong_bits(state, cases, e):
            to = min(few, _MOST - 1)
            state.order[t], state.order[to] = state.order[to], e
            state.order[0], state.order[to] = state.order[to], state.order[0]
            chain.few[0] = to + 1
            break
    state.last[0], chain.stale[0] = _UNKNOWN, True
    return executed
