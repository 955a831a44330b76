"""The first twelve bit tricks of Hacker's Delight that synthesisers are measured on.

Sources: Warren, Hacker's Delight (2002), chapters 2 and 5; numbered as by Gulwani, Jha, Tiwari and Venkatesan, Synthesis of
Loop-free Programs (2011). Those on leading zeros are said through leading zeros, not through their tricks.
"""

from collections.abc import Callable, Iterator

from backends.core.isa.words import Condition, Word, Words
from experiments.synthesis.task import Task
from experiments.synthesis.tasks.elementary import absolute
from experiments.synthesis.tasks.values import straight

_Row = tuple[str, Callable[..., Word], str]
"""What it computes in words, as a function, and the shortest known solution."""

_OF_ONE_WORD: dict[str, _Row] = {
    "p01": ("the rightmost 1 off", lambda w, x: x & _below(w, x), "addi t0 a0 -1; and a0 a0 t0"),
    "p02": ("the trailing 1s off, 0 for 2^n - 1", lambda w, x: x & ~_below(w, ~x), "addi t0 a0 1; and a0 a0 t0"),
    "p03": ("the rightmost 1 alone", lambda w, x: _lowest(w, x), "sub t0 zero a0; and a0 a0 t0"),
    "p04": ("1s from the rightmost 1 down", lambda w, x: x ^ _below(w, x), "addi t0 a0 -1; xor a0 a0 t0"),
    "p05": ("the rightmost 1 spread to the right", lambda w, x: x | _below(w, x), "addi t0 a0 -1; or a0 a0 t0"),
    "p06": ("the rightmost 0 on", lambda w, x: x | _lowest(w, ~x), "addi t0 a0 1; or a0 a0 t0"),
    "p07": ("the rightmost 0 alone, as a 1", lambda w, x: _lowest(w, ~x), "addi t0 a0 1; xori a0 a0 -1; and a0 a0 t0"),
    "p08": ("1s where x ends in 0s", lambda w, x: ~x & _below(w, x), "addi t0 a0 -1; xori a0 a0 -1; and a0 a0 t0"),
    "p09": ("|x|", absolute, "srai t0 a0 31; xor a0 a0 t0; sub a0 a0 t0"),
}
_OF_TWO_WORDS: dict[str, _Row] = {
    "p10": (
        "1 where x and y have as many leading 0s, else 0",
        lambda w, x, y: _truth(w, leading_zeros(w, x) == leading_zeros(w, y), x),
        "and t0 a0 a1; xor a0 a0 a1; sltu a0 t0 a0; xori a0 a0 1",
    ),
    "p11": (
        "1 where x has fewer leading 0s than y, else 0",
        lambda w, x, y: _truth(w, w.below(leading_zeros(w, x), leading_zeros(w, y)), x),
        "xori t0 a1 -1; and a0 a0 t0; sltu a0 a1 a0",
    ),
    "p12": (
        "1 where x has no more leading 0s than y, else 0",
        lambda w, x, y: w.constant(1, x) - _truth(w, w.below(leading_zeros(w, y), leading_zeros(w, x)), x),
        "xori t0 a0 -1; and a1 a1 t0; sltu a0 a0 a1; xori a0 a0 1",
    ),
}


def tasks() -> Iterator[Task]:
    for inputs, table in (("a0", _OF_ONE_WORD), ("a0 a1", _OF_TWO_WORDS)):
        for name, row in table.items():
            yield straight(name, row[0], inputs, "a0", *row[1:], group="hackers_delight")


def _below(w: Words, x: Word) -> Word:
    return x - w.constant(1, x)


def _lowest(w: Words, x: Word) -> Word:
    """The rightmost 1 of x alone."""
    return x & (w.constant(0, x) - x)


def _truth(w: Words, condition: Condition, like: Word) -> Word:
    return w.where(condition, w.constant(1, like), w.constant(0, like))


def leading_zeros(w: Words, x: Word) -> Word:
    """How many 0s stand before the first 1, 32 where there is none; by halving."""
    zeros = w.constant(0, x)
    for width in (16, 8, 4, 2, 1):
        short = w.below(x, w.constant(1 << 32 - width, x))
        zeros = zeros + w.where(short, w.constant(width, x), w.constant(0, x))
        x = w.where(short, x * w.constant(1 << width, x), x)
    return zeros + _truth(w, w.below(x, w.constant(1 << 31, x)), x)
