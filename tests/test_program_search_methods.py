"""Methods on problems whose answer is known, the form that gradient methods search, and the experiment as a whole."""

import importlib
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf

from backends.core import isa
from backends.interface import UserError
from experiments.program_search import methods
from experiments.program_search.budget import Budget
from experiments.program_search.method import FAMILIES
from experiments.program_search.methods import guided_enumeration
from experiments.program_search.problem import Problem
from experiments.program_search.ssa import straight_through
from experiments.program_search.ssa.form_search import RIGHT
from experiments.synthesis import judgement, run, tasks

COMPILED = ("straight_through", "hybrid", "mcmc", "enumeration", "guided_enumeration", "random_search", "smt", "portfolio")


def problem(name: str, seed: int = 0, examples: int = 64) -> Problem:
    task = tasks.get(name)
    return Problem(task.training(np.random.default_rng(seed), examples), task.space)


@pytest.mark.parametrize("method", COMPILED)
def test_a_planted_instruction_is_found_and_holds(method):
    rng = np.random.default_rng(0)
    found = methods.get(method).search(problem("increment"), Budget(1e8, 60), rng)
    assert found.code is not None
    verdict = judgement.judge(tasks.get("increment"), found.code, rng)
    assert (verdict.right, verdict.proof) == (True, "proven")


@pytest.mark.parametrize("name", ["add", "mul", "square_plus", "swap", "p03"])
def test_gradients_at_hard_samples_find_programs(name):
    rng, budget = np.random.default_rng(0), Budget(5e7, 60)
    found = methods.get("straight_through").search(problem(name), budget, rng)
    assert found.code is not None and len(found.code) == tasks.get(name).space.length
    assert judgement.judge(tasks.get(name), found.code, rng).proof == "proven"
    assert 0 < budget.spent < 5e7
    assert found.trace and set(found.trace[0]) == {"evaluations", "temperature", "loss", "wrong_bits"}


def test_preferred_operations_come_first_and_all_at_last():
    """Parts of a space grow from one to the next, hold what is preferred, and end at the space itself."""
    space = tasks.get("clamp").space
    parts = [guided_enumeration.restricted(space, ["slt", "and"], [255], part) for part in (0.25, 0.5, 0.75, 1.0)]
    assert {"add", "addi", "slt", "slti", "and", "andi"} == set(parts[0].operations) and 255 in parts[0].constants
    for small, large in pairwise(parts):
        assert set(small.operations) < set(large.operations) and set(small.constants) < set(large.constants)
    assert parts[-1] == space


def test_descents_prefer_what_a_planted_instruction_has():
    """On x + 1 they end at it, and see in it the operation and the constant that it has."""
    preference, budget = (guided_enumeration.Preference(problem("increment"), np.random.default_rng(0), 4), Budget(1e8, 60))
    code = preference.learn(budget, 5e6)
    assert code is not None and judgement.judge(tasks.get("increment"), code, np.random.default_rng(1)).right
    descents = preference.descents
    drawn = next(draw for draw, report in zip(descents.draws(), descents.reports, strict=True) if report[RIGHT])
    seen = guided_enumeration.Seen.of(descents.form, *drawn)
    part = guided_enumeration.restricted(problem("increment").space, [*seen.functions], [*seen.constants], 0.5)
    assert set(seen.functions) <= {isa.REGISTER_FORM.get(name, name) for name in part.operations}
    assert set(seen.constants) <= set(part.constants)
    assert 0 < budget.spent < 1e8


def test_descent_at_a_hot_constant_temperature_finds_nothing():
    """The negative control: draws that never settle are random search in a space where solutions are rare."""
    hot = straight_through.Options(first_temperature=1000.0, last_temperature=1000.0)
    found = methods.get("straight_through").search(problem("abs"), Budget(3e6, 60), np.random.default_rng(0), ssa=hot)
    assert found.code is None


