"""Straight-line programs on words of memory, as programs on registers: the words are loaded first and stored last.

What computes between is looked for as any other program on registers is. Words that it does not read are not loaded in the end,
and words that it does not change are not stored.
"""

from dataclasses import replace

import numpy as np

from backends.core import isa
from experiments.program_search import methods
from experiments.program_search.evaluation import Evaluator
from experiments.program_search.method import Budget, Method, NoOptions, Outcome, Problem
from experiments.program_search.problem import Location, memory
from experiments.program_search.space import NOTHING, OP, RD, RS1, RS2, minimise

_BETWEEN = "portfolio"


def fits(problem: Problem) -> str | None:
    """Why it cannot take a problem; None where it can."""
    space, words = problem.space, problem.examples.words_named()
    if not space.straight or not {"lw", "sw"} < set(space.operations) or space.length < 2:
        return "its programs have no branches, lw, sw and other operations, and two slots or more"
    if not set(words) <= set(space.immediates("lw", 0)):
        return "its words of memory lie where no load from zero reaches"
    return None if len(words) <= len(_free(problem)) else "there are fewer registers than words of memory"


def run(problem: Problem, budget: Budget, rng: np.random.Generator, _: NoOptions) -> Outcome:
    """The first program that is short enough with its loads and stores."""
    examples, space = problem.examples, problem.space
    words = (memory(address) for address in examples.words_named())
    home = dict(zip(words, _free(problem), strict=False))
    sources, targets = (
        tuple(Location("register", home[at]) if at in home else at for at in places)
        for places in (examples.sources, examples.targets)
    )
    in_registers = replace(examples, sources=sources, targets=targets)
    computing = tuple(name for name in space.operations if name not in ("lw", "sw"))
    evaluator, slots, restarts = Evaluator(in_registers), space.length - 1, 0

    def right(code: np.ndarray) -> bool:
        failed, executed = evaluator.failures(code)
        budget.spent += executed
        return not len(failed)

    while slots > 0:
        between = replace(space, operations=computing, length=slots, addresses=())
        found = methods.get(_BETWEEN).search(Problem(in_registers, between), budget, rng)
        restarts += found.restarts
        if found.code is None:
            break
        shorter = minimise(found.code, right)
        code = _whole(shorter, home, problem)
        if len(code) <= space.length:
            rest = [NOTHING] * (space.length - len(code))
            return Outcome(np.array([*code.tolist(), *rest], np.int32), restarts)
        slots = len(shorter) - (len(code) - space.length)
    return Outcome(None, restarts)


def _free(problem: Problem) -> list[int]:
    """Registers that examples do not name."""
    named = problem.examples.registers_named()
    return [register for register in problem.space.registers if register and register not in named]


def _whole(between: np.ndarray, home: dict[Location, int], problem: Problem) -> np.ndarray:
    """The code with its loads before it and its stores behind."""
    forms = np.array([isa.FORMATS[isa.OPERATIONS[number].format] for number in between[:, OP]])
    written = set(between[forms[:, 0], RD].tolist())
    examples = problem.examples
    stored = [at for at in examples.targets if at in home and (home[at] in written or at not in examples.sources)]
    read = {home[at] for at in stored} | set(between[:, [RS1, RS2]][forms[:, 1:]].tolist())
    loads = [(isa.NUMBER["lw"], home[at], 0, 0, at.number) for at in examples.sources if home.get(at) in read]
    stores = [(isa.NUMBER["sw"], 0, 0, home[at], at.number) for at in stored]
    return np.array([*loads, *between.tolist(), *stores], np.int32)


METHOD = Method("loaded", "discrete", "words of memory in registers first", run, rate=5e7, fits=fits)
