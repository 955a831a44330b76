"""A machine that is wrong in one place: `sra` by 31 brings in a zero. Conformance must reject it."""

from backends.interface import Backend
from backends.reference import ALU, Reference


class Wrong(Backend):
    def capabilities(self):
        return Reference().capabilities()

    def run(self, program, batch, config, max_steps):
        right = ALU["sra"]
        ALU["sra"] = lambda a, b: a >> 31 if b & 31 == 31 else right(a, b)
        try:
            return Reference().run(program, batch, config, max_steps)
        finally:
            ALU["sra"] = right


def create() -> Backend:
    return Wrong()