def test_a_search_ends_with_its_budget():
    impossible = problem("max")
    impossible = replace(impossible, space=replace(impossible.space, length=1))
    for method in ("straight_through", "hybrid", "guided_enumeration", "portfolio"):
        budget = Budget(1e6, 60)
        assert methods.get(method).search(impossible, budget, np.random.default_rng(0)).code is None
        assert 1e6 <= budget.spent < 2e7, method


def test_methods_of_the_contest_declare_themselves():
    """In the order of their families, each with a place of its own and options that it has."""
    found = list(methods.variants().values())
    places = [FAMILIES.index(method.family) for method in found]
    assert places == sorted(places) and len({method.place for method in found}) == len(found)
    for method in found:
        assert set(method.given) <= set(method.option_names) and method.rate > 0 and method.about


def test_a_variant_without_a_place_is_named_with_its_file(monkeypatch):
    module = importlib.import_module("experiments.program_search.methods.mcmc")
    monkeypatch.setattr(module, "VARIANTS", (module.METHOD,))
    with pytest.raises(UserError, match=r"^methods/mcmc\.py: 'mcmc' has no place"):
        methods.variants.__wrapped__()


def test_the_same_seed_gives_the_same_search(monkeypatch):
    """Whatever the threads: codes, executions, restarts and traces."""
    for name in ("straight_through", "hybrid", "mcmc", "enumeration", "smt", "guided_enumeration"):
        found = []
        for threads in ("1", "2"):
            monkeypatch.setenv("BACKEND_THREADS", threads)
            budget = Budget(3e6)
            outcome = methods.get(name).search(problem("p03"), budget, np.random.default_rng(1))
            code = None if outcome.code is None else outcome.code.tolist()
            found.append((code, budget.spent, outcome.restarts, outcome.trace))
        assert found[0] == found[1], name


def test_a_hint_is_near_the_solution_and_not_it():
    task = tasks.get("max")
    near = [task.hint(np.random.default_rng(seed)) for seed in range(8)]
    assert all((code != task.solution).any(axis=1).sum() <= 1 for code in near)
    assert any((code != task.solution).any() for code in near)


def configuration(tmp_path, **given):
    experiment = {
        "name": "synthesis",
        "tasks": None,
        "methods": None,
        "tables": None,
        "seeds": None,
        "evaluations": None,
        "budget_s": None,
    }
    made = {"scale": "smoke", "seed": 0, "parts": str(tmp_path / "parts"), "workers": 1, "experiment": {**experiment, **given}}
    return OmegaConf.create(made)


def test_only_the_tables_asked_for_are_made(tmp_path):
    cfg = configuration(tmp_path, tasks="increment", methods="enumeration", seeds=1, tables=["runs"])
    assert set(run.run(cfg)) == {"runs"}
    with pytest.raises(UserError, match="unknown table 'run'"):
        run.run(configuration(tmp_path, tables="run"))


def test_the_experiment_judges_every_search(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "SCHEDULED", ("increment",))
    cfg = configuration(tmp_path, tasks=["increment", "max"], methods=["straight_through", "random_search"], seeds=2,
                        evaluations=2_000_000)  # fmt: skip
    tables = run.run(cfg)
    runs = tables["runs"]
    assert len(runs) == 8
    assert runs[runs.task == "increment"].right.all()
    assert not runs[(runs.task == "max") & (runs.method == "random_search")].right.any()
    assert set(runs[runs.right].proof) == {"proven"}
    assert (runs[~runs.found].evaluations >= 2e6).all()
    assert len(tables["tasks"]) == 2 and len(tables["traces"]) > 0
    again = run.run(cfg)  # from the parts: nothing is searched a second time
    pd.testing.assert_frame_equal(again["runs"], runs)


@pytest.mark.parametrize(
    ("given", "names"),
    [({"tasks": "maxx"}, "maxx"), ({"methods": "mcmcc"}, "mcmcc"), ({"seeds": 0}, "seeds"), ({"budget_s": 0}, "budget_s")],
)
def test_a_typo_in_the_configuration_is_named(tmp_path, given, names):
    with pytest.raises(UserError, match=names):
        run.run(configuration(tmp_path, **given))
