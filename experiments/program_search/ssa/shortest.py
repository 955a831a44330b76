"""The shortest straight-line program with one output in a register, shown to be the shortest where the search ends.

For each number of instructions all sets of values are tried (`value_sets.py`), on a few examples. A program that is right on
those and wrong on another example adds that one. The space has three levels of constants: those that programs and examples
suggest, the usual ones, and all others. That no shorter program exists is said of the first two, without any other limit.
Before that come parts of the whole space, in the order of what they are expected to cost: few rare constants, few values that
wait to be read, programs of an accumulator machine (`accumulator.py`).

Sources: Massalin, Superoptimizer (1987); Bansal and Aiken (2006).
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import numpy as np

from backends.core import isa
from experiments.program_search import suggestions
from experiments.program_search.budget import Budget
from experiments.program_search.evaluation import Evaluator
from experiments.program_search.problem import Examples, Problem
from experiments.program_search.space import OPERATION, Space
from experiments.program_search.ssa.accumulator import Accumulator
from experiments.program_search.ssa.last_two import BEFORE_LAST, QUICK, UNARY, Goal, Table
from experiments.program_search.ssa.register_allocation import Expression, Leaf, Node, allocate
from experiments.program_search.ssa.value_sets import FINISHED, FULL, HIT, SIZE, Limits, Position, advance, last_two

PLAIN, USUAL, RARE = range(3)
"""Levels of constants."""
USUAL_CONSTANTS = (-4, -2, -1, 0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 255)
_PLAIN_CONSTANTS = (-1, 0, 1)
_PLAIN_SHIFTS, _MORE_SHIFTS = (1, 31), (2, 4, 8, 16)
_PLAIN_AMOUNTS = (16, 24, 28, 30, 31)
"""What a word is shifted by to leave its lowest 16, 8, 4, 2, 1 bits, where the amount is in a register."""
_MOVES = ("addi", "xori", "ori", "add", "sub", "xor", "or")
"""What leaves a value as it is, with 0."""
_COMPARES = ("slt", "sltu")
_DIVIDES = ("div", "divu", "rem", "remu")
_FEW_OPERATIONS = 10
"""With so few there is time for more plain constants."""
_RARER = 3
"""How much later parts with rare constants come, for each level, than their cost says: few programs have any."""
_ANY = 1 << 30
_FEW, _SLICE = 16, 2e7
_FEWER = 0.8
"""Power of the number of sets that an accumulator machine's values are expected to be, as each is kept once; with rare
constants, of which a load makes an operand, ten times as many for each level."""


@dataclass(frozen=True)
class Part:
    """A part of the space, and the sets that it is expected to have. whole: whether it is all of the first two levels.
    accumulator: whether it is an accumulator machine's."""

    limits: Limits
    cost: float
    whole: bool
    accumulator: bool = False


def fits(problem: Problem) -> str | None:
    """Why it cannot take a problem; None where it can."""
    if not problem.on_registers or len(problem.examples.targets) != 1:
        return "its programs have no branches and no memory, and one output in a register"
    if not all(OPERATION[name].computes for name in problem.space.operations):
        return "its operations compute words from words"
    return None


