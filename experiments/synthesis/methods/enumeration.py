"""Enumeration: of values for straight-line programs on registers, of codes in the order of their length for all others.

`discrete/values.py` and `discrete/odometer.py` say how. It ends when the space is searched, when memory for values is full,
or with the budget.
"""

import numpy as np

from backends.core import cores
from backends.gpu_compute.codes import pack, unpack
from experiments.synthesis.discrete import odometer
from experiments.synthesis.discrete.odometer import FINISHED, HIT, PLAIN, Menu
from experiments.synthesis.discrete.values import Values
from experiments.synthesis.evaluate import Evaluator, scratch
from experiments.synthesis.language import NOTHING
from experiments.synthesis.search import Budget, Exhausted, Outcome, Problem

_CHUNK, _FEW = 4e6, 6


def search(problem: Problem, budget: Budget, rng: np.random.Generator) -> Outcome:
    """Values where the space computes with registers alone, else codes."""
    registers_only = all(at.kind == "register" for at in problem.examples.targets)
    by_values = problem.space.straight and not problem.space.has_memory and registers_only
    try:
        return Outcome((Values if by_values else _Codes)(problem, budget, rng).search())
    except Exhausted:
        return Outcome(None)


class _Codes:
    def __init__(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> None:
        self.problem, self.budget, self.evaluator = problem, budget, Evaluator(problem.examples)
        self.order = rng.permutation(len(problem.examples))[:_FEW]

    def search(self) -> np.ndarray | None:
        """The first code that is right on all examples: smaller sets of codes of one length first. Raises Exhausted."""
        space, examples = self.problem.space, self.problem.examples
        lengths = range(1, space.length + 1)
        menus = [Menu.of(space, examples, n, constants) for n in lengths for constants in (PLAIN, None)]
        for menu in sorted(menus, key=lambda menu: menu.packed.shape[0] * np.log(menu.packed.shape[1] + 1)):
            if (code := self._through(menu)) is not None:
                return code
        return None

    def _through(self, menu: Menu) -> np.ndarray | None:
        """Try every code of a menu, each core its share."""
        length, cases, threads = len(menu.packed), self.evaluator.cases, cores.threads()
        chosen = [np.zeros(length, np.int64) for _ in range(threads)]
        so_far = [np.zeros((length + 1, 4), np.int64) for _ in range(threads)]
        place, rooms = np.zeros((threads, 3), np.int64), [scratch(length, cases) for _ in range(threads)]
        for thread in range(threads):
            rooms[thread][0][:] = pack(np.array([[NOTHING] * length], np.int32))[0]
            chosen[thread][0] = thread
        orders = [self.order.copy() for _ in range(threads)]

        def work(part: slice) -> int:
            t = part.start
            if place[t, FINISHED]:
                return 0
            state = chosen[t], so_far[t], place[t], threads, orders[t]
            return odometer.turn(menu, *state, cases.arguments(), rooms[t], executions)

        while not place[:, FINISHED].all():
            executions = int(min(_CHUNK, (self.budget.evaluations - self.budget.spent) / threads)) + 1
            self.budget.spend(sum(cores.share(work, threads, threads)))
            for t in np.flatnonzero(place[:, HIT]):
                code = np.array([NOTHING] * self.problem.space.length, np.int32)
                code[:length] = unpack(rooms[t][0][None])[0]
                failed, executed = self.evaluator.failures(code)
                if not len(failed):
                    self.budget.spent += executed
                    return code
                orders = [np.append(order, failed[0]) for order in orders]
                self.budget.spend(executed)
        return None
