"""The fused soft step: it computes and differentiates what `jax_tensor`, the definition, does. Conformance
(test_conformance.py) holds its limit at temperature 0 against `reference`, and its gradients against finite differences."""

from dataclasses import replace

import numpy as np
import pytest

from backends.conformance import soft as conformance
from backends.conformance import table
from backends.core import catalog
from backends.core.soft import COLUMN, SoftRun
from backends.gpu_compute import soft
from backends.gpu_compute.soft import batches, selections
from backends.interface import Batch, Logits, MachineConfig, Patch, SoftExecution, UserError

JAX, MACHINE = catalog.create("jax_tensor"), catalog.create("gpu_compute")
STRAIGHT = ("add", "sub", "xor", "sra", "sltu", "mul", "rem", "lw", "sb", "addi", "slli")
BRANCHING = ("addi", "xor", "lbu", "sb", "beq", "blt", "bgeu", "jal", "jalr")


def random_run(seed: int, operations=None, steps: int = 4, temperature: float = 1.0, **changes) -> conformance.Problem:
    """A random soft program, with jumps and accesses near enough to have mass, its operands, and a cotangent."""
    rng, config = np.random.default_rng(seed), MachineConfig(memory_bytes=24, **changes)
    program = conformance.random_program(rng, 4, operations, config.registers)
    program.logits.op[program.logits.op < -100] = -1e4
    near = config.relaxation == "value"  # there a large number in a mean leaves no access any mass
    program.logits.imm[:, 5:] -= 60.0 if near else 12.0
    registers = rng.integers(0, 1 << 32, (3, config.registers), dtype=np.uint64).astype(np.uint32)
    registers[:, :: 1 if near else 2] = config.memory_base + rng.integers(0, 16, registers[:, :: 1 if near else 2].shape)
    batch = Batch(registers, patches=(Patch(config.memory_base, rng.integers(0, 256, (3, 24), dtype=np.uint8)),))
    run = SoftRun(replace(program, base=4 * seed, start=1), batch, config, temperature, steps)
    return run, SoftExecution(*(rng.normal(size=x.shape) for x in JAX.run_soft(run)))


@pytest.mark.parametrize("seed", range(8))
def test_it_agrees_with_the_definition(seed):
    """All operations; every other time without branches, jumps and calls."""
    operations, base = STRAIGHT if seed % 2 else None, 0 if seed < 4 else 1 << 12
    problem = random_run(seed, operations, 4, (0.2, 1.0)[seed // 2 % 2], memory_base=base)
    assert all(np.abs(x).max() > 1e-6 for x in JAX.soft_gradient(*problem))
    assert conformance.disagreement(problem, MACHINE, JAX) < 1e-9


@pytest.mark.parametrize("name", COLUMN)
def test_each_operation_on_numbers(name):
    """Relaxation `value`; more of them at once multiply and wrap numbers whose last digits are noise."""
    for temperature in (0.2, 1.0):
        problem = random_run(3, (name, "addi"), 2, temperature, relaxation="value", memory_base=1 << 12)
        assert conformance.disagreement(problem, MACHINE, JAX) < 1e-9


@pytest.mark.parametrize("changes", [{"isa": "rv32im"}, {"steps": 70}], ids=str)
@pytest.mark.parametrize("relaxation", ["bits", "value"])
def test_more_registers_and_long_runs(relaxation, changes):
    """A run of more than SEGMENT_STEPS is computed again in parts."""
    problem = random_run(11, BRANCHING if relaxation == "value" else None, relaxation=relaxation, **changes)
    assert conformance.disagreement(problem, MACHINE, JAX) < 1e-9


def test_it_agrees_in_float32():
    for seed in range(3):
        problem = random_run(seed, dtype="float32")
        assert conformance.disagreement(problem, MACHINE, JAX) < 1e-5


def test_no_steps_and_temperature_0_have_no_gradient():
    for changes in ({"steps": 0}, {"temperature": 0.0}):
        assert not any(x.any() for x in soft.gradient(*random_run(11, **changes)))


def test_programs_side_by_side_are_those_alone_whatever_the_threads(monkeypatch):
    problems = [random_run(seed) for seed in (0, 2, 4)]
    run, weights = problems[0]
    logits = Logits(*(np.stack(x) for x in zip(*(p.program.logits for p, _ in problems), strict=True)))
    cotangent = SoftExecution(*(np.stack([x] * 3) for x in weights))
    together = []
    for threads in ("1", "2"):
        monkeypatch.setenv("BACKEND_THREADS", threads)
        together.append(batches.gradient(soft.task_of(run), logits, np.ones(3), cotangent))
    for p, (other, _) in enumerate(problems):
        alone = soft.gradient(replace(run, program=replace(run.program, logits=other.program.logits)), weights)
        for one, *all_ in zip(alone, *together, strict=True):
            assert all(np.array_equal(one, x[p]) for x in all_)


def test_a_negated_derivative_is_rejected(monkeypatch):
    """That by the mass of one operation, in one machine alone."""
    right = selections.selections_slopes

    def wrong(total, sizes):
        total.columns[:, COLUMN["xor"]] *= -1
        return right(total, sizes)

    checker = table.Checker("gpu_compute", table.SCALES["smoke"])
    assert checker.row("gradient").failed == 0
    monkeypatch.setattr(selections, "selections_slopes", wrong)
    assert checker.row("gradient").failed > 0


def test_it_runs_on_cores_alone():
    run, _ = random_run(0)
    with pytest.raises(UserError, match="gpu_compute has no device 'cuda' here for soft runs: one of cpu"):
        MACHINE.run_soft(replace(run, config=replace(run.config, device="cuda")))
