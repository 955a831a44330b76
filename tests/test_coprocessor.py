"""Problems, the pointer, arms and training of the coprocessor."""

import itertools
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from backends.interface import UserError
from experiments.coprocessor import alu, controls, evaluation, evidence, statistics, tasks, templates, text, training
from experiments.coprocessor.alphabet import ASCII, STOP
from experiments.coprocessor.arms import ARMS, CROSSED
from experiments.coprocessor.batches import batch
from experiments.coprocessor.evidence import Asked
from experiments.coprocessor.pointer import Operands, PointerAlu, Reading, following
from experiments.coprocessor.run import SCALES
from experiments.coprocessor.schema import TABLES
from experiments.coprocessor.system import System
from experiments.coprocessor.training import Schedule
from experiments.coprocessor.transformer import Size, Transformer

SHORT = Schedule(80, window=20, problems=32, words=0.0, texts=2)


@pytest.fixture(scope="module")
def pointer() -> training.Trained:
    trained = training.train(ARMS["pointer"], training.load(), 7, SHORT)
    trained.system.eval()
    return trained


def test_a_pair_and_the_pair_exchanged_are_on_the_same_side():
    rng = random.Random(0)
    for problem in tasks.training(rng, 200, 0.5):
        assert not tasks.held_out(problem.operation, problem.a, problem.b)
        assert not tasks.held_out(problem.operation, problem.b, problem.a)
    assert all(tasks.held_out(p.operation, p.a, p.b) for p in tasks.problems_of_test("add", 3, 50, 0))


def test_a_planted_leak_is_caught():
    planted = [tasks.in_signs("add", p.b, p.a) for p in tasks.training(random.Random(1), 20, 0.0, ("add",))]
    own = tasks.problems_of_test("add", 3, 20, 0)
    assert controls.leaked(own + planted) == planted


def test_held_out_templates_are_no_training_templates():
    for operation, some in templates.HELD_OUT.items():
        assert not set(some) & set(templates.TRAINING[operation])


@pytest.mark.parametrize("words", [0.0, 1.0])
def test_operands_end_where_a_problem_says(words):
    for problem in tasks.training(random.Random(2), 100, words, ("add", "subtract", "multiply", "divide")):
        for end, number in zip(problem.ends, (problem.a, problem.b), strict=True):
            first = end + 1 - len(str(number))
            assert problem.prompt[first : end + 1] == str(number)
            assert not problem.prompt[first - 1 : first].isdigit() and not problem.prompt[end + 1 : end + 2].isdigit()


def test_a_row_of_a_batch_is_prompt_answer_and_end():
    one = batch([tasks.in_signs("subtract", 3, 45), tasks.in_signs("add", 1, 1)])
    assert bytes(one.tokens[0].tolist()) == b"3-45=-42\n"
    assert one.start.tolist() == [4, 3] and one.ends.tolist() == [[0, 3], [0, 2]]
    assert one.counted.sum(1).tolist() == [4, 2] and one.answer[1, 1] == STOP
    assert one.digits[0].tolist() == [3, -1, 4, 5, -1, -1, 4, 2, -1]


def test_nothing_behind_the_start_is_looked_at():
    torch.manual_seed(0)
    pointer, features, start = PointerAlu(8, ("add",)), torch.randn(2, 9, 16), torch.tensor([4, 6])
    before = pointer.read(features, start)
    for row, first in enumerate(start + 1):
        features[row, first:] = 100.0
    after = pointer.read(features, start)
    for name in ("a", "b", "operation", "score"):
        torch.testing.assert_close(getattr(before, name), getattr(after, name), rtol=0, atol=0)
    assert before.a[0, 5:].sum() == 0


def test_what_follows_is_the_answer_where_the_pointers_are_certain():
    one = batch([tasks.in_signs("add", 95, 7), tasks.in_signs("multiply", 12, 12)])
    a, b = torch.nn.functional.one_hot(one.ends, one.tokens.shape[1]).float().unbind(1)
    chosen = torch.nn.functional.one_hot(one.operation, len(tasks.OPERATIONS)).float()
    operands = Operands.of(Reading(a, b, chosen, torch.zeros(2)), one.digits, 9)
    found = following(operands, tuple(tasks.OPERATIONS), chosen, one.answer)
    assert (found.gather(2, one.answer[..., None])[..., 0][one.counted] == 1).all()
    others = following(operands.of_others(), tuple(tasks.OPERATIONS), chosen, one.answer)
    assert others.gather(2, one.answer[..., None])[:, 0].max() == 0  # 12 + 12 begins with 2, and 95 · 7 with 6


