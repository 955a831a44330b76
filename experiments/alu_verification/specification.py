"""What the units must compute, as formulas over bit vectors; the RISC-V manual in the language of the solver."""

import z3

A, B = z3.BitVecs("a b", 32)
ZERO, ONE, ALL_ONES = z3.BitVecVal(0, 32), z3.BitVecVal(1, 32), z3.BitVecVal(-1, 32)


def _bit(condition: z3.BoolRef) -> z3.BitVecRef:
    return z3.If(condition, ONE, ZERO)


# Operations that the solver compares as a whole.
WORDS: dict[str, z3.BitVecRef] = {
    "add": A + B,
    "sub": A - B,
    "sll": A << (B & 31),
    "slt": _bit(A < B),
    "sltu": _bit(z3.ULT(A, B)),
    "xor": A ^ B,
    "srl": z3.LShR(A, B & 31),
    "sra": A >> (B & 31),
    "or": A | B,
    "and": A & B,
}

# Conditions of branches: one bit.
BRANCHES: dict[str, z3.BoolRef] = {
    "beq": A == B,
    "bne": A != B,
    "blt": A < B,
    "bge": A >= B,
    "bltu": z3.ULT(A, B),
    "bgeu": z3.UGE(A, B),
}

# Unsigned division of two words other than by zero, whatever it is: only its arguments and its sign matter below.
QUOTIENT, REMAINDER = (z3.Function(name, A.sort(), A.sort(), A.sort()) for name in ("quotient", "remainder"))


def _signed(of_magnitudes: z3.FuncDeclRef, sign_of_dividend: bool) -> z3.BitVecRef:
    """Division toward zero by cases of the operands' signs, as SMT-LIB defines bvsdiv and bvsrem."""
    mixed = z3.If(B < 0, of_magnitudes(A, -B), of_magnitudes(-A, B))
    both, neither = of_magnitudes(-A, -B), of_magnitudes(A, B)
    if sign_of_dividend:
        return z3.If(A < 0, -z3.If(B < 0, both, mixed), z3.If(B < 0, mixed, neither))
    return z3.If((A < 0) == (B < 0), z3.If(A < 0, both, neither), -mixed)


# Quotient and remainder of the manual, where division by zero has a result too.
DIVISIONS: dict[str, z3.BitVecRef] = {
    "div": z3.If(B == 0, ALL_ONES, _signed(QUOTIENT, sign_of_dividend=False)),
    "divu": z3.If(B == 0, ALL_ONES, QUOTIENT(A, B)),
    "rem": z3.If(B == 0, A, _signed(REMAINDER, sign_of_dividend=True)),
    "remu": z3.If(B == 0, A, REMAINDER(A, B)),
}


def negated(word: z3.BitVecRef, flag: z3.BoolRef) -> z3.BitVecRef:
    """-word where the flag is set."""
    return z3.If(flag, -word, word)
