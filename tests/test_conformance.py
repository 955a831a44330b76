"""The conformance table, in a bounded form, on every machine; and that it rejects a wrong one."""

import json
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import backends
from backends.__main__ import main
from backends.conformance import compare, generate, resumed, table
from backends.core import catalog
from backends.interface import Backend
from backends.reference import Reference

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
        assert not len(wrong), compare.describe(case, int(wrong[0]), backend, reference)

    check()


def test_a_wrong_machine_is_rejected(capfd, monkeypatch, request):
    monkeypatch.setattr(backends, "__path__", [*backends.__path__, str(request.path.parent / "machines")])
    assert main(["conform", "--backend", "wrong", "--scale", "smoke", "--json"]) == 1
    rows = {row["kind"]: row for row in map(json.loads, capfd.readouterr().out.splitlines())}
    assert rows["value"]["failed"] > 0 and rows["trap"]["failed"] == 0
    assert re.match(r"rv32em srai?: step 1, pc 0x1020, srai? ", rows["value"]["first_failure"])


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