def test_a_pointer_that_means_no_number_explains_nothing():
    one = batch([tasks.in_signs("add", 95, 7)])
    sign = torch.zeros(1, one.tokens.shape[1])
    sign[0, 2] = 1
    chosen = torch.ones(1, len(tasks.OPERATIONS)) / len(tasks.OPERATIONS)
    operands = Operands.of(Reading(sign, sign, chosen, torch.zeros(1)), one.digits, 9)
    assert following(operands, tuple(tasks.OPERATIONS), chosen, one.answer).max() < 1e-9


def test_oracle_operands_are_always_right():
    system = training.train(replace(ARMS["oracle_all"], factor=0), training.load(), 0, SHORT).system
    joint = evaluation.exact(alu.integers)
    for operation in tasks.OPERATIONS:
        assert evaluation.outcomes(system, tasks.problems_of_test(operation, 8, 20, 0), joint).right.all()


def test_the_pointer_learns_from_answers_alone_and_reads_longer_numbers(pointer):
    problems = [p for op in ("add", "subtract") for p in tasks.problems_of_test(op, 9, 50, 3)]
    found = evaluation.outcomes(pointer.system, problems, evaluation.exact(alu.integers))
    assert found.right.float().mean() > 0.5  # of nine digits; six are trained
    follows = evaluation.follows(pointer.system, problems, alu.integers)
    assert follows.float().mean() > 0.5
    zero = training.train(ARMS["pointer_zero"], training.load(), 7, SHORT).system
    assert evaluation.outcomes(zero, problems, evaluation.exact(alu.integers)).right.sum() == 0


