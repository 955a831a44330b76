"""Enumeration for straight-line programs on registers: values from the inputs up, meeting goals from the outputs down.

What is equal on a few examples need not be equal on all: when a code is right on the few and wrong on another example, that one
joins the few and the enumeration begins anew.

Values are made in the order of their weight: an instruction weighs 1, one with an immediate that programs rarely hold 2, and a
value as much as its operands and its instruction. A goal is an output, or what an output becomes when a sum, difference or
exclusive or with a light value is undone. After each weight, goals are also sought as the sum, difference, exclusive or,
conjunction or disjunction of two stored values, found by hashing or by filtering instead of trying all pairs.

Sources: Udupa et al., TRANSIT (2013), for observational equivalence; Bansal and Aiken (2006) for enumeration of instructions.
"""

from collections.abc import Iterable, Iterator
from itertools import islice, product

import numpy as np

from backends.core import isa
from experiments.synthesis.discrete import bank as banks
from experiments.synthesis.discrete.allocate import Expression, Leaf, Node, allocate
from experiments.synthesis.discrete.bank import LEFT, RIGHT, Bank
from experiments.synthesis.evaluate import WORD_BITS, Evaluator
from experiments.synthesis.language import Space
from experiments.synthesis.search import Budget, Problem
from experiments.synthesis.task import Examples

_CAPACITY = 12_000_000
"""Values stored, in about a gigabyte."""
_CHUNK = 4e6
"""Executions between looks at the budget."""
_KEPT = 12
"""Expressions kept of each output where there are several."""
_PLAIN = (-1, 0, 1, 2, 4, 31, 16, 8)
_COMMUTATIVE = ("add", "and", "or", "xor", "mul", "mulh", "mulhu")
_KINDS = ("add", "sub", "sub", "xor", "and", "or")
"""The operation of the kinds of hits that `bank.invert` and `bank.cover` report."""
_FEW, _MANY, _FILTERED = 8, 24, 8000


