"""Words of 32 bits: one set of operations, several representations.

The meaning of an instruction, and of a task that programs are searched for, is a function `(w, *words)` written with
`+ - * & | ^ ~ <<`, `==`, `!=` and the functions of `Words`, where `w` says what a word is: `Integers`, `Arrays` (NumPy, JAX) or
`formulas.Formulas` (Z3); a machine brings its own. So a run, a test and a proof come from one definition.
"""

import operator
from typing import Any, Protocol

import numpy as np

Word = Any
Condition = Any
_MASK = 0xFFFFFFFF


class Words(Protocol):
    """Operations on words that have no operator. Shift amounts are words below 32; what division by zero gives
    does not count."""

    def less(self, a: Word, b: Word) -> Condition:
        """Signed a < b."""

    def below(self, a: Word, b: Word) -> Condition:
        """Unsigned a < b."""

    def opposite(self, condition: Condition) -> Condition: ...
    def where(self, condition: Condition, a: Word, b: Word) -> Word: ...
    def constant(self, value: int, like: Word) -> Word: ...
    def shift_right(self, a: Word, by: Word) -> Word:
        """Zeros come in."""

    def shift_right_signed(self, a: Word, by: Word) -> Word:
        """The sign comes in."""

    def high_product(self, a: Word, b: Word, signed: tuple[bool, bool]) -> Word:
        """The upper half of the 64-bit product; signed: which of a and b are."""

    def quotient(self, a: Word, b: Word, signed: bool) -> Word:
        """Toward zero; -2^31 / -1 is -2^31."""

    def remainder(self, a: Word, b: Word, signed: bool) -> Word:
        """With the sign of a; of -2^31 by -1 it is 0."""


class Integers:
    """Words as Python integers, of which the low 32 bits count."""

    opposite = staticmethod(operator.not_)

    def less(self, a: int, b: int) -> bool:
        return signed(a) < signed(b)

    def below(self, a: int, b: int) -> bool:
        return a & _MASK < b & _MASK

    def where(self, condition: bool, a: int, b: int) -> int:
        return a if condition else b

    def constant(self, value: int, like: int) -> int:
        return value & _MASK

    def shift_right(self, a: int, by: int) -> int:
        return (a & _MASK) >> by

    def shift_right_signed(self, a: int, by: int) -> int:
        return signed(a) >> by

    def high_product(self, a: int, b: int, signed: tuple[bool, bool]) -> int:
        return _value(a, signed[0]) * _value(b, signed[1]) >> 32

    def quotient(self, a: int, b: int, signed: bool) -> int:
        a, b = _value(a, signed), _value(b, signed)
        return abs(a) // (abs(b) or 1) * (1 if (a < 0) == (b < 0) else -1)

    def remainder(self, a: int, b: int, signed: bool) -> int:
        return _value(a, signed) - _value(b, signed) * self.quotient(a, b, signed)


def signed(word: int) -> int:
    """The two's complement value of a word."""
    return (word & _MASK ^ 1 << 31) - (1 << 31)


def _value(word: int, is_signed: bool) -> int:
    return signed(word) if is_signed else word & _MASK


class Arrays:
    """Words as arrays `[...]` uint32, of NumPy or of a module `xp` with its functions. A 64-bit product is put together from
    16-bit halves, none of whose products overflows."""

    below, opposite = staticmethod(operator.lt), staticmethod(operator.invert)

    def __init__(self, xp: Any = np) -> None:
        self.xp, self.where = xp, xp.where

    def signed(self, a: Word) -> Word:
        """The same bits as int32."""
        return self.xp.asarray(a, self.xp.uint32).view(self.xp.int32)

    def less(self, a: Word, b: Word) -> Word:
        return self.signed(a) < self.signed(b)

    def constant(self, value: int, like: Word) -> Word:
        return self.xp.full_like(like, value & _MASK)

    def shift_right(self, a: Word, by: Word) -> Word:
        return a >> self.xp.uint32(by)

    def shift_right_signed(self, a: Word, by: Word) -> Word:
        return (self.signed(a) >> self.signed(by)).view(self.xp.uint32)

    def high_product(self, a: Word, b: Word, signed: tuple[bool, bool]) -> Word:
        """A negative operand counts 2^32 too much as an unsigned one, so the other operand is taken off."""
        al, ah, bl, bh = a & 0xFFFF, a >> 16, b & 0xFFFF, b >> 16
        middle = ah * bl + (al * bl >> 16)
        other = al * bh + (middle & 0xFFFF)
        high = ah * bh + (middle >> 16) + (other >> 16)
        for negative, operand, counts in ((a, b, signed[0]), (b, a, signed[1])):
            high = high - self.where(negative >> 31, operand, 0) if counts else high
        return high

    def _magnitude(self, a: Word, signed: bool) -> Word:
        return self.where(a >> 31 == 1, -a, a) if signed else a

    def quotient(self, a: Word, b: Word, signed: bool) -> Word:
        magnitude = self._magnitude(a, signed) // self.xp.maximum(self._magnitude(b, signed), self.xp.uint32(1))
        return self.where((a ^ b) >> 31 == 1, -magnitude, magnitude) if signed else magnitude

    def remainder(self, a: Word, b: Word, signed: bool) -> Word:
        return a - b * self.quotient(a, b, signed)
