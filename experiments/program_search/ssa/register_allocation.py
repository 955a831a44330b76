"""From expressions to codes: in which order to compute, and in which register each value lies.

An expression is `Leaf` or `Node`; equal ones are one value. All orders and registers are tried, depth first, within a bound.
"""

from dataclasses import dataclass
from itertools import permutations
from typing import Union

import numpy as np

from backends.core import isa
from experiments.program_search.space import NOTHING, Space

_TRIES = 20_000


@dataclass(frozen=True)
class Leaf:
    """What a register holds at the start: its number; 0 for the constant 0."""

    register: int


@dataclass(frozen=True)
class Node:
    """An operation's number on expressions, which are None where it takes an immediate instead."""

    op: int
    left: Union[Leaf, "Node", None]
    right: Union[Leaf, "Node", None]
    imm: int = 0


Expression = Leaf | Node


def nodes(*roots: Expression) -> list[Node]:
    """The operations of expressions, each once, operands before results."""
    found: dict[Node, None] = {}

    def visit(expression: Expression | None) -> None:
        if isinstance(expression, Node) and expression not in found:
            visit(expression.left)
            visit(expression.right)
            found[expression] = None

    for root in roots:
        visit(root)
    return list(found)


def allocate(outputs: dict[int, Expression], inputs: tuple[int, ...], space: Space) -> np.ndarray | None:
    """A code `[L, 5]` of the space that leaves expressions in registers, from inputs in theirs; None if none is found."""
    todo = nodes(*outputs.values())
    copies = [(at, root) for at, root in outputs.items() if isinstance(root, Leaf) and root.register != at]
    if len(todo) + len(copies) > space.length:
        return None
    holds: dict[int, Expression] = {r: Leaf(r if r in inputs else 0) for r in space.registers}
    lines = _Search(outputs, space).complete(holds, todo, [])
    if lines is None:
        return None
    return np.array(lines + [NOTHING] * (space.length - len(lines)), np.int32)


class _Search:
    def __init__(self, outputs: dict[int, Expression], space: Space) -> None:
        self.outputs, self.space, self.tries = outputs, space, _TRIES
        self.registers = [r for r in space.registers if r]
        self.move = next((isa.NUMBER[name] for name in ("addi", "add") if name in space.operations), None)

    def complete(self, holds: dict[int, Expression], todo: list[Node], lines: list) -> list | None:
        """`lines` with more that compute `todo` and put all outputs in place."""
        self.tries -= 1
        if not todo and all(holds[at] == root for at, root in self.outputs.items()):
            return lines
        if self.tries < 0 or len(lines) + len(todo) > self.space.length:
            return None
        for node in todo:
            left, right = self._find(holds, node.left), self._find(holds, node.right)
            if left is None or right is None:
                continue
            rest = [other for other in todo if other != node]
            free = [r for r in self.registers if self._free(holds, r, rest)]  # its place as an output first
            for to in sorted(free, key=lambda r: (self.outputs.get(r) != node, r in self.outputs)):
                done = self.complete({**holds, to: node}, rest, [*lines, (node.op, to, left, right, node.imm)])
                if done is not None:
                    return done
        return self._moved(holds, todo, lines)

    def _moved(self, holds: dict[int, Expression], todo: list[Node], lines: list) -> list | None:
        """Copy a value that lies somewhere: into its place, or out of the way."""
        if self.move is None or len(lines) + len(todo) >= self.space.length:
            return None
        needed = self._needed(holds, todo)
        for at, to in permutations(self.registers, 2):
            useful = holds[at] in needed and self.outputs.get(to, holds[at]) == holds[at]
            if useful and self._free(holds, to, todo):
                done = self.complete({**holds, to: holds[at]}, todo, [*lines, (self.move, to, at, 0, 0)])
                if done is not None:
                    return done
        return None

    def _find(self, holds: dict[int, Expression], operand: Expression | None) -> int | None:
        """A register that holds the operand; 0 where there is none to read."""
        if operand is None:
            return 0
        return next((r for r, held in holds.items() if held == operand), None)

    def _needed(self, holds: dict[int, Expression], todo: list[Node]) -> set[Expression]:
        reads = {operand for node in todo for operand in (node.left, node.right) if operand is not None}
        return reads | {root for at, root in self.outputs.items() if holds[at] != root}

    def _free(self, holds: dict[int, Expression], to: int, todo: list[Node]) -> bool:
        """Whether what a register holds is of no more use, or lies in another one too."""
        held = holds[to]
        if to in self.outputs and held == self.outputs[to]:
            return False
        elsewhere = any(r != to and other == held for r, other in holds.items())
        return elsewhere or held not in self._needed({**holds, to: Leaf(-1)}, todo)