def test_same_seed_same_losses():
    few = Schedule(8, window=2, problems=8, texts=1)
    first, again, other = (training.train(ARMS["pointer_permuted"], training.load(), seed, few).losses for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("name", [name for name, arm in ARMS.items() if arm.factor == 1])
def test_every_arm_trains_what_it_says(name):
    model, arm = training.load(), ARMS[name]
    before = {k: v.clone() for k, v in model.state_dict().items()}
    trained = training.train(arm, model, 0, Schedule(3, window=1, problems=4, texts=1))
    assert len(trained.losses) == 3 and np.isfinite(trained.losses).all()
    after = trained.system.base.state_dict()
    changed = {k for k in before if k in after and not torch.equal(before[k], after[k])}
    first = any(k.startswith("blocks.0") for k in changed)
    assert first == (arm.trained == "all") and bool(changed) == (arm.trained != "coprocessor")


def test_a_loss_that_is_not_a_number_stops_its_run_alone(monkeypatch):
    asked, lost = Asked((1,), 2, 2, (), 0), torch.tensor(float("nan"), requires_grad=True)
    monkeypatch.setattr(System, "loss", lambda self, *_: (lost, torch.zeros(())))
    made = evidence.arm("fine_tuned", Size(), 0, SHORT, asked)
    assert evidence.unfolded("runs", made)["ended"].tolist() == ["not a number at step 0"]
    answers = evidence.unfolded("accuracy", made)
    assert answers["right"].sum() == 0 < answers["problems"].sum()


def test_bases_are_kept_with_their_size(tmp_path):
    torch.manual_seed(0)
    small = Transformer(Size(16, 1, 2, 64))
    training.save(small, tmp_path / "small")
    again = training.load(tmp_path / "small")
    tokens = torch.tensor([ASCII.encode("1+1=")[0]])
    assert torch.equal(small(tokens), again(tokens))
    (tmp_path / "other").write_bytes(b"not a model")
    with pytest.raises(UserError, match="is not a model of this suite"):
        training.load(tmp_path / "other")
    with pytest.raises(UserError, match="make coprocessor-base"):
        training.load(tmp_path / "none")


def test_outcomes_are_kept_bit_by_bit():
    right = [True, False, False, True, True] * 10
    assert statistics.unpacked(statistics.packed(right), len(right)).tolist() == right


def test_differences_of_arms_with_their_interval():
    def cell(arm: str, seed: int, right: list[bool], width: int = 64) -> tuple:
        counts = (len(right), sum(right), 0, 0, 0, statistics.packed(right))
        return (arm, width, 2, seed, "signs", "add", 7, *counts)

    rng = np.random.default_rng(0)
    rows = [cell("one", s, (rng.random(100) < 0.9).tolist()) for s in range(6)]
    rows += [cell("other", s, (rng.random(100) < 0.3).tolist()) for s in range(6)]
    rows += [cell("other", 0, [True] * 100, width=256)]  # another model, which does not count
    found = statistics.compared(pd.DataFrame(rows, columns=TABLES["accuracy"].names), [("one", "other"), ("one", "one")])
    first, same = found.iloc[0], found.iloc[1]
    assert first["low"] < 60 < first["high"] and first["p"] < 1e-6
    assert (first["seeds"], first["problems"]) == (6, 100)
    assert same["points"] == 0 and same["p"] == 1 and same["only_one"] == 0


def test_a_problem_counts_once_however_many_seeds_have_it():
    right, wrong = [True] * 6 + [False] * 4, [False] * 10
    alone = statistics._compared([np.array(right)], [np.array(wrong)], 0)
    twice = statistics._compared([np.array(right)] * 2, [np.array(wrong)] * 2, 0)
    assert alone[-1] == twice[-1] == 2 * 0.5**6


def test_problems_of_a_test_differ_and_some_of_those_to_be_compared_are_equal():
    some = tasks.problems_of_test("compare", 6, 100, 0)
    assert len({(p.a, p.b) for p in some}) == 100
    assert 5 < sum(p.a == p.b for p in some) < 40
    assert len(tasks.problems_of_test("add", 1, 100, 0)) < 30


def test_the_text_of_the_test_is_not_in_training():
    inside, outside = (text.paragraphs(bytes(text.tokens(test).tolist()).decode()) for test in (True, False))
    assert len(inside) > 100 and not set(inside) & set(outside)


def test_numbers_longer_than_a_word_are_chained():
    """With an oracle's operands the limbs have to give the answer."""
    system = training.train(replace(ARMS["oracle_all"], factor=0), training.load(), 0, SHORT).system
    rng = random.Random(0)
    for operation in ("add", "subtract", "compare"):
        pairs = [tasks.operands(rng, operation, (length, length), None) for length in (10, 20, 100)]
        assert evaluation.chained(system, [tasks.in_signs(operation, a, b) for a, b in pairs], alu.integers).all()


def test_no_run_at_scale_full_has_a_seed_of_the_tuning():
    tuned = yaml.safe_load(Path(evidence.__file__).with_name("tuning.yaml").read_text(encoding="utf-8"))
    seeds = {seed for entry in tuned[3:] for seed in entry["seeds"]}
    assert seeds and not seeds & {seed for group in SCALES["full"].groups for seed in range(group.seeds)}


def test_the_crossed_design_is_balanced():
    """Each pair of levels of two factors in as many arms as every other."""
    for one, other in itertools.combinations(statistics.FACTORS.values(), 2):
        counts = Counter((one(ARMS[name]), other(ARMS[name])) for name in CROSSED)
        assert len(set(counts.values())) == 1, counts


def test_effects_average_over_the_other_factors():
    rows = [
        {"arm": name, "width": 64, "depth": 2, "seed": 0, "form": "signs", "operation": "add", "length": 9, "problems": 10,
         "right": 10 if ARMS[name].trained == "all" else 5, "operands": 0, "operations": 0, "opened": 0, "outcomes": "0"}
        for name in CROSSED
    ]  # fmt: skip
    found = statistics.effects(TABLES["accuracy"].frame(rows)).set_index(["factor", "level"])["percent"]
    assert found["trained", "all"] == 100 and found["trained", "last"] == 50
    np.testing.assert_allclose(found["gate"], 100 * 2 / 3)
    np.testing.assert_allclose(found["signal"], 100 * 2 / 3)
