"""Descent through branches and memory: its derivatives against brute force, and what it finds."""

from dataclasses import replace

import numba
import numpy as np
import pytest

from backends.core import isa
from backends.gpu_compute.codes import unpack
from experiments.program_search import methods
from experiments.program_search.budget import Budget
from experiments.program_search.evaluation import Evaluator
from experiments.program_search.machine_code import branch_choices, execution_scores
from experiments.program_search.machine_code.execution_scores import Options
from experiments.program_search.machine_code.straight_through import Descent
from experiments.program_search.problem import Problem
from experiments.program_search.space import IMM, OP, RS1, RS2, Space
from experiments.synthesis import judgement, tasks

ALL = Options(enough=np.inf, batch=12)
BRANCHES = ("beq", "bne", "blt", "bge", "bltu", "bgeu")


@numba.njit(_nrt=False)
def _fill(random, logits, trial, temperature):
    for slot in range(len(trial.drawn)):
        branch_choices.draw(random, logits, slot, trial.drawn[slot], temperature, 0.0, trial.alternatives.choices)
        trial.packed[slot] = branch_choices.pack_row(trial.drawn[slot], slot, trial.alternatives)


@numba.njit(_nrt=False)
def _score(trial, options):
    execution_scores.score_words(trial, options)
    for slot in range(len(trial.drawn)):
        execution_scores.score_slot(slot, trial, options)


class Scored:
    """Random programs of a task, their scores over all of a few examples, and what their loss really is."""

    def __init__(self, name: str, seed: int, options: Options) -> None:
        task, rng, self.options = tasks.get(name), np.random.default_rng(seed), options
        examples = task.training(rng, options.batch)
        self.evaluator = Evaluator(replace(examples, steps=max(examples.steps, task.space.length)))
        self.descent = Descent.of(Problem(examples, task.space), self.evaluator, rng, options)
        self.trial = self.descent.trial
        self.drawn, self.packed, self.scores = self.trial.drawn, self.trial.packed, self.trial.scores
        self.choices, self.branches = self.trial.alternatives

    def renew(self) -> None:
        _fill(self.descent.random, self.descent.logits, self.trial, self.options.temperature)
        _score(self.trial, self.options)

    def loss(self, slot: int, word: np.uint64) -> float:
        """Of all examples, with a packed instruction in a slot."""
        packed = self.packed.copy()
        packed[slot] = word
        found, ended = self.evaluator.outputs(unpack(packed[None]))
        off = np.bitwise_count(found[0] ^ self.evaluator.cases.wanted).sum(axis=1)
        wrong, endless = self.options.wrong, self.options.endless
        return float(np.where(ended[0], off + wrong * (off > 0), endless + wrong).sum())


@pytest.mark.parametrize("name", ["sum_to_n", "max_array", "reverse"])
def test_scores_of_branches_are_differences_of_the_loss(name):
    scored, seen = Scored(name, 0, ALL), 0
    for _ in range(4):
        scored.renew()
        for slot in range(len(scored.drawn)):
            now = scored.loss(slot, scored.packed[slot])
            assert now == pytest.approx(scored.trial.losses.sum())
            for c in range(0, scored.branches.shape[1], 7):
                real = scored.loss(slot, scored.branches[slot, c]) - now
                assert scored.scores.branch[slot, c] == pytest.approx(real, abs=1e-3), (slot, c)
                seen += real != 0
    assert seen > 20


@pytest.mark.parametrize("name", ["sum_array", "reverse"])
def test_every_field_can_be_scored_by_execution(name):
    scored, seen = Scored(name, 1, ALL._replace(everything=True)), 0
    for _ in range(6):
        scored.renew()
        for slot, row in enumerate(scored.drawn):
            now = scored.loss(slot, scored.packed[slot])
            for field, into in ((OP, scored.scores.op), (RS1, scored.scores.rs1)):
                if row[OP] >= len(scored.choices.numbers) and field != OP:
                    continue
                for c in range(into.shape[1]):
                    other = row.copy()
                    other[field] = c if field == OP else scored.choices.registers[c]
                    real = scored.loss(slot, branch_choices.pack_row(other, slot, scored.trial.alternatives)) - now
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
    columns = np.pad(branch_choices.branches(space).T, ((0, 0), (0, 2)))  # a code each, and what stands behind one
    held = [
        (_decisions(isa.OPERATIONS[code[OP]].name, values[:, code[RS1]], values[:, code[RS2]]).tobytes(), code[IMM])
        for code in unpack(columns)[:, 1]
    ]
    assert len(set(held)) == len(held)
    assert set(held) == {(pattern, target) for pattern, target in wanted if pattern != never}


def test_draws_without_evidence_have_the_chances_of_a_random_search():
    space, temperature = tasks.get("sum_array").space, 0.5
    prior = branch_choices.prior(space, branch_choices.Alternatives.of(space), temperature)
    chances = [np.exp(np.asarray(field, np.float64) / temperature) for field in prior]
    assert chances[0].sum(axis=1) + chances[1].sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert chances[0][0] == pytest.approx(1 / len(space.operations), abs=1e-6)
    assert chances[5].sum(axis=2) == pytest.approx(1, abs=1e-4)


def planted() -> Problem:
    """|a0| by a branch: two instructions."""
    task = tasks.get("abs")
    return Problem(
        replace(task.training(np.random.default_rng(0), 32), steps=8), Space(("sub", "add", "bge", "beq"), (0, 10, 11), 2)
    )


def test_a_planted_branch_is_found():
    found = methods.get("straight_through").search(planted(), Budget(2e8, 60), np.random.default_rng(0))
    assert found.code is not None
    assert judgement.judge(tasks.get("abs"), found.code, np.random.default_rng(1)).right
    assert set(found.trace[0]) == {"evaluations", "temperature", "loss", "wrong_bits"}


def test_the_budget_is_kept():
    given = planted()
    shorter = replace(given, space=replace(given.space, operations=("add", "beq")))
    budget = Budget(1e6, 60)
    found = methods.get("straight_through").search(shorter, budget, np.random.default_rng(0))
    assert found.code is None and 1e6 <= budget.spent <= 1.1e6
    assert found.trace[-1]["evaluations"] <= budget.spent
