"""The tasks of the words: functions of two words of four bits that programs need, declared before any run.

Most are in Warren, Hacker's Delight, chapters 2, 3, 5 and 7. Every third one is held out.
"""

from collections.abc import Callable

import numpy as np


def _signed(a: np.ndarray) -> np.ndarray:
    return a - 16 * (a >= 8)


def _ones(a: np.ndarray) -> np.ndarray:
    return sum(a >> k & 1 for k in range(4))  # type: ignore[return-value]


TASKS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "sum": lambda a, b: a + b,
    "difference": lambda a, b: a - b,
    "both": lambda a, b: a & b,
    "either": lambda a, b: a | b,
    "one_of_two": lambda a, b: a ^ b,
    "not_both": lambda a, b: ~(a & b),
    "neither": lambda a, b: ~(a | b),
    "alike": lambda a, b: ~(a ^ b),
    "without": lambda a, b: a & ~b,
    "implied": lambda a, b: a | ~b,
    "complement": lambda a, b: ~a,
    "negative": lambda a, b: -a,
    "double": lambda a, b: 2 * a,
    "half": lambda a, b: a >> 1,
    "half_signed": lambda a, b: _signed(a) >> 1,
    "next": lambda a, b: a + 1,
    "previous": lambda a, b: a - 1,
    "zero": lambda a, b: 0 * a,
    "one": lambda a, b: 0 * a + 1,
    "all_ones": lambda a, b: 0 * a - 1,
    "lowest_set_bit": lambda a, b: a & -a,
    "without_lowest_set_bit": lambda a, b: a & (a - 1),
    "lowest_clear_bit": lambda a, b: ~a & (a + 1),
    "up_to_lowest_set_bit": lambda a, b: a ^ (a - 1),
    "set_lowest_clear_bit": lambda a, b: a | (a + 1),
    "set_below_lowest": lambda a, b: a | (a - 1),
    "trailing_zeros_mask": lambda a, b: ~a & (a - 1),
    "gray_code": lambda a, b: a ^ a >> 1,
    "rotate_left_one": lambda a, b: a << 1 | a >> 3,
    "parity": lambda a, b: _ones(a) & 1,
    "ones": lambda a, b: _ones(a),
    "average_down": lambda a, b: a + b >> 1,
    "average_up": lambda a, b: a + b + 1 >> 1,
    "smaller": lambda a, b: np.minimum(a, b),
    "greater": lambda a, b: np.maximum(a, b),
    "smaller_signed": lambda a, b: np.minimum(_signed(a), _signed(b)),
    "greater_signed": lambda a, b: np.maximum(_signed(a), _signed(b)),
    "is_below": lambda a, b: a < b,
    "is_less": lambda a, b: _signed(a) < _signed(b),
    "is_equal": lambda a, b: a == b,
    "differs": lambda a, b: a != b,
    "is_zero": lambda a, b: a == 0,
    "is_negative": lambda a, b: a >> 3,
    "distance": lambda a, b: abs(a - b),
    "absolute": lambda a, b: abs(_signed(a)),
    "difference_or_zero": lambda a, b: np.maximum(a - b, 0),
    "sum_or_most": lambda a, b: np.minimum(a + b, 15),
    "carry": lambda a, b: a + b >> 4,
    "product": lambda a, b: a * b,
    "square": lambda a, b: a * a,
    "twice_and_more": lambda a, b: 2 * a + b,
    "shifted_left": lambda a, b: a << (b & 3),
    "shifted_right": lambda a, b: a >> (b & 3),
    "masked_sum": lambda a, b: a + (a & b),
}
