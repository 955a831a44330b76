"""The driver and its sessions: environments stop, suspend, resume, limit and copy instances, on every machine."""

import sys

import numpy as np
import pytest

from backends.conformance.cases import words_program
from backends.core import catalog
from backends.core.environments import Environment
from backends.core.environments.bare import Bare
from backends.core.environments.tracing import Tracing
from backends.core.isa import encode
from backends.core.run import drive, start
from backends.core.state import RUNNING, SUSPENDED, finish, instruction_memory, load
from backends.interface import Batch, MachineConfig, Patch, Session, State, Status, UserError

MACHINES = catalog.names()
CONFIG = MachineConfig(memory_bytes=256)
A0, A1, A7, T0 = 10, 11, 17, 5
COUNT = words_program([encode("addi", A0, A0, imm=1), encode("jal", imm=-4)])
"""Counts in a0, two instructions a round, without an end."""


def batch(size: int) -> Batch:
    return Batch(np.zeros((size, 16), np.uint32))


class Limited(Environment):
    """Each instance runs as far as it may, in strides of its own."""

    def __init__(self, stride: np.ndarray) -> None:
        self.inner, self.stride, self.asked = Bare(), stride, 0

    def limits(self, state, max_steps):
        return np.minimum(state.retired + self.stride, self.inner.limits(state, max_steps))

    def answer(self, state):
        self.asked += 1
        return self.inner.answer(state)


@pytest.mark.parametrize("machine", MACHINES)
def test_strides_do_not_change_a_run(machine):
    stride = np.array([1, 3, 8], np.uint64)
    environment = Limited(stride)
    result = catalog.create(machine).run(COUNT, batch(3), CONFIG, 20, environment)
    assert environment.asked == 20
    assert result.retired.tolist() == [20, 20, 20]
    assert result.registers[:, A0].tolist() == [10, 10, 10]
    assert (result.status == Status.OUT_OF_STEPS).all()


class Pausing(Environment):
    """Suspends instance 0 until instance 1 has counted to 5."""

    def __init__(self) -> None:
        self.inner, self.seen = Bare(), []

    def limits(self, state, max_steps):
        return np.minimum(self.inner.limits(state, max_steps), state.retired + np.uint64(2))

    def answer(self, state):
        changed = self.inner.answer(state)
        state.status[0] = RUNNING if state.registers[1, A0] >= 5 else SUSPENDED
        self.seen.append(int(state.registers[0, A0]))
        return changed


@pytest.mark.parametrize("machine", MACHINES)
def test_a_suspended_instance_waits_and_is_resumed(machine):
    environment = Pausing()
    result = catalog.create(machine).run(COUNT, batch(2), CONFIG, 12, environment)
    assert environment.seen[:6] == [1, 1, 1, 1, 1, 2]
    assert result.registers[:, A0].tolist() == [6, 6]


SELF = words_program([
    encode("sw", 0, 2, A1, 0x10),  # over the instruction at 0x10
    encode("fence.i"),
    encode("addi", A0, A0, imm=1),
    encode("ecall"),
    encode("addi", A0, 0, imm=99),  # rewritten
    encode("ebreak"),
])  # fmt: skip


def copy_instance(begun: State, source: int, target: int) -> None:
    """Make instance `target` what `source` is (a fork). The environment then names `target` as changed."""
    begun.fetched[target] = instruction_memory(begun, source).copy()
    for array in (
        begun.index, begun.registers, begun.memory, begun.pc, begun.retired, begun.stalls, begun.lines, begun.status,
        begun.cause, begun.address, begun.exit_code, begun.tohost,
    ):  # fmt: skip
        array[target] = array[source]
    for written in (begun.output, begun.errors):
        written[target] = bytearray(written[source])
    begun.inputs[target] = begun.inputs[source]


