"""Descent through branches and memory: its derivatives against brute force, and what it finds."""

from dataclasses import replace

import numba
import numpy as np
import pytest

from backends.core import isa
from backends.gpu_compute.codes import unpack
from experiments.synthesis import search, tasks, truth
from experiments.synthesis.discrete.moves import Tables
from experiments.synthesis.evaluate import Evaluator
from experiments.synthesis.gradient import menu, paths
from experiments.synthesis.gradient.descents import Lane
from experiments.synthesis.gradient.menu import Knobs
from experiments.synthesis.language import IMM, OP, RS1, RS2, Space
from experiments.synthesis.search import Budget, Problem

ALL = Knobs(enough=np.inf, batch=12)
BRANCHES = ("beq", "bne", "blt", "bge", "bltu", "bgeu")


@numba.njit(_nrt=False)
def _fill(random, logits, drawn, packed, temperature, tables, jump):
    for slot in range(len(drawn)):
        paths.draw(random, logits, slot, drawn[slot], temperature, 0.0, tables)
        packed[slot] = paths.pack_row(drawn[slot], slot, tables, jump)


@numba.njit(_nrt=False)
def _score(drawn, packed, order, tables, jump, cases, runs, guide, scores, losses, knobs):
    paths.score_words(drawn, packed, order, tables, cases, runs, guide, scores, losses, knobs)
    for slot in range(len(drawn)):
        paths.score_slot(slot, drawn, packed, order, tables, jump, cases, runs, scores, losses, knobs)


class Scored:
    """Random programs of a task, their scores over all of a few examples, and what their loss really is."""

    def __init__(self, name: str, seed: int, knobs: Knobs) -> None:
        task, rng, self.knobs = tasks.get(name), np.random.default_rng(seed), knobs
        examples = task.training(rng, knobs.batch)
        self.evaluator = Evaluator(replace(examples, steps=max(examples.steps, task.space.length)))
        self.descent = Lane(Problem(examples, task.space), self.evaluator, rng, knobs)
        self.random, self.logits, _, self.drawn, self.packed, _, self.order = self.descent.state
        self.tables, self.jump, self.cases, self.runs = self.descent.fixed
        self.guide, self.scores, self.losses = self.descent.room

    def renew(self) -> None:
        _fill(self.random, self.logits, self.drawn, self.packed, self.knobs.temperature, self.tables, self.jump)
        _score(
            self.drawn, self.packed, self.order, self.tables, self.jump, self.cases, self.runs, self.guide, self.scores,
            self.losses, self.knobs,
        )  # fmt: skip

    def loss(self, slot: int, word: np.uint64) -> float:
        """Of all examples, with a packed instruction in a slot."""
        packed = self.packed.copy()
        packed[slot] = word
        found, ended = self.evaluator.outputs(unpack(packed[None]))
        off = np.bitwise_count(found[0] ^ self.evaluator.cases.wanted).sum(axis=1)
        wrong, endless = self.knobs.wrong, self.knobs.endless
        return float(np.where(ended[0], off + wrong * (off > 0), endless + wrong).sum())


@pytest.mark.parametrize("name", ["sum_to_n", "max_array", "reverse"])
def test_scores_of_jumps_are_differences_of_the_loss(name):
    scored, seen = Scored(name, 0, ALL), 0
    for _ in range(4):
        scored.renew()
        for slot in range(len(scored.drawn)):
            now = scored.loss(slot, scored.packed[slot])
            assert now == pytest.approx(scored.losses.sum())
            for c in range(0, scored.jump.shape[1], 7):
                real = scored.loss(slot, scored.jump[slot, c]) - now
                assert scored.scores.jump[slot, c] == pytest.approx(real, abs=1e-3), (slot, c)
                seen += real != 0
    assert seen > 20


