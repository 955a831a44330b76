"""The hard machine of `jax_tensor`: arithmetic, the compiled loop, counters, snapshots, batches."""

import re
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from backends.conformance import cases, compare
from backends.core import isa
from backends.core.isa import encode, instruction_set
from backends.core.isa.instruction_set import Isa
from backends.core.state import load
from backends.interface import Batch, Cache, MachineConfig, Status, UserError
from backends.jax_tensor import create, hard
from backends.jax_tensor.datapath import Hart, Machine
from backends.jax_tensor.words import ALU
from backends.reference import create as create_reference
from manual import ALU as EXPECTED

SMALL = MachineConfig(memory_bytes=256)


def _agrees(case: cases.Case) -> None:
    result = create().run(case.programs, case.batch, case.config, case.max_steps)
    wanted = create_reference().run(case.programs, case.batch, case.config, case.max_steps)
    assert not compare.mismatches(result, wanted).any(), case.name
    assert not compare.unexpected(case, result).any(), case.name


@pytest.mark.parametrize("name", isa.ARITHMETIC)
def test_arithmetic_is_that_of_python_integers(name):
    a, b = cases.operands(np.random.default_rng(0), (2, 2000))
    wanted = [EXPECTED[name](x, y) & 0xFFFFFFFF for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    np.testing.assert_array_equal(ALU[name](jnp.asarray(a), jnp.asarray(b)), np.array(wanted, np.uint32))


def test_traps_and_endings_equal_the_reference():
    for case in cases.trap_cases():
        _agrees(case)


@pytest.mark.parametrize("isa_name", ["rv32em", "rv32im"])
def test_every_operation_equals_the_reference(isa_name):
    for case in cases.operation_cases(64, isa_name):
        _agrees(case)


def test_every_program_equals_the_reference():
    for case in cases.file_cases():
        _agrees(case)


@pytest.mark.parametrize("memory_bytes", [4, 8, 12])
def test_accesses_at_the_ends_of_a_tiny_memory(memory_bytes):
    """The word above the last one does not exist; straddling accesses must neither read nor write it."""
    config = MachineConfig(memory_bytes=memory_bytes)
    for name in ("lb", "lh", "lw", "sb", "sh", "sw"):
        code = encode(name, *((3, 1) if name[0] == "l" else (0, 1, 2)))
        program = cases.words_program([code])
        registers = np.zeros((memory_bytes + 5, 16), np.uint32)
        registers[:, 1], registers[:, 2] = np.arange(-2, memory_bytes + 3, dtype=np.int64).astype(np.uint32), 0x89ABCDEF
        _agrees(cases.Case(name, "value", (program,), Batch(registers), config, 1))


@pytest.mark.parametrize("timing", ["flat", "cache"])
def test_lockstep_equals_one_after_another(timing):
    """`jax.vmap` of the step, as on an accelerator, and `lax.map`, as on a CPU, are the same machine."""
    (case,) = (c for c in cases.operation_cases(16) if c.name == "rv32em sh")
    config = replace(case.config, timing=timing, cache=Cache(line_bytes=4, sets=2, ways=2))
    state = load(case.programs, case.batch, config)
    of = instruction_set.of(config)
    code, functions = hard.InstructionMemory(state.memory.view("<u4"), of), hard.functions(of)
    machines = hard._machines(state, np.full(len(state.pc), 4, np.uint64))
    arrays = (code.rows, code.snapshots, code.snapshot, machines, hard._harts(state, np.arange(len(state.pc))))
    one, other = (hard.advance_all(*jax.device_put(arrays), functions, lockstep) for lockstep in (False, True))
    jax.tree.map(np.testing.assert_array_equal, one, other)
    assert (one.stalls is not None) == (timing == "cache")


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="the text is that of XLA's CPU compiler")
def test_the_loop_is_one_native_function_that_copies_no_memory():
    """What the speed of a step rests on: no kernel launches, and a time that does not grow with memory."""
    size, words = 2, 1 << 14
    word = lambda *shape: jax.ShapeDtypeStruct(shape, jnp.uint32)  # noqa: E731 -- a name for a shape
    machines = Machine(None, None, *[word(size)] * 3, jax.ShapeDtypeStruct((size,), bool), word(size, 2, 2), word(size))
    harts = Hart(word(size, 32), word(size, words), *[word(size)] * 5)
    snapshot = jax.ShapeDtypeStruct((size,), jnp.int32)
    arrays = (word(64, 2), word(1, words), snapshot, machines, harts)
    text = hard.advance_all.compiled.lower(*arrays, hard.functions(Isa("rv32im", 32)), False).compile().as_text()
    body = text[: text.index("ENTRY")]
    assert "xla_cpu_small_call" in text
    assert not re.search(rf"= u32\[{words}\]\S* copy\(", body)


def test_cycles_carry_into_their_high_word(monkeypatch):
    """A run that is cut into calls, from a count just below 2^32 on, reads the 64-bit counter."""
    monkeypatch.setattr(hard, "STEPS_PER_CALL", 3)
    words = [encode("addi", 3, 3, imm=1)] * 5 + [encode("rdcycle", 1), encode("rdcycleh", 2), encode("jal", imm=0)]
    state = load(cases.words_program(words), Batch(np.zeros((1, 16), np.uint32)), SMALL)
    state.retired[:] = (1 << 32) - 4
    create().open(state).advance(np.array([(1 << 32) + 20], np.uint64))
    assert state.registers[0, 1:4].tolist() == [1, 1, 5]
    assert state.retired[0] == (1 << 32) + 20
    assert state.status[0] == Status.OUT_OF_STEPS


def test_unknown_device_is_a_users_mistake():
    config = MachineConfig(device="abacus")
    with pytest.raises(UserError, match="abacus"):
        create().run(cases.words_program([0]), Batch(np.zeros((1, 16), np.uint32)), config, 1)
