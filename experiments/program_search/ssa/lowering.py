"""From programs in static single assignment form to codes, and back.

A slot whose second operand is a constant becomes the operation's immediate form, or it reads a constant that an instruction of
its own has loaded.
"""

import numpy as np

from backends.core import isa
from experiments.program_search.ssa.form import Fields, Form
from experiments.program_search.ssa.register_allocation import Expression, Leaf, Node, allocate

_IMMEDIATE_FORM = {register: immediate for immediate, register in isa.REGISTER_FORM.items()}
_COPIES = ("add", "sub", "or", "xor", "sll", "srl", "sra")
"""Operations that with 0 leave a word as it is."""
_ADDI = isa.NUMBER["addi"]


def _immediate_form(form: Form, name: str, constant: int | None) -> tuple[int, int] | None:
    """Operation and immediate that do what an operation does with a constant; None if the space has none."""
    if constant is None:
        return None
    immediate, value = ("addi", -constant) if name == "sub" else (_IMMEDIATE_FORM.get(name, ""), constant)
    if immediate.startswith(("sll", "srl", "sra")):
        value &= 31
    space = form.problem.space
    if immediate in space.operations and value in space.immediates(immediate, 0):
        return isa.NUMBER[immediate], value
    return None


def read_off(form: Form, program: Fields) -> np.ndarray | None:
    """The code `[L, 5]` of the problem's space that does what one program does, or None if there is no room."""
    values: list[Expression] = [Leaf(0), *map(Leaf, form.inputs)]
    values += [Node(_ADDI, Leaf(0), None, constant) for constant in form.constants]
    for op, rs1, rs2 in zip(program.op, program.rs1, program.rs2, strict=True):
        name = form.operations[op]
        if (rs2 == 0 and name in _COPIES) or (rs2 == rs1 and name in ("and", "or")):
            values.append(values[rs1])
        elif (immediate := _immediate_form(form, name, form.constant_of(rs2))) is not None:
            values.append(Node(immediate[0], values[rs1], None, immediate[1]))
        else:
            values.append(Node(isa.NUMBER[name], values[rs1], values[rs2]))
    targets = (at.number for at in form.problem.examples.targets)
    outputs = {target: values[out] for target, out in zip(targets, program.out, strict=True)}
    return allocate(outputs, form.inputs, form.problem.space)


def raised(form: Form, code: np.ndarray) -> Fields:
    """What a straight-line code `[L, 5]` chooses, as one program `[L]`; -1 for what the form has no choice for."""
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
    out = [place.get(at.number, 0) for at in form.problem.examples.targets]
    return Fields(chosen[0], chosen[1], chosen[2], np.array(out))
