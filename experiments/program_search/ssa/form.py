"""Static single assignment: what each slot of a straight-line program may choose.

Every slot writes a register of its own, and reads zero, the inputs and the slots before it, so that no slot can spoil what
another one needs; every output reads any of them. There may be more slots than the space has, since those that no output
needs are left out of the code that is read off. Constants are registers too, that the second operand may read: one choice
of an operation and its operands in place of two operations, one of which reads an immediate.

Source: Cytron et al., Efficiently Computing Static Single Assignment Form (1991).
"""

from typing import Any, NamedTuple

import numpy as np

from backends.core import isa
from experiments.program_search.problem import Problem
from experiments.program_search.space import CONSTANTS, OPERATION

FOCUS = (0.25, 0.25, 0.0, -0.25)
"""Of restarts in turn, or to draw from: half of them begin with the low bits, a quarter with the high ones."""
_POOL = {*range(-4, 5), -16, 24, 30, *((1 << k) - d for k in range(11) for d in (0, 1))} - {0}
_MASS = 3.0
"""Registers' worth of mass of all constants."""


def unfit(problem: Problem) -> str | None:
    """Why the programs of a problem cannot be had in this form, or None."""
    if problem.examples.words_named():
        return "its inputs or outputs lie in memory"
    for name in problem.space.operations:
        row = OPERATION[name]
        if not row.computes:
            return f"it has {name}, which is more than a word computed from words"
        if row.register_form not in problem.space.operations:
            return f"it has {name} and not {row.register_form}"
    return None


class Fields(NamedTuple):
    """An array for each field of programs in this form: op, rs1, rs2 of its L slots, and out, what each of O outputs reads.

    Of P programs: choices `[P, L]` and `[P, O]`, indices into the form's operations and registers; or logits, scores and their
    like, `[P, L, N]`, `[P, L, R]`, `[P, O, R]`. Of one program the same without P. Of NumPy, JAX or torch.
    """

    op: Any
    rs1: Any
    rs2: Any
    out: Any

    @classmethod
    def views(cls, rows: np.ndarray, slots: int) -> "Fields":
        """Of one array with a row for each op, then each rs1, each rs2, and each output."""
        return cls(rows[:slots], rows[slots : 2 * slots], rows[2 * slots : 3 * slots], rows[3 * slots :])

    def plus(self, other: "Fields") -> "Fields":
        return Fields(*(x + y for x, y in zip(self, other, strict=True)))


class Form:
    """Programs of so many slots for a problem.

    Registers: zero, the inputs, the constants, then from `first` on one for each slot; `constant`: the slice of constants.
    operations: those of registers. inputs: numbers of the machine's registers.
    """

    def __init__(self, problem: Problem, slots: int) -> None:
        space, self.problem, self.slots = problem.space, problem, slots
        self.operations = tuple(name for name in space.operations if name not in isa.REGISTER_FORM)
        self.inputs = tuple(at.number for at in problem.examples.sources if at.number)
        usual = sorted(c for c in space.constants if c and (c in _POOL or c not in CONSTANTS))
        self.constants = tuple(usual) if "addi" in space.operations else ()
        self.first = 1 + len(self.inputs) + len(self.constants)
        self.constant = slice(1 + len(self.inputs), self.first)
        self.registers = self.first + slots

    def constant_of(self, register: int) -> int | None:
        """The constant that a register of the form is; None for the others."""
        at = register - self.constant.start
        return self.constants[at] if 0 <= at < len(self.constants) else None

    def readable(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """`[L, R]`, `[L, R]`, `[O, R]` bool: the registers that first and second operands and outputs may read."""
        slots = np.tri(self.slots, self.registers, self.first - 1, dtype=bool)
        variable = np.ones(self.registers, bool)
        variable[self.constant] = False
        out = np.tile(variable, (len(self.problem.examples.targets), 1))
        return slots & variable, slots, out

    def operand_prior(self) -> np.ndarray:
        """`[R]`, logits of a second operand without evidence: all constants together have the mass of a few registers."""
        logits = np.zeros(self.registers)
        logits[self.constant] = np.log(_MASS / max(1, len(self.constants)))
        return logits

    def start(self) -> np.ndarray:
        """`[E, R]` uint32, the registers before the first slot."""
        examples = self.problem.examples
        x = np.zeros((len(examples), self.registers), np.uint32)
        x[:, 1 : 1 + len(self.inputs)] = examples.registers()[:, list(self.inputs)]
        x[:, self.constant] = np.array(self.constants, np.int64).astype(np.uint32)
        return x
