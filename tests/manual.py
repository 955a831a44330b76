"""The RISC-V manual's arithmetic in plain Python, apart from the table of instructions: the oracle of tests.

Results of ALU are taken modulo 2^32 by whoever asks.
"""

from collections.abc import Callable


def signed(word: int) -> int:
    """The two's complement value of a word."""
    return word - (1 << 32) if word >> 31 else word


def _divide(a: int, b: int) -> int:
    return -1 if b == 0 else abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def _remainder(a: int, b: int) -> int:
    return a if b == 0 else a - b * _divide(a, b)


# Arithmetic on words; results are taken modulo 2^32 by the caller.
ALU: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "sll": lambda a, b: a << (b & 31),
    "slt": lambda a, b: int(signed(a) < signed(b)),
    "sltu": lambda a, b: int(a < b),
    "xor": lambda a, b: a ^ b,
    "srl": lambda a, b: a >> (b & 31),
    "sra": lambda a, b: signed(a) >> (b & 31),
    "or": lambda a, b: a | b,
    "and": lambda a, b: a & b,
    "mul": lambda a, b: a * b,
    "mulh": lambda a, b: signed(a) * signed(b) >> 32,
    "mulhsu": lambda a, b: signed(a) * b >> 32,
    "mulhu": lambda a, b: a * b >> 32,
    "div": lambda a, b: _divide(signed(a), signed(b)),
    "divu": _divide,
    "rem": lambda a, b: _remainder(signed(a), signed(b)),
    "remu": _remainder,
}

BRANCH: dict[str, Callable[[int, int], bool]] = {
    "beq": lambda a, b: a == b,
    "bne": lambda a, b: a != b,
    "blt": lambda a, b: signed(a) < signed(b),
    "bge": lambda a, b: signed(a) >= signed(b),
    "bltu": lambda a, b: a < b,
    "bgeu": lambda a, b: a >= b,
}


def outputs(form, program) -> list[list[int]]:
    """What one program in static single assignment form (a `Fields`) leaves of every example, output by output."""
    found = []
    for start in form.start().tolist():
        registers = start[: form.first]
        for op, rs1, rs2 in zip(program.op, program.rs1, program.rs2, strict=True):
            registers.append(ALU[form.operations[op]](registers[rs1], registers[rs2]) & 0xFFFFFFFF)
        found.append([registers[r] for r in program.out])
    return found


# What atomic operations put in the place of the word a in memory.
ATOMIC: dict[str, Callable[[int, int], int]] = {
    "amoswap.w": lambda a, b: b,
    "amoadd.w": lambda a, b: a + b,
    "amoxor.w": lambda a, b: a ^ b,
    "amoand.w": lambda a, b: a & b,
    "amoor.w": lambda a, b: a | b,
    "amomin.w": lambda a, b: min(a, b, key=signed),
    "amomax.w": lambda a, b: max(a, b, key=signed),
    "amominu.w": min,
    "amomaxu.w": max,
}
