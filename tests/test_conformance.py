"""The conformance table, in a bounded form, on every machine; and that it rejects a wrong one."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import backends
from backends.__main__ import main
from backends.conformance import cases, compare, diagnosis, extensions, generate, resumed, table
from backends.core import catalog, isa
from backends.interface import Backend, Cause, DifferentiableBackend
from backends.reference import Reference
from backends.reference.machine import Hart

MACHINES = catalog.names()
SCALE = table.Scale(vectors=100, programs=50, soft_programs=2, gradients=5, caches=1, isas=("rv32em",))
KINDS = {"value", "trap", "timing", "soft limit", "gradient"}


@pytest.mark.parametrize("machine", MACHINES)
def test_machine_conforms(machine):
    checker = table.Checker(machine, SCALE)
    rows = [checker.row(kind) for kind in checker.kinds()]
    cached = {"timing"} if "cache" in catalog.create(machine).capabilities().timings else set()
    assert {r.kind for r in rows} >= {"value", "trap"} | cached and {r.kind for r in rows} <= KINDS
    assert all(r.cases > 0 and r.failed == 0 for r in rows), [r.first_failure for r in rows]


@pytest.mark.parametrize("machine", [m for m in MACHINES if m != "reference"])
def test_random_programs_shrunk(machine):
    backend, reference = catalog.create(machine), catalog.create("reference")

    @settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(generate.cases("rv32im"))
    def check(case):
        run = [m.run(case.programs, case.batch, case.config, case.max_steps) for m in (backend, reference)]
        wrong = np.flatnonzero(compare.mismatches(*run))
        first = [compare.select_rows(execution, wrong[:1]) for execution in run]
        assert not len(wrong), diagnosis.difference(case, int(wrong[0]), backend, reference, *first)

    check()


def test_a_wrong_machine_is_rejected(capfd, monkeypatch, request):
    monkeypatch.setattr(backends, "__path__", [*backends.__path__, str(request.path.parent / "machines")])
    assert main(["conform", "--backend", "wrong", "--scale", "smoke", "--json"]) == 1
    rows = {row["kind"]: row for row in map(json.loads, capfd.readouterr().out.splitlines())}
    assert rows["value"]["failed"] > 0 and rows["trap"]["failed"] == 0
    assert re.match(r"rv32em srai?: step 1, pc 0x1020, srai? ", rows["value"]["first_failure"])


def test_a_machine_that_raises_fails_where_it_does_and_the_rest_is_judged(capfd, monkeypatch, request):
    monkeypatch.setattr(backends, "__path__", [*backends.__path__, str(request.path.parent / "machines")])
    assert main(["conform", "--backend", "raising", "--scale", "smoke", "--json"]) == 1
    out, err = capfd.readouterr()
    rows = {row["kind"]: row for row in map(json.loads, out.splitlines())}
    assert "Traceback" not in err and set(rows) == {"value", "trap", "timing"}
    assert 0 < rows["value"]["failed"] < rows["value"]["cases"] and rows["trap"]["failed"] == 0
    told = r"rv32em remu: instance \d+, step 1, pc 0x1020, remu .*: raises ZeroDivisionError: .*"
    assert re.fullmatch(told, rows["value"]["first_failure"])


class Like(Backend):
    """`reference`, with something changed when it has advanced."""

    extensions = True

    def capabilities(self):
        return replace(Reference().capabilities(), extensions=self.extensions)

    def open(self, state):
        session = Reference().open(state)
        advance = session.advance
        session.advance = lambda max_steps: (advance(max_steps), self.change(state))
        return session

    def change(self, state):
        """Nothing."""


class Basic(Like):
    extensions = False


class Misadding(Like):
    """One added operation is off by one."""

    def open(self, state):
        session = Reference().open(state)
        for hart in session.harts:
            if hart.isa.extensions:
                *rows, last = hart.isa.extensions
                wrong = replace(last, meaning=lambda w, a, b, right=last.meaning: right(w, a, b) + 1)
                hart.isa = replace(hart.isa, extensions=(*rows, wrong))
        return session


class Crowded(Like):
    """Wrong where instances run beside others."""

    def change(self, state):
        state.registers[1:, 5] ^= 1


class Linking(Like):
    """A `jalr` that traps writes its register, if it was not the first instruction."""

    def change(self, state):
        for b in np.flatnonzero((state.cause == Cause.MISALIGNED_FETCH) & (state.retired > 0)):
            at = int(state.pc[b]) - state.config.memory_base
            code = isa.decode(state.memory[b, at : at + 4].view("<u4"), state.config.registers)
            if code.op[0] == isa.NUMBER["jalr"]:
                state.registers[b, code.rd[0]] = state.pc[b] + 4


def checker(machine: Backend, judge: Backend | None = None) -> table.Checker:
    """Of values and traps of a machine, without programs of files and random ones."""
    nothing = {"rv32em": (), "rv32ima": ()}
    made = table.Checker("reference", replace(SCALE, vectors=20), suite=cases.Suite(nothing, nothing))
    made.backend, made.judge = machine, judge
    return made


def test_added_operations_are_run_where_they_are_declared():
    added = sum(len(case.index) for case in extensions.extension_cases(20))
    rows = [checker(machine).row("value") for machine in (Like(), Basic())]
    assert [row.failed for row in rows] == [0, 0] and rows[0].cases - rows[1].cases == added > 100
    used = {node.operation for row in extensions.extended("rv32em").extensions for node in row.meaning.nodes}
    assert used >= set(isa.ARITHMETIC)


@pytest.mark.parametrize("judged", [True, False])
def test_a_wrong_added_operation_is_found_also_where_no_machine_judges(judged):
    row = checker(Misadding(), None if judged else table.oracle.Unicorn()).row("value")
    told = r"step 1, pc 0x1020, .*: registers" if judged else r"instance \d+: registers.*, which the case states"
    assert row.failed and re.match(r"rv32em add_far \(added\): " + told, row.first_failure)


class Fresh(Like):
    """It refuses to begin in the middle of a run."""

    def open(self, state):
        if state.retired.any():
            raise ValueError("not in the\nmiddle")
        return super().open(state)


class Hard(Like, DifferentiableBackend):
    """Its soft side is missing."""

    def capabilities(self):
        return replace(super().capabilities(), relaxations=("bits",))

    def run_soft(self, run, cotangent=None):
        raise NotImplementedError("no soft runs")

    soft_gradient = run_soft


def test_what_raises_in_a_resumed_or_soft_run_fails_too():
    made = checker(Fresh())
    made.suite = cases.Suite({"rv32em": ()}, {"rv32em": generate.some("rv32em", 1), "rv32ima": ()})
    row = made.row("value")
    assert row.failed == generate.PROGRAMS_PER_EXAMPLE and row.passed > row.failed
    assert row.first_failure == "random programs: resumed in the middle, it raises ValueError: not in the middle"
    for kind in ("soft limit", "gradient"):
        row = checker(Hard()).row(kind)
        assert row.failed == row.cases > 0 and row.first_failure.endswith(" raises NotImplementedError: no soft runs")


def test_what_differs_in_the_whole_batch_alone_is_told():
    row = checker(Crowded()).row("value")
    told = r"rv32em lui: instance 1: in the whole batch alone, registers\[5\] is (0x[0-9a-f]+), not (0x[0-9a-f]+)"
    assert (found := re.fullmatch(told, row.first_failure)) and int(found[1], 16) ^ int(found[2], 16) == 1


def test_a_jump_that_traps_and_writes_its_register_is_rejected():
    assert checker(Like()).row("trap").failed == 0
    assert re.match("jump register to misaligned: step 2", checker(Linking()).row("trap").first_failure)


class Forgetful(Backend):
    """`reference`, but it counts from 0 wherever a session begins."""

    def capabilities(self):
        return Reference().capabilities()

    def open(self, state):
        state.retired[:] = 0
        return Reference().open(state)


class Restless(Backend):
    """`reference`, but every instance runs as far as the one that may run farthest."""

    def capabilities(self):
        return Reference().capabilities()

    def open(self, state):
        session = Reference().open(state)
        advance = session.advance
        session.advance = lambda max_steps: advance(np.full_like(max_steps, max_steps.max()))
        return session


@pytest.mark.parametrize("machine", [Forgetful, Restless])
def test_a_machine_that_cannot_be_resumed_is_rejected(machine):
    case = generate.some("rv32em", 1)[0]
    whole = Reference().run(case.programs, case.batch, case.config, case.max_steps)
    assert not resumed.failures(case, Reference(), whole).any()
    assert resumed.failures(case, machine(), whole).any()


def test_an_unknown_machine_is_a_mistake(capfd):
    assert main(["conform", "--backend", "abacus"]) == 2
    assert (
        capfd.readouterr().err
        == f"error: unknown backend 'abacus': one of {', '.join(MACHINES)} (a machine is a package in backends/)\n"
    )


def test_a_conditional_store_that_asks_for_no_reservation_is_rejected(monkeypatch):
    right = Hart.atomic

    def willing(hart, row, address, value):
        hart.state.reserved[hart.b] = address
        return right(hart, row, address, value)

    monkeypatch.setattr(Hart, "atomic", willing)
    row = checker(Reference()).row("value")
    assert row.failed == 3 and row.first_failure.startswith("sc.w without a reservation"), row.first_failure
