"""Descent through the soft machine: what a soft program means, what is read off, and what the methods find."""

from dataclasses import replace

import numpy as np
import pytest

import manual
from backends.interface import UserError
from experiments.program_search import methods
from experiments.program_search.budget import Budget
from experiments.program_search.evaluation import Evaluator
from experiments.program_search.problem import Problem
from experiments.program_search.relaxed import rounds
from experiments.program_search.relaxed.descent import LOSSES, Descent, Schedule
from experiments.program_search.relaxed.rounds import EVERY, Options, Rounds
from experiments.program_search.ssa.form import Fields, Form, unfit
from experiments.program_search.ssa.lowering import read_off
from experiments.synthesis import judgement, tasks

MACHINES = ("jax_tensor", "torch_neural")
METHODS = ("annealed", "fixed_temperature", "population", "curriculum")
SMALL = {"slots": 2, "restarts": 16, "examples": 8}
COLD, SHARP = 0.01, 1.0


def problem(name: str, seed: int = 0) -> Problem:
    task = tasks.get(name)
    return Problem(task.training(np.random.default_rng(seed), 32), task.space)


def random_programs(form: Form, rng: np.random.Generator, count: int) -> list[Fields]:
    """Programs that choose among what they may."""

    def one_of(allowed: np.ndarray) -> np.ndarray:
        return np.array([rng.choice(np.flatnonzero(row)) for row in allowed])

    every = np.ones((form.slots, len(form.operations)), bool)
    return [Fields(*map(one_of, (every, *form.readable()))) for _ in range(count)]


def found_by(code: np.ndarray, given: Problem) -> np.ndarray:
    """Outputs `[E, O]` on the discrete machine."""
    examples = replace(given.examples, steps=len(code))
    return Evaluator(examples).outputs(code[None])[0][0]


@pytest.mark.parametrize("name", ["swap", "mul", "abs"])
def test_a_program_and_the_code_read_off_compute_the_same(name):
    given = problem(name)
    wide = replace(given, space=replace(given.space, length=12))
    form = Form(wide, 4)
    fitted = 0
    for program in random_programs(form, np.random.default_rng(1), 40):
        made = read_off(form, program)
        if made is not None:
            fitted += 1
            assert set(made[:, 1:4].ravel()) <= set(wide.space.registers)
            assert found_by(made, given).tolist() == manual.outputs(form, program)
    assert fitted > 30


@pytest.mark.parametrize("relaxation", ["bits", "value"])
def test_a_sharp_soft_program_is_the_code_that_is_read_off(relaxation):
    """The loss of a program is 0 on the outputs that its code computes on the discrete machine, and only on them."""
    given, rng = problem("swap"), np.random.default_rng(2)
    loss = {"bits": "hamming", "value": "log"}[relaxation]
    options = Options(relaxation, slots=3, restarts=6, examples=32, rate=0.0, loss=loss)
    descent = Rounds(given, Budget(1e9, 100), rng, options)
    programs = random_programs(descent.form, rng, 6)
    widths = (len(descent.form.operations), *(descent.form.registers,) * 3)
    fields = zip((np.stack(field) for field in zip(*programs, strict=True)), widths, strict=True)
    logits = Fields(*(SHARP * np.eye(width, dtype=descent.dtype)[x] for x, width in fields))
    zeros = np.zeros(6, descent.dtype)
    schedule = Schedule(*(x[None] for x in (zeros + descent.dtype.type(COLD), zeros, zeros)))
    outputs = [np.array(manual.outputs(descent.form, program), np.uint32) for program in programs]
    for p, wanted in enumerate(outputs):
        other = Problem(replace(given.examples, outputs=wanted), given.space)
        descender = Rounds(other, Budget(1e9, 100), rng, options).descender
        losses = descender.advance(Descent.start(logits), descent.mask, schedule, np.arange(32)[None])[1][0]
        same = np.array([(each == wanted).all() for each in outputs])
        assert (np.asarray(losses) < 1e-2).tolist() == same.tolist() and same[p]


