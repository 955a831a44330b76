"""What candidates compute: expressions, those of equal meaning as one operation, proven equal for all words.

A candidate with one input can be an operation in several ways: with all immediates built in, or with one of them as the
operand of each use; a shift by 32 less that immediate goes with it, so that a rotation has one immediate.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import z3

from backends.core import isa
from backends.core.isa.expressions import CONSTANT, A, B, Expression, Node
from backends.core.isa.formulas import Formulas
from backends.core.isa.words import Arrays
from experiments.isa_discovery.candidates import Candidate
from experiments.isa_discovery.dataflow import Flow

PROOF_MS = 10_000
"""Of the solver, to prove two expressions equal; those it cannot decide are two operations."""
_SAMPLES = 64
_MASK = 0xFFFFFFFF


@dataclass(frozen=True)
class Use:
    """A candidate as an operation. expression: what it computes, of its inputs in order. immediate: of this use, in place of
    the second operand; None where the operation has none."""

    candidate: Candidate
    expression: Expression
    immediate: int | None = None


def uses(flow: Flow, candidate: Candidate) -> Iterator[Use]:
    """All ways in which a candidate is an operation."""
    yield Use(candidate, _expression(flow, candidate, None))
    if len(candidate.inputs) == 1:
        held = {flow.immediate(slot) for slot in _varying(flow, candidate) if _has_immediate(flow, slot)}
        for immediate in sorted(held):
            yield Use(candidate, _expression(flow, candidate, immediate), immediate)


def _varying(flow: Flow, candidate: Candidate) -> list[int]:
    """The instructions that it does, in order, but those that make constants."""
    return sorted((candidate.slots | candidate.kept) - flow.constants.keys())


def _has_immediate(flow: Flow, slot: int) -> bool:
    return isa.OPERATIONS[flow.text.code.op[slot]].kind == "alu_imm"


def _expression(flow: Flow, candidate: Candidate, immediate: int | None) -> Expression:
    """immediate: the word that is the operand B, wherever an instruction has it."""
    nodes: list[Node] = []
    numbers = dict(zip(candidate.inputs, (A, B), strict=False))

    def add(node: Node) -> int:
        if node not in nodes:
            nodes.append(node)
        return nodes.index(node) + 2

    def of(value: int | None) -> int:
        assert value is not None
        return numbers[value] if value in numbers else add(Node(CONSTANT, flow.constants[value]))

    def second(slot: int, shift: bool) -> int:
        if not _has_immediate(flow, slot):
            return of(flow.takes[slot][1])
        own = flow.immediate(slot)
        if own == immediate:
            return B
        if shift and immediate is not None and own + immediate == 32:
            return add(Node("sub", add(Node(CONSTANT, 32)), B))
        return add(Node(CONSTANT, own))

    for slot in _varying(flow, candidate):
        if slot in flow.loaded:
            numbers[slot] = of(flow.loaded[slot])
            continue
        row = isa.OPERATIONS[flow.text.code.op[slot]]
        first = of(flow.takes[slot][0])
        numbers[slot] = add(Node(row.register_form, first, second(slot, row.format == "shift")))
    return Expression(tuple(nodes))


@dataclass(frozen=True)
class Operation:
    """An operation that could be added. expression: the shortest of those that compute it. immediate: whether its second
    operand is an immediate. uses: with whether their inputs are exchanged."""

    expression: Expression
    immediate: bool
    uses: tuple[tuple[Use, bool], ...]

    @property
    def operands(self) -> int:
        """How many words it takes, an immediate among them."""
        return len(self.uses[0][0].candidate.inputs) + self.immediate


def operations(found: Iterable[Use]) -> list[Operation]:
    """The uses by operation."""
    alike: dict[tuple[bool, bytes], dict[Expression, list[Use]]] = defaultdict(lambda: defaultdict(list))
    for use in found:
        alike[use.immediate is not None, signature(use.expression)][use.expression].append(use)
    return [
        Operation(group[0][0], immediate, tuple((use, swapped) for e, swapped in group for use in by_expression[e]))
        for (immediate, _), by_expression in alike.items()
        for group in _groups(sorted(by_expression, key=lambda e: (len(e.nodes), e.nodes)), not immediate)
    ]  # fmt: skip


def _groups(expressions: list[Expression], exchangeable: bool) -> Iterator[list[tuple[Expression, bool]]]:
    """Expressions that are proven equal to the first of their group, with or without an exchange of operands."""
    groups: list[list[tuple[Expression, bool]]] = []
    for expression in expressions:
        for group in groups:
            swapped = next((s for s in (False, True)[: 1 + exchangeable] if equal(group[0][0], expression, s)), None)
            if swapped is not None:
                group.append((expression, swapped))
                break
        else:
            groups.append([(expression, False)])
    return iter(groups)


@cache
def _words() -> np.ndarray:
    """`[2, n]`: words on which expressions are told apart before anything is proven."""
    corners = np.array([0, 1, 2, 31, 32, 255, 65535, 0x7FFFFFFF, 0x80000000, _MASK], np.uint32)
    drawn = np.random.default_rng(0).integers(0, 1 << 32, (2, _SAMPLES), np.uint32)
    return np.hstack((np.stack(np.meshgrid(corners, corners)).reshape(2, -1), drawn))


@cache
def signature(expression: Expression) -> bytes:
    """Of equal expressions the same, also where the operands are exchanged."""
    a, b = _words()
    return min(_results(expression, a, b).tobytes(), _results(expression, b, a).tobytes())


def _results(expression: Expression, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore", divide="ignore"):
        return expression(Arrays(), a, b)


@cache
def equal(one: Expression, other: Expression, swapped: bool = False) -> bool:
    """Whether two expressions are proven to be equal for all words; swapped: where the other has its operands exchanged."""
    if _differ(one, other, swapped):
        return False
    a, b = z3.BitVecs("a b", 32)
    solver = z3.SolverFor("QF_BV")
    solver.set("timeout", PROOF_MS)
    solver.add(one(Formulas(), a, b) != (other(Formulas(), b, a) if swapped else other(Formulas(), a, b)))
    return solver.check() == z3.unsat


def _differ(one: Expression, other: Expression, swapped: bool) -> bool:
    """Whether they are seen to differ, on words near those that they hold: a bound of a comparison, or what it is of a sum.

    A word on which they differ is what the solver would look for.
    """
    held = np.array([node.x for e in (one, other) for node in e.nodes if node.operation == CONSTANT], np.uint32)
    near = np.unique(np.concatenate((held, -held))[:, None] + np.array([0, 1, _MASK], np.uint32))
    a, b = np.stack(np.meshgrid(near, np.concatenate((near, _words()[0])))).reshape(2, -1)
    a, b = np.concatenate((a, b)), np.concatenate((b, a))
    return not np.array_equal(_results(one, a, b), _results(other, b, a) if swapped else _results(other, a, b))
