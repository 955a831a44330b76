"""Entrants of the invention: what they are charged, what their gradients are, what controls say."""

import pickle
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest

from experiments.isa_discovery.invention import boolean, cases, controls, entrants, fixed_roles, tables, words
from experiments.isa_discovery.invention.adjoint import WEIGHT, predicted_change
from experiments.isa_discovery.invention.assigned_roles import fit
from experiments.isa_discovery.invention.budget import SOFT, Budget, Exhausted, soft
from experiments.isa_discovery.invention.case import Code
from experiments.isa_discovery.invention.entrant import Evaluator
from experiments.isa_discovery.invention.relaxed import Options, Relaxation
from experiments.isa_discovery.invention.signals import SIGNALS, altered

CASE = "boolean_2"


def test_a_set_is_charged_once_and_what_goes_beyond_the_budget_is_not_seen():
    case = cases.get(CASE)
    chosen = (boolean.GATES.index("xor"), boolean.GATES.index("and"))
    price = case.measure(chosen).executions
    evaluator = Evaluator(case, Budget(price + 1))
    first = evaluator.cost(chosen)
    assert evaluator.cost(reversed(chosen)) == first and evaluator.budget.spent == price
    with pytest.raises(Exhausted):
        evaluator.cost((boolean.GATES.index("nand"),))
    assert len(evaluator.known) == 1 and evaluator.history == [(price, first)]


def test_a_soft_instruction_costs_all_that_it_mixes_forward_and_backward():
    assert soft(5, 4) == SOFT * 5 * 4


@pytest.mark.parametrize("method", entrants.every())
def test_an_entrant_says_what_it_measured_and_stays_within_the_budget(method):
    case, best = cases.get(CASE), cases.best(CASE)
    runs = [entrants.every()[method].run(case, Budget(best.executions / 10), np.random.default_rng(3)) for _ in range(2)]
    one, other = runs
    assert (one.chosen, one.history, one.executions) == (other.chosen, other.history, other.executions)
    assert one.chosen is not None and one.cost == case.cost(case.measure(one.chosen).lengths) >= best.cost
    assert one.history[-1][1] == one.cost and one.history[-1][0] <= best.executions / 10
    assert all(early[1] > late[1] for early, late in pairwise(one.history))


def test_the_exact_entrant_finds_an_optimum():
    found = entrants.every()["exact"].run(cases.get(CASE), Budget(np.inf), np.random.default_rng(0))
    assert found.chosen in cases.best(CASE).best and found.executions == cases.best(CASE).executions


def test_of_one_instruction_the_predicted_change_is_the_change():
    """Every task is done as well as can be by the one value at hand; a table in its place changes the wrong bits linearly."""
    case, chosen = words.case(), (0,)
    rows = case.inputs.astype(int)
    code = Code(np.array([[0, 0, 1]]), np.array([9, 9, 1]), 0)  # inputs cost so much that no task takes them
    predicted = predicted_change(case, chosen, code).predicted[0]

    def wrong(table: np.ndarray) -> int:
        return sum(int(np.bitwise_count(table[16 * rows[0] + rows[1]] ^ task).sum()) for task in case.tasks)

    def mirrored(table: np.ndarray) -> np.ndarray:
        return table.reshape(16, 16).T.ravel()

    expected = [min(wrong(t), wrong(mirrored(t))) - wrong(case.tables[0]) for t in case.tables]
    assert np.allclose(predicted, WEIGHT * np.array(expected) / (4 * 256))


