"""Soft programs: logits from a program and back, and logits that no machine may run."""

from dataclasses import replace

import numpy as np
import pytest

from backends.conformance import cases
from backends.conformance.soft import random_program
from backends.core import catalog, isa, soft
from backends.core.isa import encode
from backends.interface import Batch, DifferentiableBackend, MachineConfig, UserError

CONFIG = MachineConfig(memory_bytes=64)
DIFFERENTIABLE = [n for n in catalog.names() if isinstance(catalog.create(n), DifferentiableBackend)]


def test_hardening_undoes_softening():
    for case in cases.operation_cases(64):
        if case.name.split()[1] in soft.COLUMN:
            for program in case.programs:
                decoded = isa.decode(program.image.view(np.uint32), 16)
                names = [isa.OPERATIONS[o].name for o in decoded.op]
                fields = (x.tolist() for x in (decoded.rd, decoded.rs1, decoded.rs2, decoded.imm))
                assert soft.harden(soft.soften(program, CONFIG, 3.0)) == list(zip(names, *fields, strict=True))


def test_logits_per_slot_are_operations_registers_and_immediate_bits():
    for name, registers in (("rv32em", 16), ("rv32im", 32)):
        program = soft.soften(cases.words_program([encode("ebreak")]), replace(CONFIG, isa=name), 1.0)
        width = sum(x.shape[1] for x in (program.op, program.rd, program.rs1, program.rs2, program.imm))
        assert width == len(isa.SOFT_OPERATIONS) + 3 * registers + 32


def test_a_program_that_cannot_be_soft_says_why():
    for name in ("rdcycle", "fence.i"):
        with pytest.raises(UserError, match=f"uses {name}, which a soft program does not have"):
            soft.soften(cases.words_program([encode(name)]), CONFIG, 1.0)


def _broken():
    good = random_program(np.random.default_rng(0), 2, None)
    for name in ("op", "rd", "rs1", "rs2", "imm"):
        for value in (np.nan, np.inf):
            logits = getattr(good, name).copy()
            logits[1, 2] = value
            yield (f"{name} {value}", replace(good, **{name: logits}), 1.0, f"logits {name} hold NaN or infinity in slot 1")
    yield "shape", replace(good, rd=good.rd[:, :8]), 1.0, r"logits rd of shape \(2, 8\): give \[2, 16\]"
    yield "temperature", good, -1.0, "temperature -1.0"
    yield "NaN temperature", good, np.nan, "temperature nan"
    yield "start", replace(good, start=2), 1.0, "starts at slot 2"


@pytest.mark.parametrize("machine", DIFFERENTIABLE)
@pytest.mark.parametrize(("program", "temperature", "message"), [b[1:] for b in _broken()], ids=[b[0] for b in _broken()])
def test_broken_logits_give_one_line(machine, program, temperature, message):
    batch = Batch(np.zeros((1, 16), np.uint32))
    with pytest.raises(UserError, match=message):
        catalog.create(machine).run_soft(program, batch, CONFIG, temperature, 2)
