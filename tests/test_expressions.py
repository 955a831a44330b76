"""Expressions of operations: what a meaning does, written down, is what it does, on every kind of word."""

import numpy as np
import pytest
import z3

from backends.core import isa
from backends.core.isa.expressions import CONSTANT, Expression, Node, recorded
from backends.core.isa.formulas import Formulas
from backends.core.isa.words import Arrays, Integers

CORNERS = np.array([0, 1, 2, 31, 32, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF], np.uint32)
MEANINGS = {row.name: row.meaning for row in isa.OPERATIONS if row.kind == "alu"} | {
    "rotated": lambda w, a, b: (a << 7) + w.shift_right(a, w.constant(25, a)) + b,
    "least": lambda w, a, b: w.where(w.opposite(w.less(a, b)), b, a),
    "equal": lambda w, a, b: w.where(a == b, w.constant(5, a), w.where(a != 3, ~a, 7 - b)),
    "second": lambda w, a, b: b,
}


@pytest.mark.parametrize("name", MEANINGS)
def test_what_is_recorded_is_what_is_meant(name):
    meaning, rng = MEANINGS[name], np.random.default_rng(0)
    a, b = np.hstack((rng.integers(0, 1 << 32, (2, 500), np.uint32), np.stack(np.meshgrid(CORNERS, CORNERS)).reshape(2, -1)))
    with np.errstate(all="ignore"):
        wanted = meaning(Arrays(), a, b)
        assert np.array_equal(recorded(meaning)(Arrays(), a, b), wanted)
    assert [recorded(meaning)(Integers(), int(x), int(y)) & 0xFFFFFFFF for x, y in zip(a, b, strict=True)] == wanted.tolist()


@pytest.mark.parametrize("name", ["sra", "slt", "mulhu", "rotated", "least", "equal"])
def test_what_is_recorded_is_proven_to_be_what_is_meant(name):
    a, b = z3.BitVecs("a b", 32)
    solver = z3.Solver()
    solver.add(recorded(MEANINGS[name])(Formulas(), a, b) != MEANINGS[name](Formulas(), a, b))
    assert solver.check() == z3.unsat


def test_an_expression_has_only_operations_of_the_table_and_says_nothing_twice():
    nodes = recorded(MEANINGS["equal"]).nodes
    assert {node.operation for node in nodes} <= {*isa.ARITHMETIC, CONSTANT}
    assert len(set(nodes)) == len(nodes)
    assert recorded(MEANINGS["add"]) == Expression((Node("add", 0, 1),))
