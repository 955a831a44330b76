"""What instructions compute, as functions of words (see `words.py`): `(w, a, b)` to the result of an arithmetic operation, or
to the condition of a branch. Source: The RISC-V Instruction Set Manual, volume I (RV32I 2.1, M 2.0, A 2.1)."""

from collections.abc import Callable
from functools import partial

from backends.core.isa.words import Condition, Word, Words

Meaning = Callable[[Words, Word, Word], Word]
_AMOUNT = 31


def undefined(w: Words, a: Word, b: Word) -> Word:
    """Of operations that compute no word from words."""
    raise TypeError("this operation has no meaning as a function of words")


def _flag(w: Words, condition: Condition, like: Word) -> Word:
    return w.where(condition, w.constant(1, like), w.constant(0, like))


def _divide(w: Words, a: Word, b: Word, *, signed: bool) -> Word:
    """All ones by zero."""
    return w.where(b == 0, w.constant(-1, a), w.quotient(a, b, signed))


def _remain(w: Words, a: Word, b: Word, *, signed: bool) -> Word:
    """The dividend by zero."""
    return w.where(b == 0, a, w.remainder(a, b, signed))


ARITHMETIC: dict[str, Meaning] = {
    "add": lambda w, a, b: a + b,
    "sub": lambda w, a, b: a - b,
    "sll": lambda w, a, b: a << (b & _AMOUNT),
    "slt": lambda w, a, b: _flag(w, w.less(a, b), a),
    "sltu": lambda w, a, b: _flag(w, w.below(a, b), a),
    "xor": lambda w, a, b: a ^ b,
    "srl": lambda w, a, b: w.shift_right(a, b & _AMOUNT),
    "sra": lambda w, a, b: w.shift_right_signed(a, b & _AMOUNT),
    "or": lambda w, a, b: a | b,
    "and": lambda w, a, b: a & b,
    "mul": lambda w, a, b: a * b,
    "mulh": lambda w, a, b: w.high_product(a, b, (True, True)),
    "mulhsu": lambda w, a, b: w.high_product(a, b, (True, False)),
    "mulhu": lambda w, a, b: w.high_product(a, b, (False, False)),
    "div": partial(_divide, signed=True),
    "divu": partial(_divide, signed=False),
    "rem": partial(_remain, signed=True),
    "remu": partial(_remain, signed=False),
}

ATOMIC: dict[str, Meaning] = {
    "amoswap.w": lambda w, a, b: b,
    **{f"amo{name}.w": ARITHMETIC[name] for name in ("add", "xor", "and", "or")},
    "amomin.w": lambda w, a, b: w.where(w.less(a, b), a, b),
    "amomax.w": lambda w, a, b: w.where(w.less(a, b), b, a),
    "amominu.w": lambda w, a, b: w.where(w.below(a, b), a, b),
    "amomaxu.w": lambda w, a, b: w.where(w.below(a, b), b, a),
}

BRANCHES: dict[str, Meaning] = {
    "beq": lambda w, a, b: a == b,
    "bne": lambda w, a, b: a != b,
    "blt": lambda w, a, b: w.less(a, b),
    "bge": lambda w, a, b: w.opposite(w.less(a, b)),
    "bltu": lambda w, a, b: w.below(a, b),
    "bgeu": lambda w, a, b: w.opposite(w.below(a, b)),
}
