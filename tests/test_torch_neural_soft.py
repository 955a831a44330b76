"""The soft neural machine: gradients against finite differences, temperature 0 against the hard machine, a step by hand."""

from dataclasses import replace

import numpy as np
import pytest

from backends import torch_neural
from backends.core import isa
from backends.core.soft import COLUMN, SoftRun, soften
from backends.interface import Batch, Logits, MachineConfig, Patch, Program, SoftExecution, SoftProgram, UserError

MACHINE = torch_neural.create()
STATE = ("registers", "memory", "pc")


def random_program(seed: int, slots: int = 5, registers: int = 16) -> SoftProgram:
    rng = np.random.default_rng(seed)
    imm = rng.normal(size=(slots, 32)) - np.where(np.arange(32) > 5, 3, 0)
    selectors = (rng.normal(size=(slots, registers)) for _ in range(3))
    return SoftProgram(Logits(rng.normal(size=(slots, len(COLUMN))), *selectors, imm))


def random_batch(seed: int, size: int = 2, memory_bytes: int = 16) -> Batch:
    rng = np.random.default_rng(seed)
    registers = rng.integers(0, 40, (size, 16), dtype=np.uint32)
    return Batch(registers, patches=(Patch(0, rng.integers(0, 256, (size, memory_bytes), dtype=np.uint8)),))


CONFIG = MachineConfig(memory_bytes=16)


@pytest.mark.parametrize("field", Logits._fields)
def test_gradient_equals_finite_differences(field):
    run, rng, step = SoftRun(random_program(0), random_batch(1), CONFIG, 1.0, 3), np.random.default_rng(2), 1e-5
    final = MACHINE.run_soft(run)
    cotangent = SoftExecution(*(rng.normal(size=getattr(final, name).shape) for name in STATE))
    gradient = getattr(MACHINE.soft_gradient(run, cotangent), field)
    direction = rng.normal(size=gradient.shape)

    def loss(sign: float) -> float:
        moved = run.program.logits._replace(**{field: getattr(run.program.logits, field) + sign * step * direction})
        ended = MACHINE.run_soft(replace(run, program=SoftProgram(moved)))
        return sum((getattr(ended, name) * getattr(cotangent, name)).sum() for name in STATE)

    assert (loss(1) - loss(-1)) / (2 * step) == pytest.approx((gradient * direction).sum(), abs=1e-8)


def test_mass_is_conserved_and_expectations_stay_expectations():
    final = MACHINE.run_soft(SoftRun(random_program(3), random_batch(4), CONFIG, 0.5, 6))
    np.testing.assert_allclose(final.pc.sum(1), 1, atol=1e-12)
    for name in STATE:
        assert getattr(final, name).min() >= -1e-12 and getattr(final, name).max() <= 1 + 1e-12
    assert (final.registers[:, 0] == 0).all()


@pytest.mark.parametrize("signed", [False, True])
def test_soft_load_is_the_expectation_over_offsets(signed):
    program, batch = random_program(5, slots=1), random_batch(6)
    op = np.full((1, len(COLUMN)), -800.0)
    op[0, COLUMN["lb" if signed else "lbu"]] = 0
    final = MACHINE.run_soft(SoftRun(SoftProgram(program.logits._replace(op=op)), batch, CONFIG, 1.0, 1))
    registers = (batch.registers[:, :, None] >> np.arange(32, dtype=np.uint32) & 1).astype(float)
    registers[:, 0] = 0
    memory = np.unpackbits(batch.patches[0].data[:, :, None], axis=2, bitorder="little")
    rd, rs1 = (np.exp(x[0]) / np.exp(x[0]).sum() for x in (program.logits.rd, program.logits.rs1))
    imm = 1 / (1 + np.exp(-program.logits.imm[0]))
    for b in range(2):
        places = _distribution(_ripple(rs1 @ registers[b], imm), 16)
        byte = places @ memory[b]
        word = np.concatenate((byte, np.full(24, byte[7] * signed)))
        wanted = (1 - places.sum() * rd[:, None]) * registers[b] + rd[:, None] * word
        np.testing.assert_allclose(final.registers[b, 1:], wanted[1:], atol=1e-14)


def _ripple(a: np.ndarray, b: np.ndarray) -> list[float]:
    carry, total = 0.0, []
    for x, y in zip(a, b, strict=True):
        propagate = x + y - 2 * x * y
        total.append(propagate + carry - 2 * propagate * carry)
        carry = x * y + propagate * carry
    return total


def _distribution(bits: list[float], size: int) -> np.ndarray:
    chances = [[x if m >> k & 1 else 1 - x for k, x in enumerate(bits)] for m in range(size)]
    return np.prod(chances, axis=1)


def test_temperature_zero_is_the_hard_machine():
    e = isa.encode
    words = [
        e("addi", 1, 0, imm=37), e("addi", 2, 0, imm=-5), e("mulh", 3, 1, 2), e("div", 4, 2, 1), e("sra", 5, 2, 1),
        e("sw", rs1=0, rs2=2, imm=64), e("lb", 6, 0, imm=65), e("bltu", rs1=1, rs2=2, imm=8), e("ebreak"),
        e("jal", 7, imm=8), e("ebreak"), e("auipc", 8, imm=4096), e("rem", 9, 1, 2), e("ebreak"),
    ]  # fmt: skip
    program, config = Program(np.array(words, "<u4").view(np.uint8), 0, 0), MachineConfig(memory_bytes=128)
    registers = np.zeros((1, 16), np.uint32)
    hard = MACHINE.run(program, Batch(registers), config, 100)
    batch = Batch(registers, patches=(Patch(0, program.image[None]),))
    soft = MACHINE.run_soft(SoftRun(soften(program, config, 8.0), batch, config, 0.0, 20))
    np.testing.assert_array_equal(soft.registers, hard.registers[:, :, None] >> np.arange(32, dtype=np.uint32) & 1)
    np.testing.assert_array_equal(np.packbits(soft.memory.astype(bool), axis=2, bitorder="little")[:, :, 0], hard.memory)
    assert soft.pc[0, -2] == 1


def test_gradient_at_temperature_zero_is_zero():
    run = SoftRun(random_program(0), random_batch(1), CONFIG, 0.0, 2)
    gradient = MACHINE.soft_gradient(run, MACHINE.run_soft(run))
    assert all((x == 0).all() for x in gradient)


def test_bad_soft_programs_are_user_errors():
    program, batch = random_program(0), random_batch(1)
    bad = SoftProgram(program.logits._replace(imm=np.full_like(program.logits.imm, np.nan)))
    for wrong in (
        lambda: MACHINE.run_soft(SoftRun(bad, batch, CONFIG, 1.0, 1)),
        lambda: MACHINE.run_soft(SoftRun(program, batch, CONFIG, -1.0, 1)),
    ):
        with pytest.raises(UserError):
            wrong()
    with pytest.raises(UserError, match="value"):
        MACHINE.run_soft(SoftRun(program, batch, replace(CONFIG, relaxation="value"), 1.0, 1))
