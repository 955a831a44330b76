"""A Markov chain over codes whose stationary distribution favours those that are nearly right.

Source: Schkufza, Sharma and Aiken, Stochastic Superoptimization (2013): their cost (bits that differ, and a penalty for a right
value in a wrong place), their moves, and their way to accept: the random number is drawn first, so that an evaluation stops
as soon as the proposal is bound to be refused.
"""

import numpy as np

from backends.gpu_compute.codes import entry, inner
from experiments.synthesis.discrete import guided
from experiments.synthesis.discrete.chance import uniform
from experiments.synthesis.discrete.moves import fill, move
from experiments.synthesis.evaluate import WORD_BITS, output_at, popcount, run_case

NEVER = np.int64(1) << np.int64(62)
COST, LEFT, RESTARTS = range(3)
"""Of a chain's progress `[3]` int64: cost of the code it is at (NEVER: to be computed), proposals left until it begins
anew, and how often it began."""


@inner
def luby(i):
    """The i-th number (from 1) of Luby, Sinclair and Zuckerman's restarts: 1 1 2 1 1 2 4 1 1 2 1 1 2 4 8 …"""
    while True:
        k = 1
        while (1 << k) - 1 < i:
            k += 1
        if (1 << k) - 1 == i:
            return 1 << k - 1
        i -= (1 << k - 1) - 1


@inner
def _output_cost(place, wanted, x, memory, registers, misplaced):
    """Bits that differ at the place of an output, or in another register and the penalty for that."""
    least = popcount(output_at(place, x, memory) ^ wanted)
    if place < 32 and least > misplaced >= 0:
        for register in registers:
            if register != 0 and register != place:
                least = min(least, misplaced + popcount(x[register] ^ wanted))
    return least


@inner
def _cost(packed, stores, order, registers, misplaced, wrong, limit, cases, scratch):
    """Cost over the examples `order`, and instructions executed; stops above the limit.

    The example that crossed the limit moves one place forward, so that those which tell codes apart come first.
    """
    starts, memory, words, base, places, wanted, steps = cases
    x, own_memory, own_words = scratch
    cost, total = np.int64(0), np.int64(0)
    for t in range(len(order)):
        e = order[t]
        ended, executed, after = run_case(
            packed, stores, e, starts, memory, words, base, steps, x, own_memory, own_words
        )
        total += executed
        if ended:
            off = np.int64(0)
            for o in range(len(places)):
                off += _output_cost(places[o], wanted[e, o], x, after, registers, misplaced)
            cost += off + wrong * (off > 0)
        else:
            cost += WORD_BITS * len(places) + wrong
        if cost > limit:
            if t:
                order[t], order[t - 1] = order[t - 1], order[t]
            break
    return cost, total


@entry
def walk(
    random, packed, progress, order, tables, cases, scratch, executions, stores, unit, beta, misplaced, wrong, guide, advice,
):  # fmt: skip
    """Walk until the cost is 0, or about `executions` instructions are executed; returns how many were.

    packed `[L + 2]` uint64 and progress `[3]`: the state of the chain. order `[n]` int64: examples that the cost is over.
    unit: proposals between the closest restarts. beta: per bit of cost. misplaced: the penalty; below 0: no such values.
    guide, advice: None, or a `guided.Guide` and (share of moves that it makes, examples it looks at, temperature in bits,
    moves until it looks again).
    """
    registers, kept, runs, total = tables[2], scratch[0], scratch[1:], np.int64(0)
    while total < executions:
        if progress[LEFT] == 0:
            progress[RESTARTS] += 1
            progress[LEFT], progress[COST] = unit * luby(progress[RESTARTS]), NEVER
            fill(random, packed, tables)
            if guide is not None:
                guide.stale[0] = True
        if progress[COST] == NEVER:
            progress[COST], executed = _cost(packed, stores, order, registers, misplaced, wrong, NEVER, cases, runs)
            total += executed
        if progress[COST] == 0:
            break
        for slot in range(len(packed)):
            kept[slot] = packed[slot]
        if guide is not None and uniform(random) <= advice[0]:
            if guide.stale[0] or guide.used[0] >= advice[3]:
                total += guided.score(random, packed, order, advice[1], tables, cases, runs, guide)
                guided.weigh_all(guide, advice[1], advice[2], tables)
                guide.stale[0], guide.used[0] = False, 0
            guide.used[0] += 1
            guided.propose(random, packed, guide, tables)
        else:
            move(random, packed, tables)
        limit = progress[COST] + np.int64(-np.log(uniform(random)) / beta)
        cost, executed = _cost(packed, stores, order, registers, misplaced, wrong, limit, cases, runs)
        total += executed
        progress[LEFT] -= 1
        if cost <= limit:
            progress[COST] = cost
            if guide is not None:
                guide.stale[0] = True
        else:
            for slot in range(len(packed)):
                packed[slot] = kept[slot]
    return total
