"""Soft programs: logits from a program and back, and logits that no machine may run."""

from dataclasses import replace

import numpy as np
import pytest

from backends.conformance import cases
from backends.conformance.soft import random_program
from backends.core import catalog, isa, soft
from backends.core.isa import encode
from backends.interface import Batch, DifferentiableBackend, MachineConfig, SoftProgram, UserError

CONFIG = MachineConfig(memory_bytes=64)
DIFFERENTIABLE = [n for n in catalog.names() if isinstance(catalog.create(n), DifferentiableBackend)]


def test_the_greatest_logits_are_the_program():
    for case in cases.operation_cases(64):
        if case.name.split()[1] in soft.COLUMN:
            for program in case.programs:
                *selectors, imm = soft.soften(program, CONFIG, 3.0).logits
                op, *registers = (x.argmax(axis=1).tolist() for x in selectors)
                names = [isa.SOFT_OPERATIONS[o] for o in op]
                words = np.packbits(imm > 0, axis=1, bitorder="little").view("<u4")[:, 0]
                decoded = isa.decode(program.image.view(np.uint32), 16)
                assert names == [isa.OPERATIONS[o].name for o in decoded.op]
                assert registers == [x.tolist() for x in (decoded.rd, decoded.rs1, decoded.rs2)]
                assert words.tolist() == decoded.imm.tolist()


def test_logits_per_slot_are_operations_registers_and_immediate_bits():
    for name, registers in (("rv32em", 16), ("rv32im", 32)):
        program = soft.soften(cases.words_program([encode("ebreak")]), replace(CONFIG, isa=name), 1.0)
        width = sum(x.shape[1] for x in program.logits)
        assert width == len(isa.SOFT_OPERATIONS) + 3 * registers + 32


def test_a_program_that_cannot_be_soft_says_why():
    for name in ("rdcycle", "fence.i"):
        with pytest.raises(UserError, match=f"uses {name}, which a soft program does not have"):
            soft.soften(cases.words_program([encode(name)]), CONFIG, 1.0)


def _broken():
    good = random_program(np.random.default_rng(0), 2, None)
    for name, logits in good.logits._asdict().items():
        for value in (np.nan, np.inf):
            broken = logits.copy()
            broken[1, 2] = value
            program = SoftProgram(good.logits._replace(**{name: broken}))
            yield (f"{name} {value}", program, 1.0, f"logits {name} hold NaN or infinity in slot 1")
    yield (
        "shape",
        SoftProgram(good.logits._replace(rd=good.logits.rd[:, :8])),
        1.0,
        r"logits rd of shape \(2, 8\): give \[2, 16\]",
    )
    yield "temperature", good, -1.0, "temperature -1.0"
    yield "NaN temperature", good, np.nan, "temperature nan"
    yield "start", replace(good, start=2), 1.0, "starts at slot 2"


@pytest.mark.parametrize("machine", DIFFERENTIABLE)
@pytest.mark.parametrize(("program", "temperature", "message"), [b[1:] for b in _broken()], ids=[b[0] for b in _broken()])
def test_broken_logits_give_one_line(machine, program, temperature, message):
    batch = Batch(np.zeros((1, 16), np.uint32))
    with pytest.raises(UserError, match=message):
        catalog.create(machine).run_soft(soft.SoftRun(program, batch, CONFIG, temperature, 2))
