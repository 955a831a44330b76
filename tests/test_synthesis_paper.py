"""Synthesis in the paper and the claims: what is said follows from the runs, and what was not run is said to be so."""

import numpy as np
import pandas as pd
import pytest

import made_up
from artifact import claims
from experiments.harness import record
from experiments.harness.tables import Results
from paper import numbers
from paper.numbers import synthesis


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return Results(made_up.results(tmp_path_factory.mktemp("results")))


def changed(results, folder, runs):
    """Results of synthesis with other runs, as if made at scale quick."""
    facts = results.provenance("synthesis")
    kept = {name: results.table("synthesis", name) for name in facts["tables"]}
    record.write(folder / "synthesis", {**facts, "scale": "quick"}, {**kept, "runs": runs})
    return Results(folder)


def verdict(results, name):
    return claims.judge(next(c for c in claims.load() if c.id == name), results)


def test_values_count_the_runs(results):
    values, runs = numbers.written(synthesis.build(results))["values"], results.table("synthesis", "runs")
    proven, tested = (int(values[f"synthesis_{name}"]) for name in ("proven", "tested"))
    assert proven + tested == runs["right"].sum() == int(values["synthesis_right"])
    others = runs[runs["group"] != "control"]
    for family in ("gradient", "hybrid", "discrete"):
        own = others[others["method"] == values[f"synthesis_{family}_name"].replace(" ", "_")]
        assert set(own["family"]) == {family}
        assert [int(values[f"synthesis_{family}_{n}"]) for n in ("right", "runs")] == [own["right"].sum(), len(own)]


def test_the_gradient_of_the_hybrid_is_weighed_on_what_both_were_run_on(results, tmp_path):
    """Without it, half the executions and a quarter of the time, and a success less."""
    runs = results.table("synthesis", "runs")
    two = runs[(runs["method"] == "hybrid") & runs["task"].isin(["max", "min"])]
    blind = two.assign(method="hybrid_without_gradient", family="ablation")
    blind["evaluations"], blind["wall_s"] = blind["evaluations"] / 2, blind["wall_s"] / 4
    blind.loc[blind.index[0], "right"] = False
    alone = two[two["task"] == "max"].assign(task="abs")  # the hybrid only
    made = pd.concat([two, blind, alone])
    values = numbers.written(synthesis.build(changed(results, tmp_path, made)))["values"]
    found = {name: values[f"synthesis_blind_{name}"] for name in ("right", "hybrid", "runs", "tasks")}
    assert found == {"right": "7", "hybrid": "8", "runs": "8", "tasks": "2"}
    ratios = [float(values[f"synthesis_blind_{name}"]) for name in ("cost", "time")]
    assert ratios == pytest.approx([(2 + 1.5) / 2, (4 + 3) / 2], rel=0.01)  # a failure is charged to three successes


def test_runs_with_a_longer_budget_have_rows_of_their_own(results, tmp_path):
    runs = results.table("synthesis", "runs")
    own = changed(results, tmp_path / "mine", runs)
    built = numbers.written(synthesis.build(own))
    assert built["tables"]["synthesis_minute"] == [] and built["values"]["synthesis_minute_budget_s"] == ""
    longer = runs[(runs["task"] == "max") & runs["method"].isin(["straight_through", "hybrid"])].assign(budget_s=60.0)
    changed(results, tmp_path / "longer", longer)
    made_up.belongs(tmp_path / "longer", "mine", "minute")
    both = numbers.written(synthesis.build(own))
    assert [row[:2] for row in both["tables"]["synthesis_minute"]] == [["max", "straight through"], ["max", "hybrid"]]
    assert [row[2] for row in both["tables"]["synthesis_minute"]] == ["4 of 4"] * 2
    assert both["values"]["synthesis_minute_budget_s"] == "60"
    assert both["tables"]["synthesis_success"] == built["tables"]["synthesis_success"]


def test_a_table_has_a_cell_for_every_task_and_method(results):
    tables, runs = numbers.written(synthesis.build(results))["tables"], results.table("synthesis", "runs")
    header = tables["synthesis_header"][0]
    for name in ("success", "costs"):
        rows = tables[f"synthesis_{name}"]
        assert len(rows) == runs["task"].nunique() and {len(row) for row in rows} == {len(header)}
    cells = {(row[0], m): c for row in tables["synthesis_costs"] for m, c in zip(header[1:], row[1:], strict=True)}
    for (task, method), own in runs.groupby(["task", "method"]):
        cell = cells[task.replace("_", " "), method.replace("_", " ")]
        assert cell.startswith(">") == (not own["right"].any())


@pytest.mark.parametrize(
    "keep", [{"method": ["annealed_bits"], "task": ["add"]}, {"method": ["mcmc", "smt"]}, {"task": ["increment"]}], ids=str
)
def test_what_was_not_run_is_said_to_be_so(results, tmp_path, keep):
    runs = results.table("synthesis", "runs")
    for column, names in keep.items():
        runs = runs[runs[column].isin(names)]
    thin = changed(results, tmp_path, runs)
    whole = numbers.written(synthesis.build(results))["values"]
    values = numbers.written(synthesis.build(thin))["values"]
    assert set(values) < set(whole), "the paper says of the others that they were not run"
    assert verdict(thin, "tensor-computer-bubble-sort").verdict == claims.NOT_RUN
    assert verdict(thin, "our-walk-cheaper-than-mcmc").verdict == claims.NOT_RUN


