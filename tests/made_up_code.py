"""Small programs for the tests of instruction discovery."""

import numpy as np

from backends.conformance.cases import words_program
from backends.core import catalog
from backends.core.isa import encode
from backends.core.state import load
from backends.interface import Batch, MachineConfig
from experiments.isa_discovery import discovery
from experiments.isa_discovery.machine_code import Text

A0, A1, A2, T0, T1 = 10, 11, 12, 5, 6
ROTATION = [encode("slli", T0, A0, imm=7), encode("srli", A0, A0, imm=25), encode("or", A0, A0, T0), encode("addi", T0, imm=0)]
"""Code, the last instruction of which writes over what is no longer needed."""
SPILLED = [
    encode("slli", T0, A0, imm=7), encode("sw", 0, 2, T0, imm=8), encode("srli", T1, A0, imm=25), encode("xor", A0, A1, A1),
    encode("lw", T0, 2, imm=8), encode("or", T1, T1, T0), encode("addi", T0, imm=0),
]  # fmt: skip
"""A rotation, half of which waits in memory while its operand is written over."""


def text_of(words, counts=None, entered=()):
    """The text of a program that is all code."""
    program = words_program([*words, encode("ebreak")], 0x1000)
    size = len(words) + 1
    jumped = np.zeros(size, np.int64)
    jumped[list(entered)] = 1
    return Text(
        program, ((0x1000, 0x1000 + 4 * size),), np.ones(size, np.int64) if counts is None else np.array(counts), jumped
    )


def subject_of(words, registers):
    """A program that is all code, with its counts, taken one instruction at a time."""
    config, batch, machine = MachineConfig(memory_base=0x1000, memory_bytes=4096), Batch(registers), catalog.create("reference")
    program = words_program([*words, encode("ebreak")], 0x1000)
    run = machine.run(program, batch, config, 10_000)
    state, counts, entered, before = load(program, batch, config), np.zeros(len(words) + 1, int), [], None
    session = machine.open(state)
    for step in range(1, int(run.retired[0]) + 1):
        slot = (int(state.pc[0]) - program.base) // 4
        counts[slot] += 1
        entered += [slot] if before is not None and slot != before + 1 else []
        before = slot
        session.advance(np.array([step], np.uint64))
    text = text_of(words, counts)
    np.add.at(text.entered, entered, 1)
    return discovery.Subject(text, config, batch, run)