class Forking(Environment):
    """The first call that is waited for copies instance 0 onto instance 1, which then returns with a0 = 40."""

    def __init__(self) -> None:
        self.inner, self.forked = Bare(), False

    def limits(self, state, max_steps):
        return self.inner.limits(state, max_steps)

    def answer(self, state):
        if state.status[0] == Status.AT_ECALL and not self.forked:
            self.forked = True
            state.status[0], state.pc[0], state.retired[0] = RUNNING, state.pc[0] + 4, state.retired[0] + 1
            copy_instance(state, 0, 1)
            state.registers[1, A0] = 40
            return np.array([0, 1])
        return self.inner.answer(state)


@pytest.mark.parametrize("machine", MACHINES)
def test_a_copied_instance_goes_on_as_the_other_with_its_rewritten_code(machine):
    """Instance 1 was suspended, and has neither the program's registers nor its rewritten code before the copy."""
    registers = np.zeros((2, 16), np.uint32)
    registers[0, A1] = encode("addi", A0, A0, imm=7)
    result = catalog.create(machine).run(SELF, Batch(registers), CONFIG, 50, _suspending(Forking(), 1))
    assert result.registers[:, A0].tolist() == [8, 47]
    assert (result.status == Status.HALTED).all()
    assert result.retired[0] == result.retired[1]


def _suspending(inner, b: int) -> Environment:
    """`inner`, with instance b suspended when the run begins."""

    class Begun(Environment):
        def __init__(self):
            self.begun = False

        def limits(self, state, max_steps):
            if not self.begun:
                self.begun, state.status[b] = True, SUSPENDED
            return inner.limits(state, max_steps)

        def answer(self, state):
            return inner.answer(state)

    return Begun()


@pytest.mark.parametrize("machine", MACHINES)
def test_a_session_opens_in_the_middle_of_a_run(machine):
    """On a state that another session left, with code that was patched and rewritten, at any step."""
    registers = np.zeros((1, 16), np.uint32)
    registers[0, A1] = encode("addi", A0, A0, imm=7)
    registers[0, T0] = 93
    patch = Patch(8, np.array([[encode("addi", A0, A0, imm=2)]], np.uint32).view(np.uint8))
    given, backend = Batch(registers, patches=(patch,)), catalog.create(machine)
    whole = backend.run(SELF, given, CONFIG, 50)
    for cut in range(1, int(whole.retired[0]) + 1):
        state = load(SELF, given, CONFIG)
        for steps in (cut, 50):
            drive(backend.open(state), state, Bare(), steps)
        found = finish(state)
        assert np.array_equal(found.registers, whole.registers) and found.retired == whole.retired, cut
        assert found.exit_code == whole.exit_code and found.status == whole.status, cut


@pytest.mark.parametrize("machine", MACHINES)
def test_a_trace_runs_the_program_once(machine):
    program = words_program([encode("addi", A0, A0, imm=5), encode("lui", A1, imm=0x1000), encode("ebreak")])
    trace = Tracing(Bare(), 2)
    result = catalog.create(machine).run(program, batch(1), CONFIG, 10, trace)
    assert result.retired[0] == 3
    assert [line.split() for line in trace.lines] == [
        ["1", "00000000", "addi", "a0,", "a0,", "5", "a0", "=", "0x5"],
        ["2", "00000004", "lui", "a1,", "1", "a1", "=", "0x1000"],
    ]


def test_a_machine_that_does_not_advance_is_told():
    class Idle(Session):
        def advance(self, max_steps):
            pass

        def refresh(self, instances):
            pass

    state = start(catalog.create("reference"), COUNT, batch(1), CONFIG, 5)
    with pytest.raises(UserError, match="does not advance"):
        drive(Idle(), state, Bare(), 5)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "has no function create"),
        ("def create(:\n", "invalid syntax"),
        ("from backends.interface import Backend\nclass B(Backend): ...\ndef create(): return B()\n", "abstract"),
    ],
)
def test_a_machine_that_is_no_machine_says_why(tmp_path, monkeypatch, text, named):
    import backends

    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "__init__.py").write_text(text)
    monkeypatch.setattr(backends, "__path__", [*backends.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "backends.odd", raising=False)
    assert named in catalog.describe("odd")
