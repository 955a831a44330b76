"""What depends on a secret: the rules by which taint passes through an instruction.

A word's taint is a word: one byte of labels for each byte of the value, bit k of it set where that byte may depend on
secret k. Untainted bytes have the same value whatever the secrets are, as long as no branch, jump or address depended on
one; so a rule may look at them. Rules are written on plain integers, for Python and for compilers alike.
"""

from backends.core import isa

WORD = 0xFFFFFFFF
MAX_SECRETS = 8

(CLEAN, XOR, SUB, AND, OR, CARRY, MUL, SLL, SRL, SRA, FLAG, ALL, VARIABLE) = range(13)
"""How the taint of a result comes from that of its operands. VARIABLE: as ALL, and the time it takes on real machines
depends on the operands, so that a tainted one is a violation."""

_RULES = {
    "xor": XOR, "sub": SUB, "and": AND, "or": OR, "add": CARRY, "mul": MUL, "sll": SLL, "srl": SRL, "sra": SRA,
    "slt": FLAG, "sltu": FLAG, "mulh": ALL, "mulhsu": ALL, "mulhu": ALL,
    "div": VARIABLE, "divu": VARIABLE, "rem": VARIABLE, "remu": VARIABLE,
}  # fmt: skip


RULES: tuple[int, ...] = tuple(_RULES[row.register_form] if row.computes else CLEAN for row in isa.OPERATIONS)
"""The rule of each operation, by its number; CLEAN for those that are no arithmetic."""


def full(word: int) -> int:
    """0xFF for every byte of the word that is not zero."""
    word |= word >> 4 & 0x0F0F0F0F
    word |= word >> 2 & 0x3F3F3F3F
    word |= word >> 1 & 0x7F7F7F7F
    return (word & 0x01010101) * 255


def labels(taint: int) -> int:
    """The secrets that any byte of a word depends on."""
    return (taint | taint >> 8 | taint >> 16 | taint >> 24) & 0xFF


def propagate(rule: int, ta: int, tb: int, a: int, b: int, same: bool) -> int:
    """Taint of the result of an operation on words a and b with taints ta and tb.

    same: both operands are the same register. All are integers from 0 to 2^32 - 1.
    """
    if ta | tb == 0 or rule == CLEAN:
        return 0
    if rule == MUL and (ta | a == 0 or tb | b == 0):  # a factor that is 0 whatever the secrets
        return 0
    if rule in (CARRY, SUB, MUL):  # a carry goes up
        t = 0 if same and rule == SUB else ta | tb
        t |= t << 8 & WORD
        return t | t << 16 & WORD
    if rule == XOR:
        return 0 if same else ta | tb
    if rule == AND:  # a byte that is 0 whatever the secrets hides the other
        return ta & full(b | tb) | tb & full(a | ta)
    if rule == OR:
        return ta & full(b ^ WORD | tb) | tb & full(a ^ WORD | ta)
    if rule == FLAG:  # bytes 1 to 3 are always 0
        return labels(ta | tb)
    if rule >= ALL or tb:
        return labels(ta | tb) * 0x01010101
    whole, part = b >> 3 & 3, b & 7 != 0  # a shift by a distance that is no secret
    if rule == SLL:
        return (ta << 8 * whole | (ta << 8 * whole + 8 if part else 0)) & WORD
    t = ta >> 8 * whole | (ta >> 8 * whole + 8 if part else 0)
    if rule == SRA:  # the top byte, which holds the sign, fills from above
        t |= (ta >> 24) * (0x01010101 << 8 * (3 - whole) & WORD)
    return t


def loaded(taint: int, width: int, signed: bool, address_taint: int) -> int:
    """Taint of the word that a load of `width` bytes gives; taint: of the bytes in memory, zero-extended."""
    if signed:
        top = taint >> 8 * (width - 1) & 0xFF
        taint |= top * 0x01010101 << 8 * width & WORD
    return taint | labels(address_taint) * 0x01010101
