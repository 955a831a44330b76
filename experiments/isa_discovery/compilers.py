"""What the pinned Clang makes of ratified extensions: executed instructions of programs that it builds for them.

The instruction set gets the ratified operations under their own encodings, so that what the compiler writes runs as it is.
Source: The RISC-V Instruction Set Manual, volume I (Zba, Zbb, Zbs, Zbkb, Zicond, Zknh).
"""

from dataclasses import replace
from pathlib import Path

from backends.conformance.cases import stated_exit
from backends.core import catalog, elf, toolchain
from backends.core.isa.expressions import recorded
from backends.core.isa.instruction_set import FIRST_EXTENSION
from backends.core.isa.table import FUNCT7, Operation
from backends.core.isa.words import Word, Words
from backends.interface import Batch, Status, UserError
from experiments.isa_discovery.corpus import MAX_STEPS, flags
from experiments.isa_discovery.profile import MACHINE
from experiments.isa_discovery.ratified import OPERATIONS

EXTENDED = "-mcpu=generic_rv32+m+e+zba+zbb+zbs+zbkb+zicond+zknh"
_ONE_REGISTER = 0xFFF0707F
_TWO = {  # funct7, funct3
    "sh1add": (0x10, 2), "sh2add": (0x10, 4), "sh3add": (0x10, 6), "xnor": (0x20, 4), "orn": (0x20, 6), "andn": (0x20, 7),
    "min": (0x05, 4), "minu": (0x05, 5), "max": (0x05, 6), "maxu": (0x05, 7), "rol": (0x30, 1), "ror": (0x30, 5),
    "pack": (0x04, 4), "packh": (0x04, 7), "bset": (0x14, 1), "bclr": (0x24, 1), "binv": (0x34, 1), "bext": (0x24, 5),
    "czero.eqz": (0x07, 5), "czero.nez": (0x07, 7),
}  # fmt: skip
_SHIFTS = ("ror", "bset", "bclr", "binv", "bext")
"""With the number of a bit as an immediate, too; their names then end with i. It is read as 12 bits, of which the meanings take
the lowest five: machines know extensions of the formats R and I alone."""
_ONE = {  # the upper 12 bits, funct3
    "cpop": (0x602, 1), "sext.b": (0x604, 1), "sext.h": (0x605, 1), "brev8": (0x687, 5), "rev8": (0x698, 5),
    "sha256sum0": (0x100, 1), "sha256sum1": (0x101, 1), "sha256sig0": (0x102, 1), "sha256sig1": (0x103, 1),
}  # fmt: skip
"""clz and ctz are left out: a program that uses them traps, and is refused."""


def _ones(w: Words, a: Word, b: Word) -> Word:
    """The number of bits that are 1 (Warren, Hacker's Delight, 5-1)."""
    a = a - (w.shift_right(a, w.constant(1, a)) & 0x55555555)
    a = (a & 0x33333333) + (w.shift_right(a, w.constant(2, a)) & 0x33333333)
    a = a + w.shift_right(a, w.constant(4, a)) & 0x0F0F0F0F
    return w.shift_right(a * 0x01010101, w.constant(24, a))


def operations() -> tuple[Operation, ...]:
    """The ratified operations as extensions of an instruction set, under their own encodings."""
    rows = [(name, "R", "alu", 0x33 | f3 << 12 | f7 << 25, FUNCT7, name) for name, (f7, f3) in _TWO.items()]
    rows += [(f"{n}i", "I", "alu_imm", 0x13 | _TWO[n][1] << 12 | _TWO[n][0] << 25, FUNCT7, n) for n in _SHIFTS]
    rows += [(name, "I", "alu_imm", 0x13 | f3 << 12 | top << 20, _ONE_REGISTER, name) for name, (top, f3) in _ONE.items()]
    meanings = OPERATIONS | {"cpop": _ones}
    return tuple(
        Operation(number, name, format, kind, match, mask, "ratified", register_form=name, meaning=recorded(meanings[form]))
        for number, (name, format, kind, match, mask, form) in enumerate(rows, FIRST_EXTENSION)
    )


def executed(file: Path, extended: bool) -> int:
    """Instructions that a program executes as Clang builds it, with the extensions or without.

    Raises UserError where it does not exit as its first line says, or uses what is no operation here.
    """
    given = (*flags(file), EXTENDED) if extended else flags(file)
    program, isa = elf.parse(toolchain.compile_source(file, "rv32em", given), file.name)
    config = replace(toolchain.machine_for(program, isa), extensions=operations() if extended else ())
    run = catalog.create(MACHINE).run(program, Batch(toolchain.initial_registers(config)), config, MAX_STEPS)
    if run.status[0] != Status.EXITED or run.exit_code[0] != stated_exit(file):
        raise UserError(
            f"{file}, built {'with' * extended or 'without'} extensions, does not exit as it says: at {int(run.pc[0]):#x}"
        )
    return int(run.retired[0])