class Values:
    """The search on one problem."""

    def __init__(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> None:
        self.examples, self.space, self.budget = problem.examples, problem.space, budget
        self.evaluator, self.table = Evaluator(problem.examples), Instructions(problem.space)
        self.hits = np.zeros((512, 4), np.int32)
        telling = min(len(np.unique(column)) for column in self.examples.outputs.T) > _FEW // 2
        self.few = _telling(self.examples, rng)[: _FEW if telling else _MANY]

    def search(self) -> np.ndarray | None:
        """A code that is right on all examples, or None where nothing new can be made or stored. Raises Exhausted."""
        while True:
            try:
                self._begin(self.examples.take(self.few))
                return self._enumerate()
            except _Refuted as refuted:
                self.few = np.append(self.few, refuted.args[0])

    def _begin(self, few: Examples) -> None:
        self.width, self.room = len(few), banks.room(len(few))
        self.sources = tuple(at.number for at in few.sources if at.kind == "register")
        self.targets = tuple(at.number for at in few.targets)
        self.leaves = [Leaf(0), *map(Leaf, self.sources)]
        self.bank, self.goals = Bank.empty(_CAPACITY, self.width), Bank.empty(1 << 14, self.width)
        registers = few.registers()
        banks.add(self.bank, np.stack([registers[:, 0], *(registers[:, r] for r in self.sources)]))
        banks.add(self.goals, np.ascontiguousarray(few.outputs.T))
        self.levels = [(0, self.bank.size)]
        self.outputs = self.light_goals = self.goals.size
        self.undone = [(-1, 0, 0)] * self.outputs
        self.goal_of = [self._equal(self.goals, column)[0] for column in few.outputs.T]
        self.found: list[list[Expression]] = [[] for _ in self.targets]

    def _enumerate(self) -> np.ndarray | None:
        self._undo(0)
        start = [(goal, at) for goal in range(self.outputs) for at in self._equal(self.bank, self.goals.values[goal])]
        if (code := self._right((goal, self.leaves[self.bank.made[at, 1]]) for goal, at in start)) is not None:
            return code
        for weight in range(1, 2 * self.space.length + 1):
            for executed in self._forward(weight):
                self.budget.spend(executed)
                if (code := self._right(self._met_forward())) is not None:
                    return code
            self.levels.append((self.levels[-1][1], self.bank.size))
            if weight == 1:
                self._undo(1)
            for executed in self._meet(weight):
                self.budget.spend(executed)
                if (code := self._right(self._met_between())) is not None:
                    return code
            if self.levels[-1][0] == self.bank.size or self.bank.size == _CAPACITY:
                return None
        return None

    def _equal(self, bank: Bank, value: np.ndarray) -> list[int]:
        return np.flatnonzero((bank.values[: bank.size] == value).all(axis=1)).tolist()

    def _undo(self, weight: int) -> None:
        """New goals: what the outputs become when an operation with a value of this weight is undone."""
        first, last = self.levels[weight]
        light = self.bank.values[first:last]
        for parent in range(self.outputs):
            goal = self.goals.values[parent].copy()
            before = (goal - light, goal + light, light - goal, goal ^ light)
            for kind, values in enumerate(before):
                if _KINDS[kind] in self.space.operations and self.goals.size < 1 << 13:
                    known = self.goals.size
                    banks.add(self.goals, values)
                    self.undone += [(parent, kind, first + int(k)) for k in self.goals.made[known : self.goals.size, 1]]
                    self.budget.spend(values.size)
        if weight == 0:
            self.light_goals = self.goals.size

    def _forward(self, weight: int) -> Iterator[int]:
        """Make the values of a weight, in pieces; yields executions."""
        every, table = self.levels, self.table
        unary = [(codes, every[weight - cost]) for codes, cost in ((table.plain, 1), (table.rare, 2)) if cost <= weight]
        if weight == 1:
            unary.append((table.upper, (0, 1)))
        for codes, lefts in unary:
            for code, rows in codes:
                yield from self._extend(code, rows, lefts, (0, 1), False)
        for light in range((weight + 1) // 2):
            heavy = weight - 1 - light
            for code, rows in table.binary:
                yield from self._extend(code, rows, every[light], every[heavy], light == heavy)

    def _extend(
        self, code: np.ndarray, rows: np.ndarray, lefts: tuple[int, int], rights: tuple[int, int], triangle: bool
    ) -> Iterator[int]:
        pairs = max(1, int(_CHUNK / (len(rows) * self.width)))
        for first in range(*rights, rights[1] - rights[0] if triangle else pairs) if rights[0] < rights[1] else ():
            some = first, rights[1] if triangle else min(first + pairs, rights[1])
            step = max(1, pairs // (some[1] - some[0]))
            for left in range(*lefts, step):
                part = left, min(left + step, lefts[1])
                self.hits[0, 0] = 0
                done = banks.extend(self.bank, self.goals, code, rows, part, some, triangle, self.room, self.hits)
                yield done * len(rows) * self.width

    def _meet(self, weight: int) -> Iterator[int]:
        """Look for goals as two stored values, one of them of this weight; yields executions."""
        goals = self.goals.size if weight <= 2 else self.light_goals
        step = max(1, int(_CHUNK / (4 * goals * self.width)))
        first, last = self.levels[weight]
        for left in range(first, last, step):
            part = left, min(left + step, last)
            self.hits[0, 0] = 0
            banks.invert(self.bank, self.goals, (0, goals), part, self.room[1][0], self.hits)
            yield 4 * goals * self.width * (part[1] - part[0])
        for goal, kind in product(range(self.light_goals), (4, 5)):
            if _KINDS[kind] in self.space.operations:
                self.hits[0, 0] = 0
                pairs = banks.cover(
                    self.bank, self.goals, goal, last, kind == 5, np.empty(_FILTERED, np.int32), self.hits
                )
                yield last + pairs

    def _hits(self) -> list[list[int]]:
        return self.hits[1 : 1 + self.hits[0, 0]].tolist()

    def _met_forward(self) -> Iterator[tuple[int, Expression]]:
        for goal, row, left, right in self._hits():
            yield goal, self.table.node(row, self._expression(left), self._expression(right))

    def _met_between(self) -> Iterator[tuple[int, Expression]]:
        for goal, kind, left, right in self._hits():
            if _KINDS[kind] in self.space.operations:
                a, b = self._expression(left), self._expression(right)
                yield goal, self.table.folded(_KINDS[kind], *((b, a) if kind == 2 else (a, b)))

    def _expression(self, at: int) -> Expression:
        row, left, right = self.bank.made[at].tolist()
        if row < 0:
            return self.leaves[left]
        return self.table.node(row, self._expression(left), self._expression(right))

    def _output(self, goal: int, expression: Expression) -> tuple[int, Expression]:
        """The output that a goal came from, and the expression of that, from the goal's."""
        parent, kind, other = self.undone[goal]
        if parent < 0:
            return goal, expression
        with_ = self._expression(other)
        operands = (with_, expression) if kind == 2 else (expression, with_)
        return self._output(parent, self.table.folded(_KINDS[kind], *operands))

    def _right(self, met: Iterable[tuple[int, Expression]]) -> np.ndarray | None:
        """A code that is right on all examples, out of the expressions that goals were just met by."""
        codes = []
        for goal, expression in dict.fromkeys(self._output(*m) for m in met):
            for output in [o for o, wanted in enumerate(self.goal_of) if wanted == goal]:
                others = [self.found[o] if o != output else [expression] for o in range(len(self.targets))]
                for chosen in islice(product(*others), _KEPT**2):
                    code = allocate(dict(zip(self.targets, chosen, strict=True)), self.sources, self.space)
                    codes += [code] if code is not None else []
                self.found[output] = [*self.found[output], expression][:_KEPT]
        if not codes:
            return None
        scores = self.evaluator.score(np.stack(codes))
        right = np.flatnonzero(scores.right == len(self.evaluator))
        if len(right):
            self.budget.spent += scores.executed
            return codes[right[0]]
        self.budget.spend(scores.executed)
        found, ended = self.evaluator.outputs(np.stack(codes[:_KEPT]))
        wrong = (~ended | (found != self.examples.outputs).any(axis=2)).sum(axis=0)
        raise _Refuted(np.argsort(-wrong, kind="stable")[:2])


class _Refuted(Exception):
    """Codes were right on the few examples and not on all; holds the examples `[2]` that most of them get wrong."""


def _telling(examples: Examples, rng: np.random.Generator) -> np.ndarray:
    """Places of all examples: in turn one whose words have the most ones and zeros, and a random one."""
    ones = np.bitwise_count(np.concatenate([examples.inputs, examples.outputs], axis=1)).astype(int)
    mixed = np.argsort(-np.minimum(ones, WORD_BITS - ones).sum(axis=1), kind="stable")
    both = np.stack([mixed, rng.permutation(len(examples))], axis=1).ravel()
    return both[np.sort(np.unique(both, return_index=True)[1])]


class Instructions:
    """What the space computes with, as packed codes and rows `[K]` int32 of one table: of two operands, of one with a plain or
    a rare immediate, and of none."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.lines: list[tuple[int, int, int, int, int]] = []
        groups: dict[str, list[tuple[int, int, int, int, int]]] = {"binary": [], "plain": [], "rare": [], "upper": []}
        for name in space.operations:
            row = isa.OPERATIONS[isa.NUMBER[name]]
            if row.format == "R":
                groups["binary"].append((row.number, 0, LEFT, RIGHT, 0))
                if name not in _COMMUTATIVE:
                    groups["binary"].append((row.number, 0, RIGHT, LEFT, 0))
            elif row.format in ("I", "shift"):
                for imm in space.immediates(name, 0):
                    groups["plain" if imm in _PLAIN else "rare"].append((row.number, 0, LEFT, 0, imm))
            else:
                groups["upper"] += [(row.number, 0, 0, 0, imm) for imm in space.immediates(name, 0)]
        self.binary, self.plain, self.rare, self.upper = (self._codes(lines) for lines in groups.values())

    def _codes(self, lines: list[tuple[int, int, int, int, int]]) -> list[tuple[np.ndarray, np.ndarray]]:
        codes = []
        for first in range(0, len(lines), banks.RESULTS):
            some = lines[first : first + banks.RESULTS]
            rows = np.arange(len(self.lines), len(self.lines) + len(some), dtype=np.int32)
            self.lines += some
            codes.append((banks.packed(np.array(some, np.int32)), rows))
        return codes

    def node(self, row: int, left: Expression, right: Expression) -> Node:
        """What a row of the table makes of stored values."""
        op, _, rs1, rs2, imm = self.lines[row]
        if rs2:
            return Node(op, left, right) if rs1 == LEFT else Node(op, right, left)
        return Node(op, left if rs1 else None, None, imm)

    def folded(self, name: str, left: Expression, right: Expression) -> Node:
        """An operation on two expressions, with a constant as its immediate where the space has such an operation."""
        if name != "sub" and _constant(left) is not None:
            left, right = right, left
        constant = _constant(right)
        short = "addi" if name == "sub" else f"{name}i"
        if constant is not None and short in self.space.operations:
            imm = -constant if name == "sub" else constant
            if -2048 <= imm < 2048:
                return Node(isa.NUMBER[short], left, None, imm)
        return Node(isa.NUMBER[name], left, right)


def _constant(expression: Expression) -> int | None:
    """The value of `addi` of zero."""
    if isinstance(expression, Node) and expression.op == isa.NUMBER["addi"] and expression.left == Leaf(0):
        return expression.imm
    return None
