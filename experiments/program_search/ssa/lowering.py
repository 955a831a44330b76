"""From programs in static single assignment form to codes, and back.

A slot whose second operand is a constant becomes the operation's immediate form, or it reads a constant that an instruction of
its own has loaded.
"""

from functools import cached_property

import numpy as np

from backends.core import isa
from experiments.program_search.space import NOTHING
from experiments.program_search.ssa.form import MACHINE_REGISTERS, Fields, Form
from experiments.program_search.ssa.register_allocation import Expression, Leaf, Node, allocate

_IMMEDIATE_FORM = {register: immediate for immediate, register in isa.REGISTER_FORM.items()}
_COPIES = ("add", "sub", "or", "xor", "sll", "srl", "sra")
"""Operations that with 0 leave a word as it is."""
_ADDI = isa.NUMBER["addi"]


class Lowering:
    """Of one form."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.targets = [at.number for at in form.problem.examples.targets]
        self.steps = 2 * form.slots + 2 * len(self.targets)
        """Instructions of one of `codes`."""
        free = [n for n in range(1, MACHINE_REGISTERS) if n not in form.inputs]
        self._between = free[
            -len(self.targets) :
        ]  # where outputs lie until all are known; the first is for constants too
        constants = [self._between[0]] * len(form.constants)
        self._numbers = np.array(
            [0, *form.inputs, *constants, *free[: form.slots]]
        )  # machine's, of the form's registers

    def immediate_form(self, name: str, constant: int | None) -> tuple[int, int] | None:
        """Operation and immediate that do what an operation does with a constant; None if the space has none."""
        if constant is None:
            return None
        immediate, value = ("addi", -constant) if name == "sub" else (_IMMEDIATE_FORM.get(name, ""), constant)
        if immediate.startswith(("sll", "srl", "sra")):
            value &= 31
        space = self.form.problem.space
        if immediate in space.operations and value in space.immediates(immediate, 0):
            return isa.NUMBER[immediate], value
        return None

    def read_off(self, program: Fields) -> np.ndarray | None:
        """The code `[L, 5]` of the problem's space that does what one program does, or None if there is no room."""
        form = self.form
        values: list[Expression] = [Leaf(0), *map(Leaf, form.inputs)]
        values += [Node(_ADDI, Leaf(0), None, constant) for constant in form.constants]
        for op, rs1, rs2 in zip(program.op, program.rs1, program.rs2, strict=True):
            name = form.operations[op]
            if (rs2 == 0 and name in _COPIES) or (rs2 == rs1 and name in ("and", "or")):
                values.append(values[rs1])
            elif (immediate := self.immediate_form(name, form.constant_of(rs2))) is not None:
                values.append(Node(immediate[0], values[rs1], None, immediate[1]))
            else:
                values.append(Node(isa.NUMBER[name], values[rs1], values[rs2]))
        outputs = {target: values[out] for target, out in zip(self.targets, program.out, strict=True)}
        return allocate(outputs, form.inputs, form.problem.space)

    def codes(self, programs: Fields) -> np.ndarray:
        """`[P, K, 5]` int32, codes that run as they are: two instructions a slot, then the outputs' moves."""
        lines = self._lines[programs.op, programs.rs2]
        lines[..., 1, 1] = self._numbers[self.form.first :]
        lines[..., 1, 2] = self._numbers[programs.rs1]
        moves = np.zeros((len(lines), 2, len(self.targets), 5), np.int32)
        moves[..., 0] = _ADDI
        moves[:, 0, :, 1], moves[:, 0, :, 2] = self._between, self._numbers[programs.out]
        moves[:, 1, :, 1], moves[:, 1, :, 2] = self.targets, self._between
        return np.concatenate([lines.reshape(len(lines), -1, 5), moves.reshape(len(lines), -1, 5)], axis=1)

    @cached_property
    def _lines(self) -> np.ndarray:
        """For operation and second operand, the two instructions `[N, R, 2, 5]` but for rd and rs1."""
        form = self.form
        lines = [[self._line(name, r) for r in range(form.registers)] for name in form.operations]
        return np.array(lines, np.int32)

    def _line(self, name: str, register: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        rs2, constant = int(self._numbers[register]), self.form.constant_of(register)
        operation = (isa.NUMBER[name], 0, 0, rs2, 0)
        if constant is None:
            return NOTHING, operation
        if (immediate := self.immediate_form(name, constant)) is not None:
            return NOTHING, (immediate[0], 0, 0, 0, immediate[1])
        return (_ADDI, rs2, 0, 0, constant), operation

    def raised(self, code: np.ndarray) -> Fields:
        """What a straight-line code `[L, 5]` chooses, as one program `[L]`; -1 for what the form has no choice for."""
        form = self.form
        place = {0: 0} | {number: 1 + i for i, number in enumerate(form.inputs)}
        constants = {c: form.constant.start + i for i, c in enumerate(form.constants)} | {0: 0}
        chosen = np.full((3, form.slots), -1)
        for slot, (op, rd, rs1, rs2, imm) in enumerate(code[: form.slots].tolist()):
            row = isa.OPERATIONS[op]
            chosen[0, slot] = form.operations.index(row.register_form)
            chosen[1, slot] = place.get(rs1, 0)
            chosen[2, slot] = constants.get(imm, -1) if row.kind == "alu_imm" else place.get(rs2, 0)
            if rd:
                place[rd] = form.first + slot
        out = [place.get(target, 0) for target in self.targets]
        return Fields(chosen[0], chosen[1], chosen[2], np.array(out))
