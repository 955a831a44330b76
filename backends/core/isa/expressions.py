"""What an operation computes, written down: a straight-line expression of arithmetic operations of the table.

An `Expression` is a meaning, so words of every kind go through it: arrays, formulas, certified networks, compiled code.
`recorded` writes down what any meaning does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from backends.core.isa.meanings import ARITHMETIC, Meaning
from backends.core.isa.words import Word, Words

CONSTANT = "constant"
A, B = 0, 1
_ONES = 0xFFFFFFFF


class Node(NamedTuple):
    """operation: one of `isa.ARITHMETIC`, of the values numbered x and y; or CONSTANT, and x is the word."""

    operation: str
    x: int
    y: int = 0


@dataclass(frozen=True)
class Expression:
    """Values are numbered: A and B are the operands, the nodes follow in order; the last is the result."""

    nodes: tuple[Node, ...]

    def __call__(self, w: Words, a: Word, b: Word) -> Word:
        values = [a, b]
        for operation, x, y in self.nodes:
            values.append(w.constant(x, a) if operation == CONSTANT else ARITHMETIC[operation](w, values[x], values[y]))
        return values[-1]


def recorded(meaning: Meaning) -> Expression:
    """The expression that a meaning computes. Conditions are words that are 0 or 1."""
    if isinstance(meaning, Expression):
        return meaning
    tape = _Tape()
    result = meaning(tape, _Recorded(tape, A), _Recorded(tape, B))
    if result.number <= B or result.number != len(tape.nodes) + 1:  # an operand, or a value before the last, is said once more
        tape.nodes.append(Node("and", result.number, result.number))
    return Expression(tuple(tape.nodes))


class _Tape:
    """Words that write down what is done with them."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def add(self, operation: str, x: "_Recorded | int", y: "_Recorded | int") -> "_Recorded":
        left, right = (v.number if isinstance(v, _Recorded) else self._append(Node(CONSTANT, v & _ONES)) for v in (x, y))
        return _Recorded(self, self._append(Node(operation, left, right)))

    def _append(self, node: Node) -> int:
        if node not in self.nodes:
            self.nodes.append(node)
        return self.nodes.index(node) + 2

    def less(self, a: Word, b: Word) -> Word:
        return self.add("slt", a, b)

    def below(self, a: Word, b: Word) -> Word:
        return self.add("sltu", a, b)

    def opposite(self, condition: Word) -> Word:
        return condition ^ 1

    def where(self, condition: Word, a: Word, b: Word) -> Word:
        chosen = self.add("sub", 0, condition)
        return chosen & a | ~chosen & b

    def constant(self, value: int, like: Word) -> Word:
        return _Recorded(self, self._append(Node(CONSTANT, value & _ONES)))

    def shift_right(self, a: Word, by: Word) -> Word:
        return self.add("srl", a, by)

    def shift_right_signed(self, a: Word, by: Word) -> Word:
        return self.add("sra", a, by)

    def high_product(self, a: Word, b: Word, signed: tuple[bool, bool]) -> Word:
        if signed == (False, True):
            return self.add("mulhsu", b, a)
        return self.add({(True, True): "mulh", (True, False): "mulhsu", (False, False): "mulhu"}[signed], a, b)

    def quotient(self, a: Word, b: Word, signed: bool) -> Word:
        return self.add("div" if signed else "divu", a, b)

    def remainder(self, a: Word, b: Word, signed: bool) -> Word:
        return self.add("rem" if signed else "remu", a, b)


def _operators(operation: str) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """Of an operation, the operator and the one with the operands the other way round."""
    return lambda x, y: x.tape.add(operation, x, y), lambda x, y: x.tape.add(operation, y, x)


class _Recorded:
    """A value on a tape."""

    __add__, __radd__ = _operators("add")
    __sub__, __rsub__ = _operators("sub")
    __mul__, __rmul__ = _operators("mul")
    __and__, __rand__ = _operators("and")
    __or__, __ror__ = _operators("or")
    __xor__, __rxor__ = _operators("xor")
    __lshift__, __rlshift__ = _operators("sll")

    def __init__(self, tape: _Tape, number: int) -> None:
        self.tape, self.number = tape, number

    def __neg__(self) -> Any:
        return 0 - self

    def __invert__(self) -> Any:
        return self ^ -1

    def __eq__(self, other: object) -> Any:  # a word of 0 or 1, as arrays compare word by word
        return self.tape.add("sltu", self ^ other, 1)

    def __ne__(self, other: object) -> Any:
        return self.tape.add("sltu", 0, self ^ other)