class Shortest:
    """The search on one problem that `fits`. no_shorter: programs of the first two levels have that many at least."""

    def __init__(self, problem: Problem, rng: np.random.Generator) -> None:
        self.examples, self.space = problem.examples, problem.space
        self.evaluator = Evaluator(problem.examples)
        self.rows, self.table = _table(problem.space, problem.examples)
        self.few = _telling(problem.examples, rng)
        self.inputs = tuple(sorted({at.number for at in self.examples.sources if at.number}))
        self.leaves = [Leaf(0), *map(Leaf, self.inputs)]
        self.no_shorter, self.done, self.unsure = 1, set[int](), False
        self.machines: dict[int, Accumulator] = {}
        self.parts = sorted(_parts(self.table, len(self.leaves), self.space.length), key=lambda part: part.cost)

    @property
    def about(self) -> str:
        """The space of which it is said that it has no shorter program."""
        immediates: dict[int, set[int]] = {}
        for (number, _, imm), level in zip(self.rows, self.table.level, strict=True):
            if imm is not None and level <= USUAL and isa.OPERATIONS[number].format != "shift":
                immediates.setdefault(number, set()).add(imm)
        used = set.intersection(*immediates.values()) | {0} if immediates else {0}  # what every one of them may hold
        constants = f"{len(used)} constants from {min(used)} to {max(used)}"
        return f"instructions without branches, {len(self.space.operations)} operations, {constants}"

    def search(self, budget: Budget, below: int, accepts: Callable[[np.ndarray], bool]) -> Iterator[np.ndarray]:
        """Codes `[L, 5]` of fewer than `below` instructions that are right on all examples and accepted, each shorter than the
        one before. Ends when the first two levels have no shorter one. Raises Exhausted."""
        for part in tuple(self.parts):
            if below <= self.no_shorter:
                return
            length = part.limits.instructions
            if self.no_shorter <= length < below:
                code = next((code for code in self._codes(part, budget) if self._accepted(code, accepts)), None)
                if code is not None:
                    below = length
                    yield code
                    continue
                self.done |= {length} if part.whole else set()
                while self.no_shorter in self.done and not self.unsure:
                    self.no_shorter += 1
            self.parts.remove(part)

    def _accepted(self, code: np.ndarray, accepts: Callable[[np.ndarray], bool]) -> bool:
        """Whether it is; if not, another one that does the same on the examples might be."""
        accepted = accepts(code)
        self.unsure |= not accepted
        return accepted

    def _codes(self, part: Part, budget: Budget) -> Iterator[np.ndarray]:
        """Codes of a part that are right; begun anew with one more example where one is wrong on it."""
        space, known = replace(self.space, length=part.limits.instructions), -1
        while known != len(self.few):
            known = len(self.few)
            roots = self._chains if part.accumulator else self._roots
            for root in roots(part.limits, self.examples.take(self.few), budget):
                code = allocate({self.examples.targets[0].number: root}, self.inputs, space)
                if code is None:
                    self.unsure = True
                    continue
                failed, executed = self.evaluator.failures(code)
                budget.spent += executed
                if len(failed):
                    self.few = np.append(self.few, failed[0])
                    break
                yield code

    def _roots(self, limits: Limits, few: Examples, budget: Budget) -> Iterator[Node]:
        """Expressions of a part that are right on a few examples. Raises Exhausted."""
        given, goal = self._task(limits, few)
        position = Position.first(self.table, limits, given)
        if limits.instructions == 1:
            right = (position.values[: position.at[SIZE]] == goal.wanted).all(axis=1)
            for at in np.flatnonzero(right):
                root = self._expression(position, int(at))
                if isinstance(root, Node):
                    yield root
                    continue
                moves = [OPERATION[name] for name in _MOVES if name in self.space.operations]
                self.unsure |= not moves
                yield from (Node(row.number, root, Leaf(0) if row.format == "R" else None, 0) for row in moves[:1])
        while limits.instructions > 1 and not position.at[FINISHED]:
            if limits.instructions == 2:
                executed = last_two(position, self.table, limits, goal)
                position.at[FINISHED] = 1
            else:
                executed = advance(position, self.table, limits, goal, budget.slice(_SLICE))
            budget.spend(executed)
            if position.at[HIT]:
                yield self._root(goal, partial(self._expression, position))
        self.unsure |= bool(position.at[FULL])

    def _task(self, limits: Limits, few: Examples) -> tuple[np.ndarray, Goal]:
        """Zero and the inputs `[I, W]`, and what is wanted, on a few examples."""
        registers = few.registers()
        given = np.stack([registers[:, leaf.register] for leaf in self.leaves])
        wanted = np.ascontiguousarray(few.outputs[:, 0])
        return given, Goal(wanted, np.zeros(6, np.int64), np.zeros(len(given) + limits.instructions, np.uint32))

    def _chains(self, limits: Limits, few: Examples, budget: Budget) -> Iterator[Node]:
        """As `_roots`, of an accumulator machine. What was computed for shorter programs is kept."""
        given, goal = self._task(limits, few)
        known = self.machines.get(limits.levels)
        if known is None or not np.array_equal(known.given, given):
            self.machines[limits.levels] = known = Accumulator(self.table, limits, given)
        for _ in known.programs(limits.instructions, goal, budget.spend):
            values = [*self.leaves, self._held(known, known.layers.now)]
            yield self._root(goal, values.__getitem__)

    def _held(self, known: Accumulator, made: np.ndarray) -> Expression:
        """What the accumulator holds."""
        row, operand, order, before = made.tolist()
        if row < 0:
            return self.leaves[1 + operand]
        own, inputs = self._held(known, known.layers.made[before]), len(self.inputs)
        if operand == UNARY:
            return self._made(row, own, None)
        loaded = operand >= inputs
        other = self._made(known.loaded[operand - inputs], Leaf(0), None) if loaded else self.leaves[1 + operand]
        return self._made(row, *((other, own) if order else (own, other)))

    def _expression(self, position: Position, at: int) -> Expression:
        row, *operands = position.made[at].tolist()
        if row < 0:
            return self.leaves[operands[0]]
        return self._made(row, *(None if k == UNARY else self._expression(position, k) for k in operands))

    def _root(self, goal: Goal, value: Callable[[int], Expression]) -> Node:
        """What the last two instructions, which a goal tells, make of values by their places."""
        row, left, right, last, *operands = goal.hit.tolist()
        before = self._made(row, *(None if k == UNARY else value(k) for k in (left, right)))
        return self._made(last, *(before if k == BEFORE_LAST else None if k == UNARY else value(k) for k in operands))

    def _made(self, row: int, one: Expression | None, two: Expression | None) -> Node:
        number, _, imm = self.rows[row]
        return Node(number, one, two, imm or 0)


