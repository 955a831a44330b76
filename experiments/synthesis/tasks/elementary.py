"""The elementary tasks: arithmetic and choice on one or two words, and the one-instruction control.

The inputs lie in a0 and a1, the result in a0. All of them are solved without branches, so a program is proven or refuted.
"""

from collections.abc import Iterator

from backends.core.isa.words import Word, Words
from experiments.synthesis.task import Task
from experiments.synthesis.tasks.values import straight


def tasks() -> Iterator[Task]:
    yield straight("increment", "x + 1", "a0", "a0", lambda w, x: x + w.constant(1, x), "addi a0 a0 1", group="control")
    yield straight("add", "x + y", "a0 a1", "a0", lambda w, x, y: x + y, "add a0 a0 a1")
    yield straight("mul", "the low word of x y", "a0 a1", "a0", lambda w, x, y: x * y, "mul a0 a0 a1")
    yield straight("square_plus", "x^2 + x", "a0", "a0", lambda w, x: x * x + x, "addi t0 a0 1; mul a0 a0 t0")
    yield straight(
        "max", "the greater of x and y, signed", "a0 a1", "a0", lambda w, x, y: w.where(w.less(x, y), y, x),
        "slt t0 a0 a1; " + _SELECT,
    )  # fmt: skip
    yield straight(
        "min", "the lesser of x and y, signed", "a0 a1", "a0", lambda w, x, y: w.where(w.less(y, x), y, x),
        "slt t0 a1 a0; " + _SELECT,
    )  # fmt: skip
    yield straight(
        "abs", "|x|, the least integer stays as it is", "a0", "a0", absolute, "srai t0 a0 31; xor a0 a0 t0; sub a0 a0 t0"
    )
    yield straight(
        "sign", "-1, 0 or 1 as x is negative, zero or positive", "a0", "a0", _sign,
        "srai t0 a0 31; sltu a0 zero a0; or a0 a0 t0",
    )  # fmt: skip
    yield straight(
        "swap", "x and y exchanged", "a0 a1", "a0 a1", lambda w, x, y: (y, x), "add t0 a0 zero; add a0 a1 zero; add a1 t0 zero"
    )
    yield straight(
        "clamp", "x, signed, or the nearer end of 0 … 255", "a0", "a0", _clamp,
        "slti t0 a0 256; addi t0 t0 -1; slt t1 zero a0; sub t1 zero t1; or a0 a0 t0; and a0 a0 t1; andi a0 a0 255",
    )  # fmt: skip
    yield straight(
        "average", "the floor of (x + y) / 2, unsigned, without overflow", "a0 a1", "a0", _average,
        "and t0 a0 a1; xor a0 a0 a1; srli a0 a0 1; add a0 a0 t0",
    )  # fmt: skip


_SELECT = "sub t0 zero t0; xor a1 a0 a1; and a1 a1 t0; xor a0 a0 a1"
"""a0 becomes a1 where t0 is 1: a0 ^ ((a0 ^ a1) & -t0)."""


def absolute(w: Words, x: Word) -> Word:
    """|x|, wrapping."""
    return w.where(w.less(x, w.constant(0, x)), w.constant(0, x) - x, x)


def _sign(w: Words, x: Word) -> Word:
    zero = w.constant(0, x)
    return w.where(w.less(x, zero), w.constant(-1, x), w.where(w.less(zero, x), w.constant(1, x), zero))


def _clamp(w: Words, x: Word) -> Word:
    low, high = w.constant(0, x), w.constant(255, x)
    return w.where(w.less(x, low), low, w.where(w.less(high, x), high, x))


def _average(w: Words, x: Word, y: Word) -> Word:
    """The sum's carry is its bit 32, which the shift brings back."""
    total = x + y
    carry = w.where(w.below(total, x), w.constant(1 << 31, x), w.constant(0, x))
    return w.shift_right(total, 1) + carry