@pytest.mark.parametrize(("name", "loss"), [*zip(("swap", "mul", "clamp"), LOSSES["bits"], strict=True)])
def test_both_machines_have_the_same_loss_and_slopes(name, loss):
    """At the same soft logits. Slopes, as first moments after one step, are compared with the greatest of their kind; both
    machines count in float32."""
    given, options = problem(name), Options(slots=3, restarts=4, examples=8, loss=loss)
    engines = [
        Rounds(given, Budget(1e9, 100), np.random.default_rng(3), replace(options, backend=machine)) for machine in MACHINES
    ]
    rng, mask = np.random.default_rng(4), engines[0].mask
    widths = {"op": len(engines[0].form.operations)} | dict.fromkeys(("rs1", "rs2", "out"), engines[0].form.registers)
    rows = {"op": 3, "rs1": 3, "rs2": 3, "out": len(given.examples.targets)}
    drawn = Fields(*(rng.normal(size=(4, rows[f], width)).astype(np.float32) for f, width in widths.items()))
    schedule = Schedule(*(np.linspace(*ends, 4, dtype=np.float32)[None] for ends in ((0.3, 1.0), (0, 1), (-0.3, 0.3))))
    start, rows = Descent.start(drawn), np.arange(8)[None]
    moved = [engine.descender.advance(start, mask, schedule, rows) for engine in engines]
    found = [(descent.first, losses) for descent, losses in moved]
    np.testing.assert_allclose(np.asarray(found[1][1]), np.asarray(found[0][1]), rtol=1e-4)
    for field, one, other in zip(Fields._fields, found[0][0], found[1][0], strict=True):
        greatest = np.abs(one).max()
        assert greatest > 0, field
        np.testing.assert_allclose(np.asarray(other), np.asarray(one), rtol=0, atol=1e-4 * greatest, err_msg=field)


def test_a_step_on_the_neural_machine_goes_down():
    """Small steps of Adam on the same examples lower every program's loss, every time the same."""
    options = Options(backend="torch_neural", slots=2, restarts=4, examples=8)
    engine = Rounds(problem("add"), Budget(1e9, 100), np.random.default_rng(5), options)
    now, each, rows = engine._begin(), np.ones((5, 4), np.float32), np.tile(np.arange(8), (5, 1))
    schedule = Schedule(each, 0.03 * each, 0 * each)
    losses = [engine.descender.advance(now.descent, now.mask, schedule, rows)[1] for _ in range(2)]
    assert (np.diff(losses[0], axis=0) < 0).all() and (losses[0] == losses[1]).all()


@pytest.mark.parametrize(("name", "machine"), [*((name, "jax_tensor") for name in METHODS), ("annealed", "torch_neural")])
def test_a_planted_instruction_is_found(name, machine):
    task, budget = tasks.get("increment"), Budget(1e8, 120)
    found = methods.get(name).search(problem("increment"), budget, np.random.default_rng(0), backend=machine, **SMALL)
    assert found.code is not None and judgement.judge(task, found.code, np.random.default_rng(1)).proof == "proven"
    assert found.restarts % SMALL["restarts"] == 0 and np.isfinite(found.soft_loss)
    assert set(found.trace[0]) == {"evaluations", "temperature", "loss", "wrong_bits"}
    assert found.trace[-1]["evaluations"] <= budget.spent


def test_annealing_finds_two_instructions_from_random_logits():
    task = tasks.get("p06")
    found = methods.get("annealed").search(problem("p06"), Budget(3e7, 120), np.random.default_rng(0), **SMALL)
    assert found.code is not None and judgement.judge(task, found.code, np.random.default_rng(1)).proof == "proven"


@pytest.mark.parametrize("name", METHODS)
def test_the_budget_is_kept(name):
    """What an iteration costs is three executions of each slot by each restart on each example; readings come on top."""
    budget = Budget(1e5, 120)
    found = methods.get(name).search(problem("clamp"), budget, np.random.default_rng(0), **SMALL)
    step = 3 * EVERY * SMALL["slots"] * SMALL["restarts"] * SMALL["examples"]
    reading = SMALL["restarts"] * rounds._FEW * (2 * SMALL["slots"] + 2)
    assert found.code is None and 1e5 <= budget.spent <= 1e5 + step + reading
    assert np.diff([row["evaluations"] for row in found.trace]).min() >= step


def test_a_warm_start_begins_at_the_hint():
    """With logits that far apart the first program that is read off is the hint."""
    given = replace(problem("p04"), hint=tasks.get("p04").solution)
    found = methods.get("annealed").search(given, Budget(1e8, 120), np.random.default_rng(0), hint_logit=60.0, **SMALL)
    assert found.code is not None and found.restarts == SMALL["restarts"] and len(found.trace) == 1


def test_what_cannot_be_searched_is_said():
    loop = problem("sum_to_n")
    assert unfit(loop) is not None
    for given, options in (
        (loop, {}), (problem("add"), {"relaxation": "words"}), (problem("add"), {"loss": "log"}),
        (problem("add"), {"backend": "gpu_compute"}), (problem("add"), {"backend": "torch_neural", "relaxation": "value"}),
    ):  # fmt: skip
        with pytest.raises(UserError):
            methods.get("annealed").search(given, Budget(1e5, 10), np.random.default_rng(0), **options)