def multilinear(table: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A gate `[4]` of real entries on real operands `[R]`."""
    return sum(
        table[2 * p + q] * (x if p else 1 - x) * (y if q else 1 - y) for p, q in product(range(2), repeat=2)
    )  # fmt: skip


def test_through_two_instructions_the_slopes_are_finite_differences():
    case = boolean.case(2)
    chosen = (boolean.GATES.index("nand"), boolean.GATES.index("xor"))
    task = case.tasks[0b10010110 : 0b10010110 + 1]
    one = replace(case, tasks=task)
    code = Code(np.array([[0, 0, 1], [1, 3, 2]]), np.array([50, 50, 50, 50, 0]), 0)  # xor(nand(a, b), c), whatever the task

    def loss(gates: np.ndarray) -> float:
        a, b, c = case.inputs.astype(float)
        value = multilinear(gates[1], multilinear(gates[0], a, b), c)
        return float(WEIGHT * np.abs(value - task[0]).mean())

    start = case.tables[list(chosen)].astype(float)
    expected = np.zeros((2, 16))
    for k, number in product(range(2), range(16)):
        for entry in range(4):
            moved = start.copy()
            moved[k, entry] += 0.5 * (case.tables[number][entry] - start[k, entry])
            expected[k, number] += (loss(moved) - loss(start)) / 0.5
    swapped = [case.tables.tolist().index(table.reshape(2, 2).T.ravel().tolist()) for table in case.tables]
    found = predicted_change(one, chosen, code).predicted
    assert np.allclose(found, np.minimum(expected, expected[:, swapped]))


def test_a_soft_program_at_sharp_logits_is_the_program():
    case = words.case(2)
    relaxation = Relaxation(case, Options(hard=False, slots=2), np.random.default_rng(0))
    sharp = {name: np.zeros(leaf.shape, np.float32) for name, leaf in relaxation.leaves.items()}
    sharp["table"][[0, 1], [case.names.index("xor"), case.names.index("and")]] = 40
    sharp["operation"][:, [0, 1], [0, 1]] = sharp["operands"][0, :, [0, 1], [0, 2]] = sharp["operands"][
        1, :, [0, 1], [1, 1]
    ] = 40
    sharp["result"][:, 1] = 40
    for name, leaf in relaxation.leaves.items():
        leaf.data.copy_(leaf.new_tensor(sharp[name]))
    a, b = case.inputs
    wrong = np.bitwise_count(((a ^ b) & b) ^ case.tasks).sum() / (4 * 256)
    tasks, rows = np.arange(len(case.tasks)), np.arange(256)
    expected = WEIGHT * wrong + 2 * len(case.tasks)
    assert relaxation.loss(tasks, rows, 1.0).item() == pytest.approx(expected, rel=1e-5)
    assert case.text(relaxation.chosen()) == "and xor"


def test_substitutes_of_a_gradient_have_its_numbers_or_its_norm():
    gradient, rng = np.random.default_rng(0).standard_normal((5, 40)), np.random.default_rng(1)
    same, permuted, noise = (altered(gradient, signal, rng) for signal in SIGNALS)
    assert (same == gradient).all() and (permuted != gradient).any() and (noise != gradient).all()
    assert sorted(permuted.ravel()) == sorted(gradient.ravel())
    assert np.linalg.norm(noise) == pytest.approx(np.linalg.norm(gradient))


@pytest.mark.parametrize("hard", [False, True])
def test_told_their_tasks_the_operations_are_learned(hard):
    case, wanted = fixed_roles.on_gates()
    assert fixed_roles.learned(case, hard, np.random.default_rng(0)) == wanted


def test_nobody_gains_on_random_functions():
    assert all(holds and value == 0 for _, _, value, _, holds in controls.negative())


def test_three_points_do_not_make_a_product():
    few, every = (fit("mul", points, np.random.default_rng(0)) for points in (3, None))
    assert few.right_given == 1 and few.right_held_out < 0.5 and every.right_held_out == 1


def test_parts_can_be_sent_to_other_processes_and_have_names_of_their_own():
    for scale in tables.SCALES:
        parts = tables.parts(scale)
        assert len({part.name for part in parts}) == len(parts)
        assert [part.name for part in pickle.loads(pickle.dumps(parts))] == [part.name for part in parts]


def test_an_entrants_rows_say_how_far_they_are_from_the_optimum():
    table = tables.entrant("boolean_3", "annealing", 1 / 16, (0, 1, 2))
    assert (table.regret_percent == 100 * (table.cost / table.best - 1)).all() and (
        table.hit == (table.regret_percent == 0)
    ).all()
    assert (table.executions_to_best <= table.budget).all() and table.seed.tolist() == [0, 1, 2]
