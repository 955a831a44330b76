"""Figures: drawn from any results folder, the same bytes every time, readable in grey, and a missing table is one line."""

import shutil
from pathlib import Path

import matplotlib.colors
import numpy as np
import pytest
from matplotlib import pyplot as plt

import made_up
from experiments.harness.tables import Results
from figures import __main__ as command
from figures import style
from paper import numbers
from paper.numbers import benchmarks


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return made_up.results(tmp_path_factory.mktemp("results"))


@pytest.mark.parametrize("name", command.names())
def test_same_tables_same_bytes(results, tmp_path, name):
    first, second = tmp_path / "1", tmp_path / "2"
    for folder in (first, second):
        folder.mkdir()
        command.draw(name, Results(results), folder)
    files = sorted(p.name for p in first.iterdir())
    assert files == [f"{name}.pdf", f"{name}.svg"]
    assert all((first / f).read_bytes() == (second / f).read_bytes() for f in files)
    assert not plt.get_fignums(), "figures are closed"


UNITS = {
    "alu_latency": "(s)", "component_margins": "distance", "throughput": "per second", "success_matrix": "share of runs",
    "survival": "(s)", "scaling": "executions", "trajectories": "bits", "schedules": "share of runs",
}  # fmt: skip


@pytest.mark.parametrize("name", UNITS)
def test_axes_are_labelled(results, name):
    style.apply()
    figure = command.figure(name, Results(results))
    axes = figure.axes
    plt.close(figure)
    lowest = [a for a in axes if (place := a.get_subplotspec()) and place.is_last_row()]
    assert lowest and all(a.get_xlabel() for a in lowest)
    assert UNITS[name] in " ".join(a.get_xlabel() + a.get_ylabel() for a in axes)


def test_every_machine_is_in_the_picture(results):
    style.apply()
    figure = command.figure("throughput", Results(results))
    lines = {line.get_label(): line.get_ydata() for line in figure.axes[0].lines}
    plt.close(figure)
    assert set(made_up.MACHINES) <= set(lines)
    table = Results(results).table("benchmarks", "throughput")
    for machine in made_up.MACHINES:
        own = table[table["backend"] == machine].groupby("batch")["instructions_per_s"].median()
        assert lines[machine].tolist() == own.tolist()


def test_what_a_gpu_did_is_beside_what_the_processor_did(results, tmp_path):
    here = Path(shutil.copytree(results, tmp_path / "here"))
    made_up.belongs(made_up.gpu(tmp_path / "gpu"), "here", "hardware")
    style.apply()
    figure = command.figure("throughput", Results(here))
    lines = {line.get_label(): line.get_xdata() for line in figure.axes[0].lines}
    plt.close(figure)
    assert lines["gpu_compute, made-up GPU"].tolist() == [1, 1024]
    assert lines["gpu_compute, made-up GPU, kernel"].tolist() == [1, 1 << 10, 1 << 20]
    assert set(made_up.MACHINES) <= set(lines)
    built = numbers.build(Results(here))["tables"]
    fastest = [row for row in built["elsewhere"] if "kernel alone" in row[1]]
    assert [row[2:4] for row in fastest] == [["gpu_compute, loop", "1048576"], ["gpu_compute, all five", "1048576"]]
    lanes = f"{1e15 / (1e8 * 2**20):,.0f}"  # of made up speeds, which are 1e8 an instance
    assert built["kernels"] == [[program, "1.00", "1,048,576", lanes] for program in ("all five", "loop")]
    assert {row[1] for row in built["elsewhere"]} == {what for _, what, *_ in benchmarks._TIMED}
    assert [row[0] for row in built["conformance"]].count("jax_tensor on made-up GPU") == 1
    assert numbers.build(Results(results))["tables"]["elsewhere"] == []


def test_success_matrix_says_what_the_runs_say(results):
    style.apply()
    figure = command.figure("success_matrix", Results(results))
    axes = figure.axes[0]
    methods = [t.get_text().replace("\n", "_") for t in axes.get_xticklabels()]
    tasks = [t.get_text().split(" (")[0].replace(" ", "_") for t in axes.get_yticklabels()]
    cells = {(tasks[int(t.get_position()[1])], methods[int(t.get_position()[0])]): t.get_text() for t in axes.texts}
    plt.close(figure)
    runs = Results(results).table("synthesis", "runs")
    run = set(zip(runs["task"], runs["method"], strict=True))
    assert run < set(cells) and {cells[pair] for pair in set(cells) - run} == {"–"}
    for (task, method), own in runs.groupby(["task", "method"]):
        assert cells[task, method] == f"{own['right'].sum()}/{len(own)}"


def test_survival_ends_at_the_share_of_the_suite_that_is_solved(results):
    style.apply()
    figure = command.figure("survival", Results(results))
    lines = {line.get_label().rsplit(" (", 1)[0]: line.get_ydata() for line in figure.axes[0].lines}
    plt.close(figure)
    runs = Results(results).table("synthesis", "runs")
    pairs = runs.groupby(["task", "seed"]).ngroups
    for method, own in runs.groupby("method"):
        share = lines[method.replace("_", " ")]
        assert share[0] == 0 and (np.diff(share) >= 0).all()
        assert share[-1] == pytest.approx(own["right"].sum() / pairs)


def test_machines_differ_without_colour():
    looks = style.machines([*made_up.MACHINES, "mine", "another"]).values()
    assert len({x["marker"] for x in looks}) == len(looks)
    assert len({str(x["linestyle"]) for x in looks}) == len(looks)
    assert len({matplotlib.colors.to_hex(x["color"]) for x in looks}) == len(looks)
    assert style.machines(["torch_neural"]).items() <= style.machines(made_up.MACHINES).items()


def test_methods_differ_without_colour():
    """Ones that nobody has heard of as well."""
    looks = style.methods([*made_up.METHODS, "mine", "another"]).values()
    assert len({(x["marker"], str(x["linestyle"])) for x in looks}) == len(looks)


def test_a_missing_table_is_one_line_a_figure(tmp_path, capsys):
    assert command.main(["--results", str(tmp_path)]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == len(command.names()) - 1, "only the diagram needs no table"
    assert all("make reproduce" in e for e in errors)


def test_a_damaged_table_is_named(results, tmp_path, capsys):
    made_up.results(tmp_path)
    (tmp_path / "benchmarks" / "throughput.csv").write_text("backend,batch\n")
    assert command.main(["throughput", "--results", str(tmp_path)]) == 2
    assert "throughput.csv is missing or not what" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "named"), [(["nothing"], "alu_latency"), (["--results", "/nowhere"], "/nowhere")], ids=["figure", "folder"]
)
def test_a_mistake_is_one_line(tmp_path, capsys, arguments, named):
    assert command.main(["--out", str(tmp_path), *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert named in error
