"""Words of 32 bits: one set of operations, several representations.

The meaning of an instruction, and of a task that programs are searched for, is a function `(w, *words)` written with
`+ - * & | ^ ~ <<`, `==`, `!=` and the functions of `Words`, where `w` says what a word is: `Integers`, `Arrays` (NumPy) or
`formulas.Formulas` (Z3); a machine brings its own. So a run, a test and a proof come from one definition.
"""

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

    def less(self, a: int, b: int) -> bool:
        return signed(a) < signed(b)

    def below(self, a: int, b: int) -> bool:
        return a & _MASK < b & _MASK

    def opposite(self, condition: bool) -> bool:
        return not condition

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
    """Words as NumPy arrays `[...]` uint32."""

    def less(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return _wide(a, True) < _wide(b, True)

    def below(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a < b

    def opposite(self, condition: np.ndarray) -> np.ndarray:
        return ~condition

    def where(self, condition: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.where(condition, a, b)

    def constant(self, value: int, like: np.ndarray) -> np.ndarray:
        return np.full_like(like, value & _MASK)

    def shift_right(self, a: np.ndarray, by: np.ndarray) -> np.ndarray:
        return a >> np.uint32(by)

    def shift_right_signed(self, a: np.ndarray, by: np.ndarray) -> np.ndarray:
        return _narrow(_wide(a, True) >> _wide(by, False))

    def high_product(self, a: np.ndarray, b: np.ndarray, signed: tuple[bool, bool]) -> np.ndarray:
        wide = _wide(b, signed[1])
        low = (_wide(a, False) & 0xFFFF) * wide  # 16 bits at a time: a product of 64 bits may overflow
        return _narrow((_wide(a, signed[0]) >> 16) * wide + (low >> 16) >> 16)

    def quotient(self, a: np.ndarray, b: np.ndarray, signed: bool) -> np.ndarray:
        a, b = _wide(a, signed), _wide(b, signed)
        magnitude = abs(a) // np.maximum(abs(b), 1)
        return _narrow(np.where((a < 0) == (b < 0), magnitude, -magnitude))

    def remainder(self, a: np.ndarray, b: np.ndarray, signed: bool) -> np.ndarray:
        return a - b * self.quotient(a, b, signed)


def _wide(a: np.ndarray, is_signed: bool) -> np.ndarray:
    """The values of words, int64."""
    a = np.asarray(a, np.uint32)
    return (a.view(np.int32) if is_signed else a).astype(np.int64)


def _narrow(a: np.ndarray) -> np.ndarray:
    return a.astype(np.uint32)
