"""A machine that is wrong in one place: `sra` by 31 brings in a zero. Conformance must reject it."""

from dataclasses import replace

from backends.core import isa
from backends.core.isa.instruction_set import Isa
from backends.interface import Backend
from backends.reference import Reference

RIGHT = {name: isa.OPERATIONS[number].meaning for name, number in isa.NUMBER.items()}


class Wrong(Backend):
    """`reference`, but one operation means something else."""

    def __init__(self, operation, meaning):
        self.operation, self.meaning = operation, meaning

    def capabilities(self):
        return replace(Reference().capabilities(), extensions=False)

    def open(self, state):
        session = Reference().open(state)
        for hart in session.harts:
            hart.isa = _WrongIsa(hart.isa.name, hart.isa.registers, (self,))
        return session


class _WrongIsa(Isa):
    """An instruction set whose only extension is what is wrong with it."""

    @property
    def operations(self):
        return isa.OPERATIONS

    def numbered(self, number):
        row, wrong = super().numbered(number), self.extensions[0]
        return replace(row, meaning=wrong.meaning) if row.register_form == wrong.operation else row


def create() -> Backend:
    return Wrong("sra", lambda w, a, b: a >> 31 if b & 31 == 31 else RIGHT["sra"](w, a, b))
