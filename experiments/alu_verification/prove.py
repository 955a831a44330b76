"""Proofs that the wiring of `torch_neural` computes the 32-bit operations, for every pair of operands.

The very functions of `backends/torch_neural/wiring.py` run on symbolic bits with the components' extracted truth tables,
and Z3 is asked for operands on which the result differs from the specification. Only `unsat` counts as proven.

Additions, comparisons, logic and shifts are compared as a whole. Multiplication and division are not within a solver's
reach as a whole and are proven by lemmas:

* Multiplication. Let p_ij be the product of byte i of a and byte j of b (right on all 65,536 pairs: enumerated). Each of
  the eight summands is p_ij 2^(8(i+j)) for two of the sixteen i, j; a carry-save layer keeps the sum of its rows (for 8, 6,
  4 and 3 rows: those that occur); the adder adds the last two. And that sum is a b, by distributivity. High words: a word
  is its unsigned value less 2^32 where it is negative, so the signed product's high word is the unsigned one's, corrected.
* Division. One restoring step takes remainder r < b and dividend bit d to quotient bit q = [2r + d >= b] and remainder
  2r + d - q b < b. By induction over the 32 steps, that start from r = 0, the dividend's leading bits are q b + r with r < b
  throughout, which at the end makes q and r the quotient and the remainder. By zero, every quotient bit is 1 and the
  remainder collects the dividend. Signs are taken off before and put on after; that this is division toward zero, with the
  manual's results by zero and at overflow, is proven whatever function unsigned division is.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import z3

from backends.core import isa
from backends.core.isa.formulas import Formulas
from backends.torch_neural import wiring
from experiments.alu_verification.components import enumerate_component
from experiments.alu_verification.schema import TABLES
from experiments.alu_verification.symbolic import SymbolicCells, bits, word

TIMEOUT_S = 60.0
PRODUCTS = np.array([[z3.BitVec(f"p{i}{j}", 16) for j in range(4)] for i in range(4)], object)
A, B = z3.BitVecs("a b", 32)
ZERO, ALL_ONES = z3.BitVecVal(0, 32), z3.BitVecVal(-1, 32)
DIVISION = ("div", "divu", "rem", "remu")
MULTIPLICATION = ("mul", "mulh", "mulhsu", "mulhu")
BRANCHES = tuple(row.name for row in isa.OPERATIONS if row.kind == "branch")
# Unsigned division of two words other than by zero, whatever it is: only its arguments and its sign matter below.
QUOTIENT, REMAINDER = (z3.Function(name, A.sort(), A.sort(), A.sort()) for name in ("quotient", "remainder"))


class AnyDivision(Formulas):
    """Words on which unsigned division is any function; signed division by cases of the signs, as SMT-LIB defines it."""

    def quotient(self, a: z3.BitVecRef, b: z3.BitVecRef, signed: bool) -> z3.BitVecRef:
        if not signed:
            return QUOTIENT(a, b)
        mixed, both, neither = self._cases(QUOTIENT, a, b)
        return z3.If((a < 0) == (b < 0), z3.If(a < 0, both, neither), -mixed)

    def remainder(self, a: z3.BitVecRef, b: z3.BitVecRef, signed: bool) -> z3.BitVecRef:
        if not signed:
            return REMAINDER(a, b)
        mixed, both, neither = self._cases(REMAINDER, a, b)
        return z3.If(a < 0, -z3.If(b < 0, both, mixed), z3.If(b < 0, mixed, neither))

    def _cases(self, of: z3.FuncDeclRef, a: z3.BitVecRef, b: z3.BitVecRef) -> tuple[z3.BitVecRef, ...]:
        return z3.If(b < 0, of(a, -b), of(-a, b)), of(-a, -b), of(a, b)


def wanted(operation: str, words: Formulas) -> z3.ExprRef:
    """What the manual says of an operation on A and B."""
    return isa.OPERATIONS[isa.NUMBER[operation]].meaning(words, A, B)


def negated(word: z3.BitVecRef, flag: z3.BoolRef) -> z3.BitVecRef:
    """-word where the flag is set."""
    return z3.If(flag, -word, word)


@dataclass(frozen=True)
class Lemma:
    """A statement; `violation` is satisfiable exactly if it is false. cases: conditions, by all combinations of which it is
    proven; whichever they are, they only make it easier."""

    statement: str
    violation: z3.BoolRef
    cases: tuple[z3.BoolRef, ...] = ()


def lemmas(cells: wiring.Cells, operation: str) -> Iterator[Lemma]:
    """What has to be proven for an operation, besides the enumeration of its components."""
    if operation in DIVISION:
        yield from _division(cells, operation)
    elif operation in MULTIPLICATION:
        yield from _multiplication(cells, 32 if operation == "mul" else 64)
        if operation != "mul":
            yield from _signed_product(cells)
    elif operation == "extend":
        yield from _extension(cells)
    else:
        result = wiring.operate(cells, operation, bits(A), bits(B))
        found = result[0] if operation in BRANCHES else word(result)
        yield Lemma("the whole operation", found != wanted(operation, Formulas()))


def _flag(name: str) -> tuple[z3.BoolRef, np.ndarray]:
    flag = z3.Bool(name)
    return flag, np.array([flag], object)


def _rows(count: int, width: int) -> tuple[list[z3.BitVecRef], np.ndarray]:
    words = [z3.BitVec(f"row{i}", width) for i in range(count)]
    return words, np.stack([bits(w) for w in words])


def _multiplication(cells: wiring.Cells, width: int) -> Iterator[Lemma]:
    summands = wiring.summands(cells, cells.byte_products(bits(A), bits(B)), width)
    tiles = [_tile(i, j) + _tile(i, j + 2) for i in range(4) for j in range(2)]
    wrong = [word(row) != z3.Extract(width - 1, 0, tile) for row, tile in zip(summands, tiles, strict=True)]
    yield Lemma("every summand is two shifted byte products, each in one", z3.Or(wrong))
    count = len(summands)
    while count > 2:
        before, rows = _rows(count, width)
        after = [word(r) for r in wiring.carry_save(cells, rows)]
        yield Lemma(f"carry-save of {count} rows keeps their sum", _layer_differs(before, after))
        count = len(after)
    (x, y), rows = _rows(2, width)
    yield Lemma(f"the adder adds {width} bits", word(wiring.total(cells, rows)) != x + y)
    yield Lemma("shifted byte products add up to the product", _distributivity())


def _tile(i: int, j: int) -> z3.BitVecRef:
    """The product of byte i and byte j where it belongs in 64 bits."""
    return z3.ZeroExt(48, PRODUCTS[i, j]) << 8 * (i + j)


def _layer_differs(before: list[z3.BitVecRef], after: list[z3.BitVecRef]) -> z3.BoolRef:
    """Every three rows differ from their sum and carry words in sum, or a row that is left over changed."""
    groups = len(before) // 3
    sums = [after[g] + after[groups + g] != sum(before[3 * g : 3 * g + 3]) for g in range(groups)]
    rest = [x != y for x, y in zip(after[2 * groups :], before[3 * groups :], strict=True)]
    return z3.Or(sums + rest)


def _distributivity() -> z3.BoolRef:
    """Over the integers, with bytes of any value."""
    a, b = ([z3.Int(f"{name}{i}") for i in range(4)] for name in "ab")
    values = [sum(byte * 256**i for i, byte in enumerate(number)) for number in (a, b)]
    return values[0] * values[1] != sum(x * y * 256 ** (i + j) for i, x in enumerate(a) for j, y in enumerate(b))


def _signed_product(cells: wiring.Cells) -> Iterator[Lemma]:
    high = z3.BitVec("high", 32)
    (signed_a, flag_a), (signed_b, flag_b) = _flag("signed_a"), _flag("signed_b")
    corrected = word(wiring.correct_sign(cells, bits(high), bits(A), bits(B), flag_a, flag_b))
    minus_b, minus_a = z3.If(z3.And(signed_a, A < 0), B, ZERO), z3.If(z3.And(signed_b, B < 0), A, ZERO)
    correction = corrected != high - minus_b - minus_a
    yield Lemma("correction takes b where a is negative and a where b is", correction, (signed_a, signed_b))
    a, b, m, n = z3.Ints("a b m n")  # m, n: whether a, b are negative
    signed, w = (a - 2**32 * m) * (b - 2**32 * n), 2**32
    yield Lemma("the signed product is the corrected one", signed != a * b - w * (m * b + n * a) + w * w * m * n)


def _division(cells: wiring.Cells, operation: str) -> Iterator[Lemma]:
    yield from _steps(cells)
    (signed, flag), (_, rest) = _flag("signed"), _flag("rest")
    size_a, size_b, negate_q, negate_r = wiring.magnitudes(cells, bits(A), bits(B), flag)
    minus_a, minus_b = z3.And(signed, A < 0), z3.And(signed, B < 0)
    opposite = z3.And(z3.Xor(minus_a, minus_b), B != 0)
    sizes = z3.Or(word(size_a) != negated(A, minus_a), word(size_b) != negated(B, minus_b))
    yield Lemma("signs are taken off", z3.Or(sizes, negate_q[0] != opposite, negate_r[0] != minus_a))
    yield Lemma("signs are put on", word(wiring.negate_if(cells, bits(A), flag)) != negated(A, signed))
    chosen = word(cells.gate("select", rest, bits(A), bits(B)))
    yield Lemma("quotient or remainder is chosen", chosen != z3.If(rest[0], A, B))
    _, is_signed, _ = wiring.OPERATIONS[operation]
    violation = _signs(operation, is_signed) != wanted(operation, AnyDivision())
    yield Lemma("the result is the manual's", violation, (A < 0, B < 0, B == 0))


def _signs(operation: str, signed: int) -> z3.BitVecRef:
    """The result by unsigned division of magnitudes, all ones and the dividend by zero."""
    a, b = (negated(x, z3.And(bool(signed), x < 0)) for x in (A, B))
    quotient = z3.If(b == 0, ALL_ONES, QUOTIENT(a, b))
    remainder = z3.If(b == 0, a, REMAINDER(a, b))
    opposite = z3.And(bool(signed), z3.Xor(A < 0, B < 0), B != 0)
    if operation.startswith("div"):
        return negated(quotient, opposite)
    return negated(remainder, z3.And(bool(signed), A < 0))


def _steps(cells: wiring.Cells) -> Iterator[Lemma]:
    remainder, (bit, dividend) = z3.BitVec("r", 32), _flag("d")
    quotient, after = wiring.divide_step(cells, bits(remainder), dividend, cells.gate("not", bits(B)))
    shifted = z3.ZeroExt(1, remainder) << 1 | z3.If(bit, z3.BitVecVal(1, 33), z3.BitVecVal(0, 33))
    divisor, left = z3.ZeroExt(1, B), z3.ZeroExt(1, word(after))
    fits = z3.UGE(shifted, divisor)
    right = z3.And(quotient[0] == fits, left == z3.If(fits, shifted - divisor, shifted), z3.ULT(left, divisor))
    yield Lemma("one restoring step", z3.And(B != 0, z3.ULT(remainder, B), z3.Not(right)))
    small = z3.Extract(31, 31, remainder) == 0  # before step i the remainder is the dividend's leading i bits
    yield Lemma("one restoring step by zero", z3.And(B == 0, small, z3.Not(z3.And(quotient[0], left == shifted))))


def _extension(cells: wiring.Cells) -> Iterator[Lemma]:
    signed, flag = _flag("signed")
    for width in (8, 16):
        low = z3.Extract(width - 1, 0, A)
        wanted = z3.If(signed, z3.SignExt(32 - width, low), z3.ZeroExt(32 - width, low))
        yield Lemma(f"extension of {width} bits", word(wiring.extend(cells, bits(A), width, flag)) != wanted)


def solve(lemma: Lemma, timeout_s: float = TIMEOUT_S) -> tuple[str, str]:
    """(holds, refuted or unknown; the counterexample or the solver's reason). Unknown is not proven."""
    for truth in itertools.product((z3.BoolVal(True), z3.BoolVal(False)), repeat=len(lemma.cases)):
        case = list(zip(lemma.cases, truth, strict=True))
        # in this case the conditions have these values, wherever they stand
        violation = z3.And(z3.substitute(lemma.violation, *case), *(condition == value for condition, value in case))
        solver = z3.Solver()
        solver.set("timeout", int(1000 * timeout_s))
        solver.add(violation)
        if (answer := solver.check()) != z3.unsat:
            return ("refuted", str(solver.model())) if answer == z3.sat else ("unknown", solver.reason_unknown())
    return "holds", ""


def prove(
    entries: dict[str, np.ndarray], operations: tuple[str, ...], of: Callable[..., wiring.Cells] = SymbolicCells
) -> pd.DataFrame:
    """The table `proofs`; a lemma that operations share is proven once.

    entries: saturated entries by component. of: makes the symbolic cells, for fault injection.
    """
    cells = of({name: table > 0.5 for name, table in entries.items()}, PRODUCTS)
    known: dict[z3.BoolRef, tuple[str, str, float]] = {}
    rows = []
    for operation in operations:
        if operation in MULTIPLICATION:
            start = time.perf_counter()
            mismatches = enumerate_component(entries, "byte_product").mismatches
            result = "refuted" if mismatches else "holds"
            rows.append((operation, "byte products", "enumerated", result, f"{mismatches} wrong", time.perf_counter() - start))
        for lemma in lemmas(cells, operation):
            if lemma.violation not in known:
                start = time.perf_counter()
                known[lemma.violation] = (*solve(lemma), time.perf_counter() - start)
            result, detail, time_s = known[lemma.violation]
            rows.append((operation, lemma.statement, "proven", result, detail, time_s))
    return TABLES["proofs"].frame(rows)
