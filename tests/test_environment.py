"""Loading and environment calls, on every machine through its interface."""

import numpy as np
import pytest

from backends.conformance.cases import words_program
from backends.core import catalog
from backends.core.isa import encode
from backends.interface import Batch, MachineConfig, Patch, Status, UserError

MACHINES = catalog.names()
CONFIG = MachineConfig(memory_base=0x1000, memory_bytes=256)
STOP = words_program([encode("ebreak")], 0x1000)


def _call(number: int, *arguments: int) -> list[int]:
    setters = [encode("addi", 10 + i, 0, imm=a) for i, a in enumerate(arguments)]
    return [encode("addi", 5, 0, imm=number), *setters, encode("ecall")]


@pytest.mark.parametrize("machine", MACHINES)
def test_each_instance_reads_its_input_and_writes_its_output(machine):
    lift = encode("add", 11, 11, 9)  # x9 holds the memory base
    words = [*_call(63, 0, 0x80, 8)[:-1], lift, encode("ecall"), encode("add", 12, 10, 0)]
    words += [encode("addi", 5, 0, imm=64), encode("addi", 10, 0, imm=1), encode("ecall"), encode("ebreak")]
    registers = np.zeros((3, 16), np.uint32)
    registers[:, 9] = 0x1000
    inputs = (b"", b"four", b"more than eight")
    result = catalog.create(machine).run(words_program(words, 0x1000), Batch(registers, inputs=inputs), CONFIG, 100)
    assert result.output == (b"", b"four", b"more tha")
    assert (result.status == Status.HALTED).all()
    assert result.registers[:, 12].tolist() == [0, 4, 8]


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("code", [-1, -2, 0, 255])
def test_an_instance_that_has_exited_stays_as_it_is_while_others_call(machine, code):
    """The first exits at its only call; the second writes nothing three times before it exits."""
    leave = words_program(_call(93, code), 0x1000)
    stay = words_program([*_call(64, 1, 0, 0) * 3, *_call(93, code)], 0x1000)
    batch = Batch(np.zeros((2, 16), np.uint32), np.array([0, 1]))
    result = catalog.create(machine).run([leave, stay], batch, CONFIG, 100)
    assert result.cycles.tolist() == [3, 18]
    assert result.pc.tolist() == [0x100C, 0x1048]
    assert result.exit_code.tolist() == [code, code]


@pytest.mark.parametrize("machine", MACHINES)
def test_one_batch_runs_several_programs(machine):
    programs = [words_program([encode("addi", 10, 0, imm=n), encode("ebreak")], 0x1000) for n in (5, 6, 7)]
    index = np.array([2, 0, 1, 2])
    result = catalog.create(machine).run(programs, Batch(np.zeros((4, 16), np.uint32), index), CONFIG, 10)
    assert result.registers[:, 10].tolist() == [7, 5, 6, 7]


def _zeros(address: int, instances: int) -> Patch:
    return Patch(address, np.zeros((instances, 2), np.uint8))


MISTAKES = {
    "no instance": (Batch(np.zeros((0, 16), np.uint32)), 1, "registers of shape"),
    "registers of the other ISA": (Batch(np.zeros((1, 32), np.uint32)), 1, r"give \[B, 16\] for rv32em"),
    "no steps": (Batch(np.zeros((1, 16), np.uint32)), 0, "max_steps is 0"),
    "no such program": (Batch(np.zeros((1, 16), np.uint32), np.array([1])), 1, "below 1"),
    "inputs": (Batch(np.zeros((2, 16), np.uint32), inputs=(b"",)), 1, "1 inputs for 2 instances"),
    "patch outside": (Batch(np.zeros((1, 16), np.uint32), patches=(_zeros(0x10FF, 1),)), 1, "outside"),
    "patch of another batch": (Batch(np.zeros((1, 16), np.uint32), patches=(_zeros(0x1000, 2),)), 1, "give"),
}  # fmt: skip


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", MISTAKES)
def test_a_batch_that_does_not_fit_is_refused(machine, name):
    batch, max_steps, message = MISTAKES[name]
    with pytest.raises(UserError, match=message):
        catalog.create(machine).run(STOP, batch, CONFIG, max_steps)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"isa": "rv64gc"}, "unknown isa 'rv64gc': one of rv32em, rv32im"),
        ({"memory_bytes": -4}, "memory of -4 bytes"),
        ({"memory_bytes": 1 << 40}, "memory of 1099511627776 bytes"),
        ({"memory_bytes": 6}, "multiple of 4"),
        ({"memory_base": 2}, "memory base 0x2"),
        ({"memory_base": (1 << 32) - 4}, "within 32 bits"),
        ({"dtype": "float16"}, "unknown dtype"),
        ({"relaxation": "vague"}, "unknown relaxation"),
        ({"timing": "cosmic"}, "unknown timing"),
        ({"output_bytes": -1}, "output limit -1"),
    ],
)
def test_a_machine_that_cannot_be_is_refused(settings, message):
    with pytest.raises(UserError, match=message):
        MachineConfig(**settings)


@pytest.mark.parametrize("machine", MACHINES)
def test_a_program_larger_than_memory_is_refused(machine):
    program = words_program([encode("ebreak")] * 65, 0x1000)
    with pytest.raises(UserError, match="give a memory that holds it"):
        catalog.create(machine).run(program, Batch(np.zeros((1, 16), np.uint32)), CONFIG, 1)


@pytest.mark.parametrize("machine", MACHINES)
def test_x0_stays_zero_even_when_it_is_given_a_value(machine):
    registers = np.full((1, 16), 7, np.uint32)
    result = catalog.create(machine).run(
        words_program([encode("addi", 10, 0, imm=1), encode("ebreak")], 0x1000), Batch(registers), CONFIG, 5
    )
    assert result.registers[0, 0] == 0
    assert result.registers[0, 10] == 1
