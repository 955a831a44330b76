"""Exact arithmetic on natural numbers, of integers or of the certified networks of `torch_neural`; one may stand for the other.

A machine word of 32 bits holds nine digits; products of two such numbers come out of `mul` and `mulhu`. Longer numbers are
chained: nine digits are a limb, and limbs are added, subtracted and compared from the lowest up, with a carry.
"""

from collections.abc import Callable, Mapping

import numpy as np

from backends.interface import UserError
from backends.torch_neural import TorchNeural
from backends.torch_neural.units import evaluation
from experiments.coprocessor.alphabet import SYMBOLS

DIGITS = 9
_LIMB = 10**DIGITS
Operate = Callable[[str, np.ndarray, np.ndarray], np.ndarray]
"""An instruction by name on words `[n]` uint32."""


def integers(name: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The instructions that are needed here, on NumPy's integers."""
    wide = a.astype(np.uint64) * b.astype(np.uint64)
    known: Mapping[str, Callable[[], np.ndarray]] = {
        "add": lambda: a + b, "sub": lambda: a - b, "sltu": lambda: (a < b).astype(np.uint32), "mul": lambda: a * b,
        "mulhu": lambda: (wide >> np.uint64(32)).astype(np.uint32), "divu": lambda: a // b, "remu": lambda: a % b,
        "and": lambda: a & b, "or": lambda: a | b, "xor": lambda: a ^ b,
    }  # fmt: skip
    with np.errstate(over="ignore"):
        return known[name]()


class Networks:
    """The same instructions out of the trained and certified networks."""

    def __init__(self) -> None:
        self._units = TorchNeural().units()

    def __call__(self, name: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        with evaluation():
            return self._units.operate(name, a, b)


def answers(operate: Operate, operation: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """What an operation of `tasks.OPERATIONS` gives for natural numbers of nine digits, `[n]` int64; -1 where b is 0 and
    a division asked."""
    x, y = a.astype(np.uint32), b.astype(np.uint32)
    if operation == "add":
        return operate("add", x, y).astype(np.int64)
    if operation == "subtract":
        return operate("sub", x, y).astype(np.int32).astype(np.int64)
    if operation == "compare":
        return operate("sltu", y, x).astype(np.int64) - operate("sltu", x, y).astype(np.int64)
    if operation == "multiply":
        return (operate("mulhu", x, y).astype(np.int64) << 32) | operate("mul", x, y).astype(np.int64)
    if operation in ("divide", "remainder"):
        result = operate("divu" if operation == "divide" else "remu", x, np.maximum(y, 1)).astype(np.int64)
        return np.where(y == 0, -1, result)
    return operate(operation, x, y).astype(np.int64)


def symbols(operation: str, results: np.ndarray) -> list[list[int]]:
    """As they are written, with the end; nothing for a division by 0."""
    if operation == "compare":
        return [[SYMBOLS.index("=><"[value]), SYMBOLS.index("\n")] for value in results.tolist()]
    undefined = operation in ("divide", "remainder")
    return [[] if undefined and v < 0 else [SYMBOLS.index(c) for c in f"{v}\n"] for v in results.tolist()]


def chained(operate: Operate, operation: str, a: int, b: int) -> int:
    """A sum, difference or comparison of numbers of any length.

    Raises UserError for other operations on numbers of more than nine digits.
    """
    if max(a, b) < _LIMB:
        return int(answers(operate, operation, np.array([a]), np.array([b]))[0])
    if operation not in ("add", "subtract", "compare"):
        raise UserError(
            f"'{operation}' of numbers of more than {DIGITS} digits: limbs are chained for add, subtract and compare"
        )
    x, y = _limbs(a), _limbs(b)
    x, y = x + [0] * (len(y) - len(x)), y + [0] * (len(x) - len(y))
    if operation == "add":
        return _value(_added(operate, x, y))
    difference, borrow = _subtracted(operate, x, y)
    if operation == "compare":
        return -1 if borrow else int(any(difference))
    return -_value(_subtracted(operate, y, x)[0]) if borrow else _value(difference)


def _limbs(number: int) -> list[int]:
    found = []
    while number:
        number, low = divmod(number, _LIMB)
        found.append(low)
    return found


def _value(limbs: list[int]) -> int:
    return sum(limb * _LIMB**k for k, limb in enumerate(limbs))


def _one(operate: Operate, name: str, a: int, b: int) -> int:
    return int(operate(name, np.array([a], np.uint32), np.array([b], np.uint32))[0])


def _added(operate: Operate, x: list[int], y: list[int]) -> list[int]:
    """Limb by limb; a sum of two and a carry is below 2^31."""
    found, carry = [], 0
    for a, b in zip(x, y, strict=True):
        total = _one(operate, "add", _one(operate, "add", a, b), carry)
        carry = 1 - _one(operate, "sltu", total, _LIMB)
        found.append(_one(operate, "sub", total, carry * _LIMB))
    return [*found, carry]


def _subtracted(operate: Operate, x: list[int], y: list[int]) -> tuple[list[int], int]:
    """The limbs of a difference, and whether it is below zero."""
    found, borrow = [], 0
    for a, b in zip(x, y, strict=True):
        taken = _one(operate, "add", b, borrow)
        borrow = _one(operate, "sltu", a, taken)
        found.append(_one(operate, "sub", _one(operate, "add", a, borrow * _LIMB), taken))
    return found, borrow
