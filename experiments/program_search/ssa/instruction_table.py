"""What bottom-up enumeration computes with: the instructions of a space, in batches, and what they make of expressions."""

import numpy as np

from backends.core import isa
from experiments.program_search.space import OPERATION, Space
from experiments.program_search.ssa.register_allocation import Expression, Leaf, Node
from experiments.program_search.ssa.value_bank import LEFT, RESULTS, RIGHT, Batch

_USUAL = (-1, 0, 1, 2, 4, 31, 16, 8)
_Line = tuple[int, int, int, int, int]


class Instructions:
    """Batches of instructions, rows of one table: binary, of two operands; usual and rare, of one with an immediate that
    programs hold often or rarely; upper, of none."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.lines: list[_Line] = []
        groups: dict[str, list[_Line]] = {"binary": [], "usual": [], "rare": [], "upper": []}
        for name in space.operations:
            row = OPERATION[name]
            if row.format == "R":
                groups["binary"].append((row.number, 0, LEFT, RIGHT, 0))
                if not row.commutative:
                    groups["binary"].append((row.number, 0, RIGHT, LEFT, 0))
            elif row.format in ("I", "shift"):
                for imm in space.immediates(name, 0):
                    groups["usual" if imm in _USUAL else "rare"].append((row.number, 0, LEFT, 0, imm))
            else:
                groups["upper"] += [(row.number, 0, 0, 0, imm) for imm in space.immediates(name, 0)]
        self.binary, self.usual, self.rare, self.upper = (self._batches(lines) for lines in groups.values())

    def _batches(self, lines: list[_Line]) -> list[Batch]:
        batches = []
        for first in range(0, len(lines), RESULTS):
            some = lines[first : first + RESULTS]
            rows = np.arange(len(self.lines), len(self.lines) + len(some), dtype=np.int32)
            self.lines += some
            batches.append(Batch.of(np.array(some, np.int32), rows))
        return batches

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
