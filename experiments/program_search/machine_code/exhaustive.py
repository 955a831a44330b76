"""Enumeration for programs with branches or memory: all codes in the order of their length, but for those that a shorter or an
equal one stands for.

Left out are instructions that do nothing, operands of commutative operations and of equality in the other order, codes that
read a scratch register which nothing writes or write one that nothing reads, and codes that name scratch registers in
another order than that of their numbers. A code is run until its first wrong example, and those examples come first that
most codes get wrong.
"""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.codes import unpack
from backends.gpu_compute.compiling import entry
from experiments.program_search.budget import Budget
from experiments.program_search.evaluation import Evaluator, Workspace, cost_of
from experiments.program_search.machine_code.instructions import SlotChoices, empty_code
from experiments.program_search.problem import Problem
from experiments.program_search.space import NOTHING

DEPTH, FINISHED, HIT = range(3)
"""Of a position's `at`: the slot that is filled next, whether there are no more codes, whether it is a code that is right."""
READS, WRITES, SCRATCH, STORES = range(4)
_SLICE, _FEW = 4e6, 6


class Position(NamedTuple):
    """How far an enumeration is: packed `[n + 2]` uint64; chosen `[n]` int64, of each slot the instruction; so_far `[n + 1, 4]`
    int64, reads, writes, scratch registers and stores of the slots before; at `[3]` int64."""

    packed: np.ndarray
    chosen: np.ndarray
    so_far: np.ndarray
    at: np.ndarray

    @classmethod
    def first(cls, length: int) -> "Position":
        return cls(empty_code(length), np.zeros(length, np.int64), np.zeros((length + 1, 4), np.int64), np.zeros(3, np.int64))


class Exhaustive:
    """Runs all codes of choices on examples until one is right."""

    def __init__(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> None:
        self.problem, self.budget, self.evaluator = problem, budget, Evaluator(problem.examples)
        self.order, self.work = rng.permutation(len(problem.examples))[:_FEW], Workspace.of(self.evaluator.cases)

    def search(self, choices: SlotChoices) -> np.ndarray | None:
        """The first code `[L, 5]` of the choices that is right on all examples. Raises Exhausted."""
        length, position = len(choices.packed), Position.first(len(choices.packed))
        while not position.at[FINISHED]:
            executions = self.budget.slice(_SLICE)
            self.budget.spend(_advance(choices, position, self.order, self.evaluator.cases, self.work, executions))
            if position.at[HIT]:
                code = np.array([NOTHING] * self.problem.space.length, np.int32)
                code[:length] = unpack(position.packed[None])[0]
                failed, executed = self.evaluator.failures(code)
                self.budget.spent += executed
                if not len(failed):
                    return code
                self.order = np.append(self.order, failed[0])
                self.budget.check()
        return None


@entry
def _advance(choices, position, order, cases, work, executions):
    """Go on through the codes until one is right, all are done, or about `executions` are executed; returns how many were."""
    packed, chosen, so_far, total, n = (position.packed, position.chosen, position.so_far, np.int64(0), len(position.chosen))
    d = position.at[DEPTH]
    position.at[HIT] = 0
    while total < executions:
        m = chosen[d]
        if m >= choices.packed.shape[1] or choices.packed[d, m] == 0:
            if d == 0:
                position.at[FINISHED] = 1
                break
            d -= 1
            chosen[d] += 1
            continue
        scratch = so_far[d, SCRATCH] | choices.scratch[d, m]
        if scratch & (scratch + 1):  # not named in the order of their numbers
            chosen[d] += 1
            continue
        packed[d] = choices.packed[d, m]
        so_far[d + 1, READS] = so_far[d, READS] | choices.reads[d, m]
        so_far[d + 1, WRITES] = so_far[d, WRITES] | choices.writes[d, m]
        so_far[d + 1, SCRATCH], so_far[d + 1, STORES] = scratch, so_far[d, STORES] | choices.stores[d, m]
        if d + 1 < n:
            d += 1
            chosen[d] = 0
            continue
        chosen[d] += 1
        writes = so_far[n, WRITES]  # all that is written must be read or an output, and some output be written
        if writes & ~(so_far[n, READS] | choices.outputs) == 0 and (so_far[n, STORES] != 0 or writes & choices.outputs != 0):
            cost, executed = cost_of(packed, so_far[n, STORES] != 0, order, cases, work, 0, 0)
            total += executed
            if cost == 0:
                position.at[HIT] = 1
                break
    position.at[DEPTH] = d
    return total
