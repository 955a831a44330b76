"""Words as bit vectors of Z3, for proofs; see `words.py`. Needs the package z3-solver, which machines do not."""

import operator

import z3


class Formulas:
    """Words as Z3 bit vectors of 32 bits; division as SMT-LIB defines it."""

    less, below, opposite, where = map(staticmethod, (operator.lt, z3.ULT, z3.Not, z3.If))
    shift_right, shift_right_signed = staticmethod(z3.LShR), staticmethod(operator.rshift)

    def constant(self, value: int, like: z3.BitVecRef) -> z3.BitVecRef:
        return z3.BitVecVal(value, 32)

    def high_product(self, a: z3.BitVecRef, b: z3.BitVecRef, signed: tuple[bool, bool]) -> z3.BitVecRef:
        wide = [(z3.SignExt if s else z3.ZeroExt)(32, x) for x, s in zip((a, b), signed, strict=True)]
        return z3.Extract(63, 32, wide[0] * wide[1])

    def quotient(self, a: z3.BitVecRef, b: z3.BitVecRef, signed: bool) -> z3.BitVecRef:
        return a / b if signed else z3.UDiv(a, b)

    def remainder(self, a: z3.BitVecRef, b: z3.BitVecRef, signed: bool) -> z3.BitVecRef:
        return z3.SRem(a, b) if signed else z3.URem(a, b)
