"""Operations that RISC-V has ratified and that compute a word of one or two: to name what is found again.

Source: The RISC-V Instruction Set Manual, volume I (B 1.0: Zba, Zbb, Zbs; Zbkb; Zicond; Zknh).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from backends.core.isa.expressions import Expression, recorded
from backends.core.isa.words import Word, Words
from experiments.isa_discovery.operations import equal, signature


def _right(w: Words, a: Word, by: int) -> Word:
    return w.shift_right(a, w.constant(by, a))


def _left_by(w: Words, a: Word, b: Word) -> Word:
    return a << (b & 31) | w.shift_right(a, -b & 31)


def _right_by(w: Words, a: Word, b: Word) -> Word:
    return w.shift_right(a, b & 31) | a << (-b & 31)


def _turned(w: Words, a: Word, by: int) -> Word:
    return _right_by(w, a, w.constant(by, a))


def _sigma(*terms: tuple[str, int]) -> Callable[[Words, Word, Word], Word]:
    def meaning(w: Words, a: Word, b: Word) -> Word:
        first, second, third = (_turned(w, a, by) if kind == "turn" else _right(w, a, by) for kind, by in terms)
        return first ^ second ^ third

    return meaning


def _swapped(w: Words, a: Word, b: Word) -> Word:
    return a << 24 | (a & 0xFF00) << 8 | _right(w, a, 8) & 0xFF00 | _right(w, a, 24)


def _reversed_bits(w: Words, a: Word, b: Word) -> Word:
    for by, mask in ((1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F)):
        a = (a & mask) << by | _right(w, a, by) & mask
    return a


def _one(w: Words, a: Word, b: Word) -> Word:
    """The bit that b names."""
    return w.constant(1, a) << (b & 31)


OPERATIONS: dict[str, Callable[[Words, Word, Word], Word]] = {
    "sh1add": lambda w, a, b: (a << 1) + b,
    "sh2add": lambda w, a, b: (a << 2) + b,
    "sh3add": lambda w, a, b: (a << 3) + b,
    "andn": lambda w, a, b: a & ~b,
    "orn": lambda w, a, b: a | ~b,
    "xnor": lambda w, a, b: ~(a ^ b),
    "min": lambda w, a, b: w.where(w.less(a, b), a, b),
    "max": lambda w, a, b: w.where(w.less(a, b), b, a),
    "minu": lambda w, a, b: w.where(w.below(a, b), a, b),
    "maxu": lambda w, a, b: w.where(w.below(a, b), b, a),
    "rol": _left_by,
    "ror": _right_by,
    "sext.b": lambda w, a, b: w.shift_right_signed(a << 24, w.constant(24, a)),
    "sext.h": lambda w, a, b: w.shift_right_signed(a << 16, w.constant(16, a)),
    "zext.h": lambda w, a, b: a & 0xFFFF,
    "rev8": _swapped,
    "brev8": _reversed_bits,
    "pack": lambda w, a, b: a & 0xFFFF | b << 16,
    "packh": lambda w, a, b: a & 0xFF | (b & 0xFF) << 8,
    "bclr": lambda w, a, b: a & ~_one(w, a, b),
    "bset": lambda w, a, b: a | _one(w, a, b),
    "binv": lambda w, a, b: a ^ _one(w, a, b),
    "bext": lambda w, a, b: w.shift_right(a, b & 31) & 1,
    "czero.eqz": lambda w, a, b: w.where(b == 0, w.constant(0, a), a),
    "czero.nez": lambda w, a, b: w.where(b == 0, a, w.constant(0, a)),
    "sha256sig0": _sigma(("turn", 7), ("turn", 18), ("shift", 3)),
    "sha256sig1": _sigma(("turn", 17), ("turn", 19), ("shift", 10)),
    "sha256sum0": _sigma(("turn", 2), ("turn", 13), ("turn", 22)),
    "sha256sum1": _sigma(("turn", 6), ("turn", 11), ("turn", 25)),
}
"""Those with an immediate (rori, bclri, …) compute the same as theirs of two registers. What counts or looks for bits (clz,
ctz, cpop) and carry-less multiplication are loops, AES rounds look up tables: they are no expressions of this kind."""

EXTENSIONS = {
    "Zba": ("sh1add", "sh2add", "sh3add"),
    "Zbb": ("andn", "orn", "xnor", "min", "max", "minu", "maxu", "rol", "ror", "sext.b", "sext.h", "zext.h", "rev8"),
    "Zbs": ("bclr", "bset", "binv", "bext"),
    "Zbkb": ("andn", "orn", "xnor", "rol", "ror", "pack", "packh", "rev8", "brev8"),
    "Zicond": ("czero.eqz", "czero.nez"),
    "Zknh": ("sha256sig0", "sha256sig1", "sha256sum0", "sha256sum1"),
}
"""Those of each extension that are here."""


def expressions(extension: str) -> tuple[Expression, ...]:
    """Of an extension what can be expressed."""
    return tuple(recorded(OPERATIONS[operation]) for operation in EXTENSIONS[extension])


@cache
def _known() -> Mapping[bytes, Sequence[tuple[str, Expression]]]:
    """What can be expressed, by its signature."""
    found: dict[bytes, list[tuple[str, Expression]]] = {}
    for name, meaning in OPERATIONS.items():
        found.setdefault(signature(recorded(meaning)), []).append((name, recorded(meaning)))
    return found


def name_of(expression: Expression) -> str:
    """The ratified operation that computes the same, proven; empty where there is none."""
    for name, known in _known().get(signature(expression), ()):
        if equal(known, expression) or equal(known, expression, swapped=True):
            return name
    return ""
