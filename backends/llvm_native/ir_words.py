"""Words as LLVM values; see `core/isa/words.py`. A meaning that is called with them writes the instructions that compute it.

Nothing that it writes has undefined behaviour, whatever the operands: a divisor is never zero, a shift amount is below 32.
Source: LLVM Language Reference Manual.
"""

import operator
from collections.abc import Callable
from typing import Any

_SIGN = 1 << 31
_EQUALITY: dict[str, Callable[[int, int], bool]] = {"eq": operator.eq, "ne": operator.ne}


class Text:
    """Instructions of one function, as they are written."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._names = 0

    def name(self) -> str:
        """One that was not given before."""
        self._names += 1
        return f"v{self._names}"

    def add(self, instruction: str) -> str:
        """Write an instruction that has a result. Returns the result."""
        name = f"%{self.name()}"
        self.lines.append(f"{name} = {instruction}")
        return name

    def word(self, instruction: str) -> "Value":
        return Value(self, self.add(instruction))


def literal(word: int) -> str:
    """A word of 32 bits as LLVM writes it, signed."""
    return str((word & 0xFFFFFFFF ^ _SIGN) - _SIGN)


def _operators(operation: str, fold: Callable[[int, int], int]) -> tuple[Any, Any]:
    """Of an operation, the operator and the one with the operands the other way round."""

    def apply(x: "Value", y: "Value") -> "Value":
        if x.number is not None and y.number is not None:
            return x.of(fold(x.number, y.number))
        return x.text.word(f"{operation} i32 {x}, {y}")

    return lambda x, y: apply(x, x.of(y)), lambda x, y: apply(x.of(y), x)


class Value:
    """A word, or a condition: the name of an LLVM value. number: what it is known to be."""

    __add__, __radd__ = _operators("add", operator.add)
    __sub__, __rsub__ = _operators("sub", operator.sub)
    __mul__, __rmul__ = _operators("mul", operator.mul)
    __and__, __rand__ = _operators("and", operator.and_)
    __or__, __ror__ = _operators("or", operator.or_)
    __xor__, __rxor__ = _operators("xor", operator.xor)

    def __init__(self, text: Text, name: str, number: int | None = None) -> None:
        self.text, self.name, self.number = text, name, number

    def __str__(self) -> str:
        return self.name

    def of(self, other: "Value | int") -> "Value":
        """Another operand, which may be a number."""
        return Value(self.text, literal(other), other & 0xFFFFFFFF) if isinstance(other, int) else other

    def __lshift__(self, by: "Value | int") -> "Value":
        return self.text.word(f"shl i32 {self}, {self.of(by) & 31}")

    def __rlshift__(self, a: int) -> "Value":
        return self.of(a) << self

    def __neg__(self) -> "Value":
        return 0 - self

    def __invert__(self) -> "Value":
        return self ^ -1

    def __eq__(self, other: object) -> Any:  # a condition, as arrays compare word by word
        return self.compared("eq", other)

    def __ne__(self, other: object) -> Any:
        return self.compared("ne", other)

    def compared(self, how: str, other: Any) -> "Value":
        x, y = self.number, self.of(other).number
        if how in _EQUALITY and x is not None and y is not None:
            return Value(self.text, "true" if _EQUALITY[how](x, y) else "false")
        return self.text.word(f"icmp {how} i32 {self}, {self.of(other)}")


class IrWords:
    """Words as LLVM values of type i32, conditions of type i1."""

    def __init__(self, text: Text) -> None:
        self.text = text

    def less(self, a: Value, b: Value) -> Value:
        return a.compared("slt", b)

    def below(self, a: Value, b: Value) -> Value:
        return a.compared("ult", b)

    def opposite(self, condition: Value) -> Value:
        return self.text.word(f"xor i1 {condition}, true")

    def where(self, condition: Value, a: Value, b: Value) -> Value:
        return self.text.word(f"select i1 {condition}, i32 {condition.of(a)}, i32 {condition.of(b)}")

    def constant(self, value: int, like: Any = None) -> Value:
        return Value(self.text, literal(value), value & 0xFFFFFFFF)

    def shift_right(self, a: Value, by: Value) -> Value:
        return self.text.word(f"lshr i32 {a}, {a.of(by) & 31}")

    def shift_right_signed(self, a: Value, by: Value) -> Value:
        return self.text.word(f"ashr i32 {a}, {a.of(by) & 31}")

    def high_product(self, a: Value, b: Value, signed: tuple[bool, bool]) -> Value:
        x, y = (self.text.add(f"{'sext' if s else 'zext'} i32 {v} to i64") for v, s in zip((a, b), signed, strict=True))
        product = self.text.add(f"mul i64 {x}, {y}")
        return self.text.word(f"trunc i64 {self.text.add(f'lshr i64 {product}, 32')} to i32")

    def quotient(self, a: Value, b: Value, signed: bool) -> Value:
        return self.text.word(f"{'sdiv' if signed else 'udiv'} i32 {a}, {self._divisor(a, b, signed)}")

    def remainder(self, a: Value, b: Value, signed: bool) -> Value:
        return self.text.word(f"{'srem' if signed else 'urem'} i32 {a}, {self._divisor(a, b, signed)}")

    def _divisor(self, a: Value, b: Value, signed: bool) -> Value:
        """b, but 1 where LLVM leaves the division open: by zero, and of -2^31 by -1, which 1 divides to the same."""
        b = self.where(b == 0, self.constant(1), b)
        if not signed:
            return b
        overflows = self.text.word(f"and i1 {a == -_SIGN}, {b == -1}")
        return self.where(overflows, self.constant(1), b)