@pytest.mark.parametrize("name", ["sum_array", "reverse"])
def test_every_field_can_be_scored_by_execution(name):
    scored, seen = Scored(name, 1, ALL._replace(everything=True)), 0
    for _ in range(6):
        scored.renew()
        for slot, row in enumerate(scored.drawn):
            now = scored.loss(slot, scored.packed[slot])
            for field, into in ((paths.OP, scored.scores.op), (paths.RS1, scored.scores.rs1)):
                if row[paths.OP] >= len(scored.tables[0]) and field != paths.OP:
                    continue
                for c in range(into.shape[1]):
                    other = row.copy()
                    other[field] = c if field == paths.OP else scored.tables[2][c]
                    real = scored.loss(slot, paths.pack_row(other, slot, scored.tables, scored.jump)) - now
                    assert into[slot, c] == pytest.approx(real, abs=1e-3), (slot, field, c)
                    seen += real != 0
    assert seen > 20


def test_adjoint_and_execution_agree_on_the_last_instruction():
    """There the derivative is linear in the bits that it changes, where the loss is."""
    first, second = (Scored("max", 2, ALL._replace(wrong=0.0, everything=by)) for by in (False, True))
    for _ in range(10):
        first.renew()
        second.renew()
        assert (first.packed == second.packed).all()
        for field in ("op", "rd", "rs1", "rs2", "imm"):
            ours, theirs = (getattr(each.scores, field)[-1] for each in (first, second))
            assert ours == pytest.approx(theirs, abs=1e-2), field


def _decisions(op: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    signed, other = a.astype(np.int32), b.astype(np.int32)
    return {
        "beq": a == b, "bne": a != b, "blt": signed < other, "bge": signed >= other, "bltu": a < b, "bgeu": a >= b,
    }[op]  # fmt: skip


def test_a_slot_may_hold_every_branch_that_does_something_once():
    space = Space(("add", *BRANCHES), (0, 10, 11), 3)
    rng = np.random.default_rng(0)
    values = rng.integers(-2, 3, (400, 16)).astype(np.uint32) * (rng.random((400, 16)) < 0.8)
    values[:, 0] = 0
    wanted = {
        (_decisions(op, values[:, a], values[:, b]).tobytes(), target)
        for op in BRANCHES for a in space.registers for b in space.registers for target in (-4, 4, 8)
    }  # fmt: skip
    never = np.zeros(400, bool).tobytes()
    columns = np.pad(menu.jumps(space).T, ((0, 0), (0, 2)))  # a code each, and what stands behind one
    held = [
        (_decisions(isa.OPERATIONS[code[OP]].name, values[:, code[RS1]], values[:, code[RS2]]).tobytes(), code[IMM])
        for code in unpack(columns)[:, 1]
    ]
    assert len(set(held)) == len(held)
    assert set(held) == {(pattern, target) for pattern, target in wanted if pattern != never}


def test_draws_without_evidence_have_the_chances_of_a_random_search():
    space, temperature = tasks.get("sum_array").space, 0.5
    tables = Tables.of(menu.words(space))
    prior = menu.prior(space, tables, temperature)
    chances = [np.exp(np.asarray(field, np.float64) / temperature) for field in prior]
    assert chances[0].sum(axis=1) + chances[1].sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert chances[0][0] == pytest.approx(1 / len(space.operations), abs=1e-6)
    assert chances[5].sum(axis=2) == pytest.approx(1, abs=1e-4)


def planted() -> Problem:
    """|a0| by a branch: two instructions."""
    task = tasks.get("abs")
    return Problem(
        replace(task.training(np.random.default_rng(0), 32), steps=8),
        Space(("sub", "add", "bge", "beq"), (0, 10, 11), 2),
    )


def test_a_planted_branch_is_found():
    found = search.method("straight_through")(planted(), Budget(2e8, 60), np.random.default_rng(0))
    assert found.code is not None
    assert truth.judge(tasks.get("abs"), found.code, np.random.default_rng(1)).right
    assert set(found.trace[0]) == {"evaluations", "temperature", "loss", "wrong_bits"}


def test_the_budget_is_kept():
    asked = planted()
    shorter = replace(asked, space=replace(asked.space, operations=("add", "beq")))
    budget = Budget(1e6, 60)
    found = search.method("straight_through")(shorter, budget, np.random.default_rng(0))
    assert found.code is None and 1e6 <= budget.spent <= 1.1e6
    assert found.trace[-1]["evaluations"] <= budget.spent