def _order(name: str) -> tuple[bool, bool, int]:
    """With a constant before others, quick ones before others, by the operation of registers."""
    binary, form = OPERATION[name].format == "R", OPERATION[name].register_form
    return binary, binary and form not in QUICK, isa.NUMBER[form]


def _table(space: Space, examples: Examples) -> tuple[list[tuple[int, int, int | None]], Table]:
    """Of each row number, level and immediate (None where it has none), and what is compiled of them."""
    few = len(space.operations) <= _FEW_OPERATIONS
    plain, amounts = {*_PLAIN_CONSTANTS, *suggestions.often(examples)}, set(_PLAIN_AMOUNTS if few else ())
    divides = any(OPERATION[name].register_form in _DIVIDES for name in space.operations)
    moduli = suggestions.moduli(examples) if few and divides else set[int]()
    suggested = suggestions.immediates(examples)
    shifts = {*_PLAIN_SHIFTS, *suggestions.shift_amounts(examples), *(_MORE_SHIFTS if few else ())}
    usual, known = {*suggested, *USUAL_CONSTANTS}, {*plain, *amounts, *suggested, *USUAL_CONSTANTS, *space.constants}
    rows: list[tuple[int, int, int | None]] = []
    for name in sorted(space.operations, key=_order):
        row = OPERATION[name]
        if row.format == "R":
            rows.append((row.number, PLAIN, None))
            continue
        shift = row.format == "shift"
        own = plain | (set() if row.register_form in _COMPARES else amounts) | (moduli if row.register_form == "add" else set())
        of_level = [shifts, set(range(1, 32))] if shift else [own, usual, known]
        levels = {c: level for level, constants in reversed(list(enumerate(of_level))) for c in constants}
        rows += sorted(((row.number, level, c) for c, level in levels.items()), key=lambda line: line[1:])
    forms = [isa.NUMBER[isa.OPERATIONS[number].register_form] for number, _, _ in rows]
    unary = sum(imm is not None for *_, imm in rows)
    first, last = (np.array([side(forms[:unary], op.number) for op in isa.OPERATIONS]) for side in (bisect_left, bisect_right))
    table = Table(
        np.array(forms), np.array([imm or 0 for *_, imm in rows], np.int64).astype(np.uint32),
        np.array([level for _, level, _ in rows]), first, last, np.array([isa.OPERATIONS[form].commutative for form in forms]),
        unary, unary + sum(isa.OPERATIONS[form].name in QUICK for form in forms[unary:]),
        any(form in (isa.NUMBER["slt"], isa.NUMBER["sltu"]) for form in forms[unary:]),
    )  # fmt: skip
    return rows, table


def _parts(table: Table, given: int, length: int) -> Iterator[Part]:
    for n in range(1, length + 1):
        yield _part(table, given, Limits(n, USUAL, _ANY, n), True)
        yield _part(table, given, Limits(n, RARE, _ANY, n), False)
        if n > 2:
            for levels, width in product(range(RARE + 1), (1, 2)):
                part = _part(table, given, Limits(n, levels, levels, width), False)
                yield replace(part, cost=part.cost * _RARER**levels)
        if n > 3:
            yield from (_accumulator(table, given, Limits(n, levels, levels, 1)) for levels in range(RARE + 1))


def _part(table: Table, given: int, limits: Limits, whole: bool) -> Part:
    """A part with what it is expected to cost: choices of what is made of the value chosen last, for each level."""
    unary = [int((table.level[: table.unary] == level).sum()) for level in range(limits.level + 1)]
    orders = int((2 - table.commutes[table.unary :]).sum())
    by_levels = np.ones(1)
    for chosen in range(max(1, limits.instructions - 1)):
        choices = np.array(unary, float)
        choices[0] += orders * (given + chosen)
        by_levels = np.convolve(by_levels, choices)[: limits.levels + 1]
    return Part(limits, by_levels.sum() * min(limits.width, 3) ** max(0, limits.instructions - 3), whole)


def _accumulator(table: Table, given: int, limits: Limits) -> Part:
    """The part of an accumulator machine."""
    whole = _part(table, given, limits, False)
    return replace(whole, cost=whole.cost**_FEWER * 10**limits.levels, accumulator=True)


def _telling(examples: Examples, rng: np.random.Generator) -> np.ndarray:
    """A few examples: with different outputs as far as there are, those in front that are neither small nor close to 0."""
    order = rng.permutation(len(examples))
    outputs = examples.outputs[order, 0]
    seen: Counter[int] = Counter()
    times = np.array([seen.update([word]) or seen[word] for word in outputs.tolist()])
    few = order[np.argsort(times, kind="stable")[:_FEW]]
    sizes = np.minimum(examples.outputs[few, 0], ~examples.outputs[few, 0])
    return few[np.argsort(sizes < 256, kind="stable")]
