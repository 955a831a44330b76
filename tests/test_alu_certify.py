"""The certification: that it passes what is right, and that it does not pass what is wrong."""

from functools import partial

import numpy as np
import pytest
import z3

import manual
from backends import reference, torch_neural
from backends.core import isa
from backends.torch_neural import networks
from backends.torch_neural.networks import entries, load_weights
from experiments.alu_verification import sample
from experiments.alu_verification.components import enumerate_classifier, enumerate_component
from experiments.alu_verification.faults import CrossedWire
from experiments.alu_verification.latency import latency
from experiments.alu_verification.prove import Lemma, prove, solve
from machines.wrong import Wrong

ENTRIES = entries(load_weights())
QUICK = ("add", "sub", "slt", "sltu", "sll", "srl", "sra", "and", "or", "xor", "mul", "divu", "remu", "beq", "bge", "extend")


@pytest.mark.parametrize("name", networks.COMPONENTS)
def test_component_is_right_and_saturated_on_its_whole_domain(name):
    row = enumerate_component(ENTRIES, name, load_weights())
    assert (row.mismatches, row.unsaturated, row.smallest_margin) == (0, 0, 0.5)
    assert row.weight_margin >= 0.25


def test_classifier_is_right_on_its_whole_domain():
    row = enumerate_classifier(networks.load_classifier())
    assert row.mismatches == 0 and row.smallest_margin > 1


def test_every_lemma_of_the_quick_operations_holds():
    lemmas = prove(ENTRIES, QUICK)
    assert set(lemmas["operation"]) == set(QUICK)
    assert lemmas["result"].eq("holds").all()


def test_undecided_is_not_proven():
    a, b, c = z3.BitVecs("a b c", 64)
    factors = z3.And(a * b == 0x7FFFFFFFFFFFFFE7 * 3, z3.UGT(a, 3), z3.UGT(b, 3), a * a * c == b)
    assert solve(Lemma("two factors", factors), timeout_s=0.01)[0] == "unknown"


@pytest.mark.parametrize(("component", "operation"), [("carry", "add"), ("fill", "srl"), ("full", "mul"), ("select", "remu")])
def test_a_wrong_row_refutes_the_proof(component, operation):
    changed = ENTRIES[component].copy()
    changed[1] = 1 - changed[1]
    assert prove({**ENTRIES, component: changed}, (operation,))["result"].eq("refuted").any()


@pytest.mark.parametrize(("component", "operation"), [("sum", "add"), ("half", "sltu"), ("source", "srl"), ("full", "mul")])
def test_a_crossed_wire_refutes_the_proof(component, operation):
    lemmas = prove(ENTRIES, (operation,), partial(CrossedWire, component=component))
    assert lemmas["result"].eq("refuted").any()


@pytest.mark.parametrize("operation", isa.ARITHMETIC)
def test_oracle_is_the_operation_in_plain_integers(operation):
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 1 << 32, (2, 300), dtype=np.uint32)
    a[:40], b[20:60], b[60:80] = 0x80000000, 0xFFFFFFFF, 0
    wanted = [manual.ALU[operation](x, y) & 0xFFFFFFFF for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    assert sample.expected(operation, a, b).tolist() == wanted


def test_machines_agree_with_the_oracle_on_pairs():
    for name, machine in (("reference", reference.create()), ("torch_neural", torch_neural.create())):
        table = sample.random_pairs(name, machine, 1500, 0)
        assert table["cases"].eq(1500).all() and table["mismatches"].eq(0).all()
    eight = sample.exhaustive_8bit("reference", reference.create(), ("mulhsu",))
    assert eight.loc[0, ["cases", "mismatches"]].tolist() == [1 << 16, 0]


def test_a_wrong_machine_is_found():
    """A sum that is 7 comes out as 8."""
    wrong = Wrong("add", lambda w, a, b: a + b + (a + b == 7))
    assert sample.exhaustive_8bit("wrong", wrong, ("add",))["mismatches"].sum() > 0


def test_latency_is_positive_and_ordered():
    table = latency("torch_neural", torch_neural.create(), (1,), 0, ("add", "and"))
    assert (
        (table["low_s"] > 0).all()
        and (table["low_s"] <= table["median_s"]).all()
        and (table["median_s"] <= table["high_s"]).all()
    )
