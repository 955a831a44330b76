"""How the components are wired into units, written once for tensors and for symbolic bits.

A word is an array whose first axis is its bits, lowest first; further axes are the batch. `Cells` says what a component does
to such arrays and how they are joined: on torch tensors it evaluates the trained networks, on symbolic bits it gives
formulas, so that what is proven is what runs. A flag is an array of one bit.

Sources: the parallel prefix adder of Kogge and Stone (1973); carry-save summation of Wallace (1964); restoring division as in
Ercegovac and Lang, Digital Arithmetic (2004).
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

Bits = Any  # torch.Tensor, or a NumPy array of symbolic bits


class Cells(Protocol):
    """The components as functions of bits, and the joints between them."""

    def gate(self, name: str, *inputs: Bits) -> Bits:
        """A component of bits with one output."""

    def pair(self, name: str, *inputs: Bits) -> tuple[Bits, Bits]:
        """Two outputs of a component: sum and carry of `full`, propagate and generate of `half` and `carry`."""

    def routes(self, amount: Bits) -> Bits:
        """Distribution `[32, ...]` over the routes for an amount of five bits."""

    def attend(self, routes: Bits, sources: Bits) -> Bits:
        """Word of 32 bits that the routes take from 33 sources."""

    def byte_products(self, a: Bits, b: Bits) -> Bits:
        """`[4, 4, 16, ...]`: the product of byte i of a and byte j of b."""

    def constant(self, bit: int, like: Bits) -> Bits:
        """One bit everywhere, in the shape of `like`."""

    def cat(self, parts: Sequence[Bits], axis: int = 0) -> Bits: ...

    def flip(self, bits: Bits) -> Bits:
        """Highest bit first."""


def carries(c: Cells, propagate: Bits, generate: Bits, carry: Bits) -> Bits:
    """Carry out of every position, by a parallel prefix of the carry cell; the carry in is folded into position 0."""
    p, g = c.pair("carry", c.constant(0, carry), carry, propagate[:1], generate[:1])
    p, g = c.cat((p, propagate[1:])), c.cat((g, generate[1:]))
    reach = 1
    while reach < p.shape[0]:
        high_p, high_g = c.pair("carry", p[:-reach], g[:-reach], p[reach:], g[reach:])
        p, g = c.cat((p[:reach], high_p)), c.cat((g[:reach], high_g))
        reach *= 2
    return g


def add(c: Cells, a: Bits, b: Bits, carry: Bits) -> tuple[Bits, Bits]:
    """a + b + carry as (sum, carry out)."""
    propagate, generate = c.pair("half", a, b)
    out = carries(c, propagate, generate, carry)
    return c.gate("sum", propagate, c.cat((carry, out[:-1]))), out[-1:]


def add_or_subtract(c: Cells, a: Bits, b: Bits, subtract: Bits) -> Bits:
    """a + b, or a - b where `subtract`."""
    return add(c, a, c.gate("xor", b, subtract), subtract)[0]


def less(c: Cells, a: Bits, b: Bits, signed: Bits) -> Bits:
    """One bit: a < b, from the carry of a - b; flipping both sign bits turns the signed order into the unsigned one."""
    a, b = (c.cat((x[:-1], c.gate("xor", x[-1:], signed))) for x in (a, b))
    return c.gate("not", add(c, a, c.gate("not", b), c.constant(1, signed))[1])


def tree(c: Cells, gate: str, bits: Bits) -> Bits:
    """One bit: the gate over all bits (a power of two)."""
    while bits.shape[0] > 1:
        half = bits.shape[0] // 2
        bits = c.gate(gate, bits[:half], bits[half:])
    return bits


def equal(c: Cells, a: Bits, b: Bits) -> Bits:
    """One bit: a == b."""
    return tree(c, "and", c.gate("equal", a, b))


def shift_right(c: Cells, word: Bits, amount: Bits, arithmetic: Bits) -> Bits:
    """Shift by the five low bits of the amount; `arithmetic` fills with the sign."""
    fill = c.gate("fill", word[-1:], arithmetic)
    return c.attend(c.routes(amount[:5]), c.cat((word, fill)))


def shift_left(c: Cells, word: Bits, amount: Bits) -> Bits:
    """A right shift seen from the other end."""
    return c.flip(shift_right(c, c.flip(word), amount, c.constant(0, word[:1])))


def extend(c: Cells, word: Bits, width: int, signed: Bits) -> Bits:
    """The low `width` bits of a word, sign-extended where `signed`, else zero-extended."""
    fill = c.gate("fill", word[width - 1 : width], signed)
    return c.cat((word[:width], *[fill] * (word.shape[0] - width)))


def summands(c: Cells, products: Bits, width: int) -> Bits:
    """`[8, width, ...]`: the 16 byte products in 8 words; two products 16 bits apart share one."""
    rows = []
    for i in range(4):
        for j in range(2):
            tiles = c.cat((products[i, j], products[i, j + 2]))
            low, high = (c.constant(0, tiles[:n]) for n in (8 * (i + j), 32 - 8 * (i + j)))
            rows.append(c.cat((low, tiles, high))[:width])
    return c.cat([row[None] for row in rows])


def carry_save(c: Cells, rows: Bits) -> Bits:
    """Fewer rows with the same sum modulo 2^width, of rows `[n, width, ...]`: every three become a sum and a carry word."""
    full = rows.shape[0] // 3 * 3
    sums, out = c.pair("full", rows[0:full:3], rows[1:full:3], rows[2:full:3])
    shifted = c.cat((c.constant(0, out[:, :1]), out[:, :-1]), axis=1)
    return c.cat((sums, shifted, rows[full:]))


def total(c: Cells, rows: Bits) -> Bits:
    """Sum of rows `[n, width, ...]` modulo 2^width: carry-save until two are left, then the adder."""
    while rows.shape[0] > 2:
        rows = carry_save(c, rows)
    return add(c, rows[0], rows[1], c.constant(0, rows[0][:1]))[0]


def multiply(c: Cells, a: Bits, b: Bits, width: int = 32) -> Bits:
    """Low `width` bits (at most 64) of the unsigned product."""
    return total(c, summands(c, c.byte_products(a, b), width))


def multiply_high(c: Cells, a: Bits, b: Bits, signed_a: Bits, signed_b: Bits) -> Bits:
    """High word of the product: the unsigned one less b where a is negative, less a where b is negative."""
    return correct_sign(c, multiply(c, a, b, 64)[32:], a, b, signed_a, signed_b)


def correct_sign(c: Cells, high: Bits, a: Bits, b: Bits, signed_a: Bits, signed_b: Bits) -> Bits:
    """High word of a signed product from that of the unsigned product."""
    one = c.constant(1, signed_a)
    for word, negative in ((b, c.gate("and", a[-1:], signed_a)), (a, c.gate("and", b[-1:], signed_b))):
        high = add(c, high, c.gate("not", c.gate("and", word, negative)), one)[0]
    return high


def negate_if(c: Cells, word: Bits, flag: Bits) -> Bits:
    """-word where the flag is set."""
    return add(c, c.gate("xor", word, flag), c.constant(0, word), flag)[0]


def divide_step(c: Cells, remainder: Bits, bit: Bits, inverted: Bits) -> tuple[Bits, Bits]:
    """One restoring step: (quotient bit, remainder) after a dividend bit; `inverted` is the divisor, negated bitwise."""
    shifted = c.cat((bit, remainder[:-1]))
    difference, fits = add(c, shifted, inverted, c.constant(1, bit))
    quotient = c.gate("or", remainder[-1:], fits)
    return quotient, c.gate("select", quotient, difference, shifted)


def divide_unsigned(c: Cells, a: Bits, b: Bits) -> tuple[Bits, Bits]:
    """(quotient, remainder), all ones and a by zero: 32 restoring steps from the top bit down."""
    remainder, inverted = c.constant(0, a), c.gate("not", b)
    quotient: list[Bits] = []
    for i in reversed(range(a.shape[0])):
        bit, remainder = divide_step(c, remainder, a[i : i + 1], inverted)
        quotient.insert(0, bit)
    return c.cat(quotient), remainder


def divide(c: Cells, a: Bits, b: Bits, signed: Bits) -> tuple[Bits, Bits]:
    """(quotient, remainder) toward zero, with the results of the RISC-V manual for division by zero and overflow."""
    magnitude_a, magnitude_b, negative_q, negative_r = magnitudes(c, a, b, signed)
    quotient, remainder = divide_unsigned(c, magnitude_a, magnitude_b)
    return negate_if(c, quotient, negative_q), negate_if(c, remainder, negative_r)


def magnitudes(c: Cells, a: Bits, b: Bits, signed: Bits) -> tuple[Bits, Bits, Bits, Bits]:
    """(|a|, |b|, negate the quotient, negate the remainder); a quotient by zero stays all ones."""
    sign_a, sign_b = (c.gate("and", x[-1:], signed) for x in (a, b))
    opposite = c.gate("and", c.gate("xor", sign_a, sign_b), tree(c, "or", b))
    return negate_if(c, a, sign_a), negate_if(c, b, sign_b), opposite, sign_a


Unit = Callable[[Cells, Bits, Bits, Bits, Bits], Bits]
UNITS: dict[str, Unit] = {
    "add": lambda c, a, b, subtract, _: add_or_subtract(c, a, b, subtract),
    "compare": lambda c, a, b, signed, invert: c.gate("xor", less(c, a, b, signed), invert),
    "equal": lambda c, a, b, _, invert: c.gate("xor", equal(c, a, b), invert),
    "and": lambda c, a, b, *_: c.gate("and", a, b),
    "or": lambda c, a, b, *_: c.gate("or", a, b),
    "xor": lambda c, a, b, *_: c.gate("xor", a, b),
    "left": lambda c, a, b, *_: shift_left(c, a, b),
    "right": lambda c, a, b, arithmetic, _: shift_right(c, a, b, arithmetic),
    "low": lambda c, a, b, *_: multiply(c, a, b),
    "high": multiply_high,
    "divide": lambda c, a, b, signed, rest: c.gate("select", rest, *reversed(divide(c, a, b, signed))),
}
"""Units by name: cells, two words and two flags to a word or one bit."""

OPERATIONS: dict[str, tuple[str, int, int]] = {
    "add": ("add", 0, 0), "sub": ("add", 1, 0), "slt": ("compare", 1, 0), "sltu": ("compare", 0, 0),
    "xor": ("xor", 0, 0), "or": ("or", 0, 0), "and": ("and", 0, 0),
    "sll": ("left", 0, 0), "srl": ("right", 0, 0), "sra": ("right", 1, 0),
    "mul": ("low", 0, 0), "mulh": ("high", 1, 1), "mulhsu": ("high", 1, 0), "mulhu": ("high", 0, 0),
    "div": ("divide", 1, 0), "divu": ("divide", 0, 0), "rem": ("divide", 1, 1), "remu": ("divide", 0, 1),
    "beq": ("equal", 0, 0), "bne": ("equal", 0, 1),
    "blt": ("compare", 1, 0), "bge": ("compare", 1, 1), "bltu": ("compare", 0, 0), "bgeu": ("compare", 0, 1),
}  # fmt: skip
"""Operations on two words to the unit and its flags; `slt` and `sltu` make a word of the bit."""


def operate(c: Cells, name: str, a: Bits, b: Bits) -> Bits:
    """The operation `name` of `OPERATIONS`, a word or (branches) one bit."""
    unit, first, second = OPERATIONS[name]
    result = UNITS[unit](c, a, b, c.constant(first, a[:1]), c.constant(second, a[:1]))
    return word_of(c, result, a) if name in ("slt", "sltu") else result


def word_of(c: Cells, flag: Bits, like: Bits) -> Bits:
    """The word 0 or 1 of a flag."""
    return c.cat((flag, c.constant(0, like[1:])))