@pytest.mark.parametrize(("factor", "wanted"), [(0.01, claims.EXCEEDED), (100.0, claims.REFUTED)])
def test_the_hybrid_is_judged_by_what_it_spends(results, tmp_path, factor, wanted):
    runs = results.table("synthesis", "runs")
    runs.loc[runs["method"].isin(["hybrid", "hybrid_without_gradient"]), "evaluations"] *= factor
    assert verdict(changed(results, tmp_path, runs), "our-walk-cheaper-than-mcmc").verdict == wanted


def test_one_success_without_a_proof_refutes(results, tmp_path):
    runs = results.table("synthesis", "runs")
    row = runs.index[runs["right"] & (runs["group"] == "elementary")][0]
    runs.loc[row, "proof"] = "undecided"
    found = verdict(changed(results, tmp_path, runs), "our-straight-line-proven")
    assert (found.verdict, found.measured) == (claims.REFUTED, 1)


def test_one_program_by_gradient_descent_alone_refutes_that_there_is_none(results, tmp_path):
    runs = results.table("synthesis", "runs")
    gradient = (runs["family"] == "gradient") & (runs["group"] != "control")
    runs.loc[gradient, "right"] = False
    assert verdict(changed(results, tmp_path / "0", runs), "tensor-computer-gradient-alone").verdict == claims.REPRODUCED
    runs.loc[np.flatnonzero(gradient)[0], "right"] = True
    assert verdict(changed(results, tmp_path / "1", runs), "tensor-computer-gradient-alone").verdict == claims.REFUTED


def test_a_solver_is_as_fast_as_its_seconds(results, tmp_path):
    runs = results.table("synthesis", "runs")
    solver = runs["method"] == "smt"
    for seconds, wanted in ((1e-9, 1.0), (1e9, 0.0)):
        runs.loc[solver, "wall_s"] = seconds
        found = verdict(changed(results, tmp_path / str(seconds), runs), "literature-solvers-faster")
        assert found.measured == wanted


def test_a_larger_run_beside_the_results_is_taken_and_named(results, tmp_path):
    """Paper and claims read the set that the manifest calls larger; what other experiments made stays where it was."""
    runs = results.table("synthesis", "runs")
    own = changed(results, tmp_path / "own", runs[runs["task"].isin(["increment", "add", "max"])])
    alone = numbers.written(synthesis.build(own))["values"]
    assert (alone["synthesis_task_count"], alone["synthesis_larger"]) == ("3", "")
    assert verdict(own, "tensor-computer-sum-array").verdict == claims.NOT_RUN
    changed(results, tmp_path / "large", runs)
    made_up.belongs(tmp_path / "large", "own", "larger")
    both = numbers.written(synthesis.build(own))["values"]
    assert (both["synthesis_task_count"], both["synthesis_larger"]) == (str(runs["task"].nunique()), "large")
    assert verdict(own, "tensor-computer-sum-array").verdict == claims.EXCEEDED
    assert own.fullest("benchmarks") is own


@pytest.mark.parametrize(("lacking", "wanted"), [((), claims.EXCEEDED), (("p03", "p07", "p10", "p11", "p12"), claims.REFUTED)])
def test_the_claim_on_bit_twiddling_counts_tasks(results, tmp_path, lacking, wanted):
    runs = results.table("synthesis", "runs")
    runs.loc[runs["task"].isin(lacking) & (runs["seed"] > 0), "right"] = False
    assert verdict(changed(results, tmp_path / "all", runs), "our-gradient-hackers-delight").verdict == wanted
    some = changed(results, tmp_path / "some", runs[runs["task"] != "p05"])
    assert verdict(some, "our-gradient-hackers-delight").verdict == claims.NOT_RUN


def test_falling_temperatures_are_judged_by_their_best_schedule(results, tmp_path):
    """One constant temperature that does as well as the best fall refutes that it is the fall."""
    facts = results.provenance("synthesis")
    kept = {name: results.table("synthesis", name) for name in facts["tables"]}
    schedules = kept["schedules"]
    schedules["right"] = schedules["schedule"].isin(["1 to 0.1", "1 to 1"])
    record.write(tmp_path / "synthesis", {**facts, "scale": "quick"}, kept)
    values = numbers.written(synthesis.build(Results(tmp_path)))["values"]
    assert (values["synthesis_falling_name"], values["synthesis_hottest_name"]) == ("1 to 0.1", "10 to 10")
    assert values["synthesis_hottest"].startswith("0 of") and values["synthesis_fixed_name"] == "1 to 1"
    found = verdict(Results(tmp_path), "ncpu-annealing")
    assert (found.verdict, found.measured) == (claims.REFUTED, 0)
