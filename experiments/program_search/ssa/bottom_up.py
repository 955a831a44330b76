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

from experiments.program_search.budget import Budget
from experiments.program_search.evaluation import WORD_BITS, Evaluator
from experiments.program_search.problem import Examples, Problem
from experiments.program_search.ssa import value_bank
from experiments.program_search.ssa.register_allocation import Expression, Leaf, allocate
from experiments.program_search.ssa.value_bank import Bank, Instructions, Pairs

_CAPACITY = 12_000_000
"""Values stored, in about a gigabyte."""
_CHUNK = 4e6
"""Executions between looks at the budget."""
_KEPT = 12
"""Expressions kept of each output where there are several."""
_KINDS = ("add", "sub", "sub", "xor", "and", "or")
"""The operation of the kinds of hits that `value_bank.invert` and `value_bank.cover` report."""
_FEW, _MANY, _FILTERED = 8, 24, 8000


class BottomUp:
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
        self.width, self.value = len(few), np.zeros(len(few), np.uint32)
        self.sources = tuple(at.number for at in few.sources if at.kind == "register")
        self.targets = tuple(at.number for at in few.targets)
        self.leaves = [Leaf(0), *map(Leaf, self.sources)]
        self.bank, self.goals = Bank.empty(_CAPACITY, self.width), Bank.empty(1 << 14, self.width)
        registers = few.registers()
        value_bank.add(self.bank, np.stack([registers[:, 0], *(registers[:, r] for r in self.sources)]))
        value_bank.add(self.goals, np.ascontiguousarray(few.outputs.T))
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
                    value_bank.add(self.goals, values)
                    self.undone += [(parent, kind, first + int(k)) for k in self.goals.made[known : self.goals.size, 1]]
                    self.budget.spend(values.size)
        if weight == 0:
            self.light_goals = self.goals.size

    def _forward(self, weight: int) -> Iterator[int]:
        """Make the values of a weight, in pieces; yields executions."""
        every, table = self.levels, self.table
        unary = [(some, every[weight - cost]) for some, cost in ((table.usual, 1), (table.rare, 2)) if cost <= weight]
        if weight == 1:
            unary.append((table.upper, (0, 1)))
        for batches, lefts in unary:
            for batch in batches:
                yield from self._extend(batch, lefts, (0, 1), False)
        for light in range((weight + 1) // 2):
            heavy = weight - 1 - light
            for batch in table.binary:
                yield from self._extend(batch, every[light], every[heavy], light == heavy)

    def _extend(self, batch: tuple[int, int], lefts: tuple[int, int], rights: tuple[int, int], triangle: bool) -> Iterator[int]:
        executions = (batch[1] - batch[0]) * self.width  # of a pair
        pairs = max(1, int(_CHUNK / executions))
        for first in range(*rights, rights[1] - rights[0] if triangle else pairs) if rights[0] < rights[1] else ():
            some = first, rights[1] if triangle else min(first + pairs, rights[1])
            step = max(1, pairs // (some[1] - some[0]))
            for left in range(*lefts, step):
                part = Pairs((left, min(left + step, lefts[1])), some, triangle)
                self.hits[0, 0] = 0
                done = value_bank.extend(self.bank, self.goals, self.table.rows, batch, part, self.value, self.hits)
                yield done * executions

    def _meet(self, weight: int) -> Iterator[int]:
        """Look for goals as two stored values, one of them of this weight; yields executions."""
        goals = self.goals.size if weight <= 2 else self.light_goals
        step = max(1, int(_CHUNK / (4 * goals * self.width)))
        first, last = self.levels[weight]
        for left in range(first, last, step):
            part = left, min(left + step, last)
            self.hits[0, 0] = 0
            value_bank.invert(self.bank, self.goals, (0, goals), part, self.value, self.hits)
            yield 4 * goals * self.width * (part[1] - part[0])
        for goal, kind in product(range(self.light_goals), (4, 5)):
            if _KINDS[kind] in self.space.operations:
                self.hits[0, 0] = 0
                pairs = value_bank.cover(self.bank, self.goals, goal, last, kind == 5, np.empty(_FILTERED, np.int32), self.hits)
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
