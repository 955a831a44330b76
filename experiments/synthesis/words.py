"""Words of 32 bits in two forms with one set of operations: arrays of uint32 and Z3 bit vectors.

The meaning of a task is a function `(w, *inputs) -> tuple of outputs` written with `+ - * & | ^ ~` and the functions below,
where `w` is `Arrays` or `Formulas`. So the examples and the proof come from one definition.
"""

from typing import Any, Protocol

import numpy as np
import z3

Word = Any  # `[E]` uint32, or z3.BitVecRef
Condition = Any  # `[E]` bool, or z3.BoolRef


class Words(Protocol):
    def less(self, a: Word, b: Word) -> Condition:
        """Signed a < b."""

    def below(self, a: Word, b: Word) -> Condition:
        """Unsigned a < b."""

    def where(self, condition: Condition, a: Word, b: Word) -> Word: ...
    def constant(self, value: int, like: Word) -> Word: ...
    def shift_right(self, a: Word, by: int) -> Word:
        """Logical, by a constant."""


class Arrays:
    """Words `[E]` uint32."""

    def less(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a.view(np.int32) < b.view(np.int32)

    def below(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a < b

    def where(self, condition: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.where(condition, a, b)

    def constant(self, value: int, like: np.ndarray) -> np.ndarray:
        return np.full_like(like, value & 0xFFFFFFFF)

    def shift_right(self, a: np.ndarray, by: int) -> np.ndarray:
        return a >> np.uint32(by)


class Formulas:
    """Words as Z3 bit vectors of 32 bits."""

    def less(self, a: z3.BitVecRef, b: z3.BitVecRef) -> z3.BoolRef:
        return a < b

    def below(self, a: z3.BitVecRef, b: z3.BitVecRef) -> z3.BoolRef:
        return z3.ULT(a, b)

    def where(self, condition: z3.BoolRef, a: z3.BitVecRef, b: z3.BitVecRef) -> z3.BitVecRef:
        return z3.If(condition, a, b)

    def constant(self, value: int, like: z3.BitVecRef) -> z3.BitVecRef:
        return z3.BitVecVal(value, 32)

    def shift_right(self, a: z3.BitVecRef, by: int) -> z3.BitVecRef:
        return z3.LShR(a, by)
