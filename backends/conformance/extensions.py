"""Cases of operations that extend the base, for machines that declare `extensions`.

What is added is an `Expression`. Each case states every register, as the expression gives it on NumPy arrays; no machine
is asked.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np

from backends.conformance.cases import SLOTS, Case, operation_cases
from backends.core.isa.expressions import recorded
from backends.core.isa.instruction_set import Isa, named
from backends.core.isa.meanings import Meaning
from backends.core.isa.words import Arrays
from backends.interface import Status

MEANINGS: dict[str, tuple[str, Meaning]] = {
    "rotate": ("R", lambda w, a, b: a << (b & 31) | w.shift_right(a, -b & 31)),
    "greater": ("R", lambda w, a, b: w.where(w.less(a, b), b, a) - w.where(w.below(a, b), a, b)),
    "product": ("R", lambda w, a, b: a * b + w.high_product(a, b, (True, True))),
    "high_products": ("R", lambda w, a, b: w.high_product(a, b, (True, False)) ^ w.high_product(a, b, (False, False))),
    "divide_signed": ("R", lambda w, a, b: w.quotient(a, b, True) ^ w.remainder(a, b, True)),
    "divide_unsigned": ("R", lambda w, a, b: w.quotient(a, b, False) ^ w.remainder(a, b, False)),
    "shift_and_clear": ("I", lambda w, a, b: w.shift_right_signed(a, b & 31) & ~b),
    "add_far": ("I", lambda w, a, b: (a << 2) + b ^ 0xDEADBEEF),
}
"""By name, format (R: two registers; I: one and an immediate) and meaning. All operations of `isa.ARITHMETIC` take part."""


@cache
def extended(isa_name: str) -> Isa:
    """The instruction set with the operations of `MEANINGS`."""
    isa = named(isa_name)
    for name, (form, meaning) in MEANINGS.items():
        isa = isa.extended(name, recorded(meaning), format=form)
    return isa


def extension_cases(vectors: int, isa_name: str = "rv32em") -> Iterator[Case]:
    """One case per added operation: `vectors` instances, on boundary and random operands."""
    isa = extended(isa_name)
    for case in operation_cases(vectors, isa_name, extensions=isa.extensions):
        stated = ("status", int(Status.HALTED)), ("retired", 2), ("registers", _registers(case, isa))
        yield replace(case, name=f"{case.name} (added)", expect=stated)


def _registers(case: Case, isa: Isa) -> np.ndarray:
    """`[B, R]` uint32: what the one instruction of each program leaves in the registers."""
    words = np.array([program.image.view("<u4")[SLOTS // 2] for program in case.programs], np.uint32)
    code, every, registers = isa.decode(words), np.arange(len(case.index)), case.batch.registers.copy()
    row = isa.numbered(int(code.op[0]))
    rd, rs1, rs2, imm = (field[case.index] for field in (code.rd, code.rs1, code.rs2, code.imm))
    second = registers[every, rs2] if row.format == "R" else imm
    registers[every, rd] = row.meaning(Arrays(), registers[every, rs1], second)
    registers[:, 0] = 0
    return registers
