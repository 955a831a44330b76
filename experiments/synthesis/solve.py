"""From examples to a program: the search that the command `solve` runs, and what is kept of it.

A method sees the training rows, and a program counts only if it is right on the held-out rows too, on the hard machine, where
a run may take longer than in the search. Small spaces come before large ones, each with a share of what is left of the budget:
few constants before all, short loops before long ones, and, where nobody says which operations to use, programs without
branches before programs with them.

Where nobody names a method, and an output in a register is wanted of registers, the search for the shortest program without
branches has the first part of the budget, and what is left once a program is found, to look for shorter ones or to show that
there are none.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from backends.interface import UserError
from experiments.program_search import methods
from experiments.program_search.budget import Budget, Exhausted
from experiments.program_search.machine_check import correct
from experiments.program_search.method import Method
from experiments.program_search.methods import portfolio
from experiments.program_search.problem import Examples, Problem
from experiments.program_search.space import BRANCHES, CONSTANTS, STRAIGHT, Space, minimise
from experiments.program_search.ssa import shortest
from experiments.program_search.ssa.shortest import USUAL_CONSTANTS, Shortest
from experiments.synthesis import tasks
from experiments.synthesis.executable import REGISTERS
from experiments.synthesis.table import Table
from experiments.synthesis.tasks.loops import LOOP

DEFAULT_METHOD = "portfolio"
SCRATCH = 3
LOOP_STEPS = 512
_PATIENCE = 16
"""How many times the steps of a run in the search a found program may take on a row."""
_SHORT = 5
"""Instructions of loops that are looked for before longer ones."""
_WARMING = 2e5, 10.0
"""Executions and seconds until all of a method is compiled."""
_SCRATCH_ORDER = (5, 6, 7, 8, 9, 15, 14, 13, 12, 11, 10)
_REPEATED = 3
_ADDRESSES = 8
_FIRST, _FIRST_OF_LOOPS = 0.7, 0.3
"""Of the budget: for the shortest program without branches, where there are no programs with them in question, or are."""
_AGAIN, _AGAIN_S = 0.2, 2.0
"""Of the time that a program took to find, and seconds at least: how long a shorter one is looked for."""


@dataclass(frozen=True)
class Answer:
    """found: whether the code `[L, 5]` is right on every row; else it is the best that fits the training rows and not all
    held-out ones, or None. right `[E]` bool: the rows that it gets right. rejections: how many programs did not hold. shortest:
    the search that looked for shorter programs, or None where that was not done.
    """

    found: bool
    code: np.ndarray | None
    right: np.ndarray
    executions: float
    seconds: float
    rejections: int
    shortest: Shortest | None = None

    @property
    def is_shortest(self) -> bool:
        """Whether it was shown that the space of `shortest` has no program of fewer instructions."""
        return self.code is not None and self.shortest is not None and len(self.code) <= self.shortest.no_shorter


def bound(name: str, **options: str | None) -> Method:
    """A method with these options. Raises UserError for an unknown method, or an option that it does not have."""
    method = methods.get(name)
    given = {key: value for key, value in options.items() if value is not None}
    for key in given:
        if key not in method.option_names:
            raise UserError(f"method {name} has no choice of {key}: leave --{key} out")
    return replace(method, given={**method.given, **given})


def warm(method: Method, choices: Sequence[Space]) -> None:
    """Compile what a method needs, on x + 1, so that the budget is not spent on it. Does nothing where it is compiled for each
    problem anew."""
    task = tasks.get("increment")
    for space in {space.straight: space for space in choices}.values() if method.compiled_once else ():
        small = replace(space, registers=task.space.registers, length=task.space.length)
        rng = np.random.default_rng(0)
        problem = Problem(task.training(rng, 16), small)
        several = method.name == portfolio.METHOD.name
        for one in map(methods.get, [member.method for member in portfolio.members(problem)]) if several else (method,):
            one.search(problem, Budget(*_WARMING), rng)
        if _wants_shortest(method, problem):
            small = replace(small, operations=("addi", "sub"), length=4)
            with suppress(Exhausted):
                list(Shortest(replace(problem, space=small), rng).search(Budget(_WARMING[0]), 5, lambda code: False))


def fitting(method: Method, choices: Sequence[Space], examples: Examples) -> list[Space]:
    """The spaces that a method can search. Raises UserError where it can search none."""
    reasons = [method.fits(Problem(examples, space)) for space in choices]
    if all(reasons):
        raise UserError(f"method {method.name} cannot search this: {reasons[0]}; name another method")
    return [space for space, reason in zip(choices, reasons, strict=True) if reason is None]


def spaces(examples: Examples, length: int, operations: Sequence[str] | None) -> list[Space]:
    """The spaces to search, one after the other."""
    memory = ("lw", "sw") if examples.words_named() else ()
    straight, loops = (*STRAIGHT, "mul", *memory), (*LOOP, "or", "xor", "mul", "divu", "remu", *memory)
    first = [tuple(operations)] if operations else [straight, loops]
    then = first if operations else [straight, straight + BRANCHES]
    few, all_ = (tuple(sorted({*known, *constants(examples)})) for known in (USUAL_CONSTANTS, CONSTANTS))
    usable, words = registers(examples), addresses(examples)
    made = [Space(names, usable, length, few, words) for names in first]
    homes = registers(examples, SCRATCH + len(words))
    made = [replace(space, registers=homes) if space.straight else space for space in made]
    short = [replace(space, length=_SHORT) for space in made if not space.straight and length > _SHORT]
    whole = [Space(names, usable, length, all_, words) for names in then]
    return sorted([*short, *made], key=lambda space: (not space.straight, space.length)) + whole


def registers(examples: Examples, scratch: int = SCRATCH) -> tuple[int, ...]:
    """zero, the registers of the examples, and up to so many more."""
    named = examples.registers_named()
    assert named <= set(REGISTERS)
    spare = [number for number in _SCRATCH_ORDER if number not in named][:scratch]
    return (0, *sorted(named | set(spare)))


def constants(examples: Examples) -> set[int]:
    """Immediates that the examples suggest: the first address, and output values that occur often, where they fit 12 bits."""
    values = Counter(examples.outputs.view(np.int32).ravel().tolist())
    often = {value for value, times in values.items() if times >= _REPEATED}
    return {constant for constant in often.union(addresses(examples)[:1]) if -2048 <= constant < 2048}


def addresses(examples: Examples) -> tuple[int, ...]:
    """Addresses of the first words of memory that the examples name, where they fit 12 bits."""
    return tuple(address for address in examples.words_named()[:_ADDRESSES] if address < 2048)


def solve(
    table: Table, method: Method, choices: Sequence[Space], total: Budget, seed: int, loop_steps: int = LOOP_STEPS
) -> Answer:
    """Search space after space until a program is right on every row of the table, or the budget has ended."""
    rng = np.random.default_rng(seed)
    search = _shortest(table, method, choices, rng)
    if search is not None:
        answer = _first(table, search, choices, total)
        if answer is not None:
            return answer
    rejected: list[tuple[np.ndarray | None, np.ndarray]] = [(None, np.zeros(len(table.lines), bool))]
    for i, space in enumerate(choices):
        examples = replace(table.examples, steps=space.length if space.straight else loop_steps)
        patient = replace(examples, steps=_PATIENCE * examples.steps)
        problem = Problem(examples.take(~table.held_out), space)
        budget = total.part(_weight(space) / sum(map(_weight, choices[i:])))
        for code in _candidates(method, problem, budget, rng):
            right = _right(patient, code)
            if right.all():
                total.spent += budget.spent
                code = _shortened(method, code, problem, patient, total, rng)
                of_straight = search if space.straight else None
                if of_straight is not None:
                    code = _improved(of_straight, code, patient, total)
                return Answer(True, code, right, total.spent, total.elapsed_s, len(rejected) - 1, of_straight)
            rejected.append((code, right))
        total.spent += budget.spent
    best, right = max(rejected, key=lambda one: one[1].sum())
    return Answer(False, best, right, total.spent, total.elapsed_s, len(rejected) - 1)


def _wants_shortest(method: Method, problem: Problem) -> bool:
    return method.name == portfolio.METHOD.name and shortest.fits(problem) is None


def _shortest(table: Table, method: Method, choices: Sequence[Space], rng: np.random.Generator) -> Shortest | None:
    """The search for the shortest program of the first space without branches, with all registers; None if there is none."""
    examples = table.examples.take(~table.held_out)
    for space in choices:
        problem = Problem(replace(examples, steps=space.length), replace(space, registers=registers(examples, len(REGISTERS))))
        if _wants_shortest(method, problem):
            return Shortest(replace(problem, space=replace(problem.space, constants=CONSTANTS)), rng)
    return None


def _first(table: Table, search: Shortest, choices: Sequence[Space], total: Budget) -> Answer | None:
    """A program that the search finds in its part of the budget, then as short as the rest of it allows."""
    patient = replace(table.examples, steps=_PATIENCE * search.space.length)
    budget = total.part(_FIRST if all(space.straight for space in choices) else _FIRST_OF_LOOPS)
    code = None
    with suppress(Exhausted):
        code = next(search.search(budget, search.space.length + 1, partial(_all_right, patient)), None)
    total.spent += budget.spent
    if code is None:
        return None
    code = _improved(search, code, patient, total)
    return Answer(True, code, _right(patient, code), total.spent, total.elapsed_s, 0, search)


def _improved(search: Shortest, code: np.ndarray, patient: Examples, total: Budget) -> np.ndarray:
    """The shortest program that the rest of the budget finds."""
    with suppress(Exhausted):
        for shorter in search.search(total, len(code), partial(_all_right, patient)):
            code = shorter
    return code


def _weight(space: Space) -> int:
    """The share of the budget that a space has, beside others: loops take longer to find."""
    return 1 if space.straight else 3


def _shortened(
    method: Method, code: np.ndarray, problem: Problem, patient: Examples, total: Budget, rng: np.random.Generator
) -> np.ndarray:
    """The shortest program right on every row that is found in a little more time."""
    code = minimise(code, partial(_all_right, patient))
    while len(code) > 1 and not total.ended:
        problem = replace(problem, space=replace(problem.space, length=len(code) - 1))
        seconds = min(total.left_s, max(_AGAIN_S, _AGAIN * total.elapsed_s))
        budget = Budget(total.left, seconds)
        right = (c for c in _candidates(method, problem, budget, rng) if len(c) < len(code) and _all_right(patient, c))
        shorter = next(right, None)
        total.spent += budget.spent
        if shorter is None:
            break
        code = minimise(shorter, partial(_all_right, patient))
    return code


def _candidates(method: Method, problem: Problem, budget: Budget, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Programs that a method finds within a budget, until it finds none or the same again."""
    last = None
    while not budget.ended:
        code = method.search(problem, budget, rng).code
        if code is None or (last is not None and np.array_equal(code, last)):
            return
        yield code
        last = code


def _right(examples: Examples, code: np.ndarray) -> np.ndarray:
    """`[E]` bool, the rows that are right on the hard machines, both of them."""
    return correct(examples, code, "gpu_compute") & correct(examples, code, "reference")


def _all_right(examples: Examples, code: np.ndarray) -> bool:
    return bool(_right(examples, code).all())
