"""The experiments command: composed, skipped when done, recorded, mirrored; a user's mistake is one line and exit code 2."""

import json
import os
import subprocess
import sys
import time

import pandas as pd
import pytest

from experiments.harness import checkpoints, composition, progress, provenance, schema, tables

TOYS = {
    "cases": schema.table("", schema.text("backend", "", "key"), schema.integer("seed", ""), schema.real("value", "")),
    "t": schema.table("", schema.integer("x", "")),
}


@pytest.fixture
def toys(monkeypatch):
    monkeypatch.setattr(schema, "of", lambda experiment: TOYS)


@pytest.fixture
def toy(monkeypatch, toys):
    """In place of an experiment: counts its runs, and lists what it was given."""
    given = []

    def run(cfg):
        given.append(cfg)
        return {"cases": pd.DataFrame({"backend": list(cfg.backends), "seed": cfg.seed, "value": 0.5})}

    monkeypatch.setattr(composition, "_work", lambda name: run)
    return given


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    """Run `python -m experiments` in this process; returns exit code, stdout and stderr."""

    def call(*arguments: str, tracking: str | None = "tracking=off"):
        given = [*arguments, f"results={tmp_path}", *([tracking] if tracking else [])]
        monkeypatch.setattr(sys, "argv", ["experiments", *given])
        try:
            code = composition.main()
        except SystemExit as stopped:
            code = stopped.code
        return (code, *capsys.readouterr())

    return call


def test_runs_once_then_skips(toy, command, tmp_path):
    for expected in ("not run yet; running", "done already, skipped"):
        code, out, err = command("experiment=conformance", "scale=smoke")
        assert (code, err) == (0, "")
        assert expected in out
    assert len(toy) == 1
    assert set(tables.Results(tmp_path / "smoke").table("conformance", "cases")["backend"]) >= {"reference"}


def test_what_a_run_is_given(toy, command):
    command("experiment=conformance", "scale=smoke", "backend=[reference,gpu_compute]", "seed=3", "device=cuda")
    cfg = toy[0]
    assert (cfg.scale, cfg.seed, cfg.device, list(cfg.backends)) == ("smoke", 3, "cuda", ["reference", "gpu_compute"])
    assert cfg.experiment.name == "conformance"


def test_a_damaged_table_is_said_and_made_again(toy, command, tmp_path):
    command("experiment=conformance", "scale=smoke")
    file = tmp_path / "smoke" / "conformance" / "cases.csv"
    whole = file.read_bytes()
    file.write_bytes(whole[:-5])
    code, out, _ = command("experiment=conformance", "scale=smoke")
    assert code == 0
    assert "cases.csv is missing or not what provenance.json beside it describes; running" in out
    assert file.read_bytes() == whole


def test_a_killed_run_resumes_from_its_checkpoints(command, monkeypatch, toys, tmp_path):
    done, kills = [], [1]

    def work(cfg):
        for name in ("first", "second"):
            checkpoints.once(
                cfg, name, lambda name=name: time.sleep(0.2) or done.append(name) or pd.DataFrame({"x": [len(name)]})
            )
            if kills:
                kills.pop()
                raise KeyboardInterrupt
        return {"t": pd.concat([checkpoints.once(cfg, n, pd.DataFrame) for n in ("first", "second")])}

    monkeypatch.setattr(composition, "_work", lambda name: work)
    assert command("experiment=conformance", "scale=smoke")[0] == 130
    code, _, _ = command("experiment=conformance", "scale=smoke")
    assert code == 0
    assert done == ["first", "second"]
    facts = tables.Results(tmp_path / "smoke").provenance("conformance")
    assert 0.4 <= facts["wall_time_s"] < 2, "both tries count"
    assert tables.Results(tmp_path / "smoke").table("conformance", "t")["x"].tolist() == [5, 6]
    assert not (tmp_path / "smoke" / "conformance" / "parts").exists()


WRONG = {
    "has no column seed": pd.DataFrame({"backend": ["a"], "value": [0.5]}),
    "has a column other that its schema does not declare": pd.DataFrame(
        {"backend": ["a"], "seed": [1], "value": [1.0], "other": [1]}
    ),
    "column seed: row 1 is not integer ('1.5')": pd.DataFrame({"backend": ["a", "b"], "seed": [1.0, 1.5], "value": [0.5, 1.0]}),
    "column value: row 0 is empty": pd.DataFrame({"backend": ["a"], "seed": [1], "value": [float("nan")]}),
    "columns backend: row 1, 2 is the same as in an earlier row": pd.DataFrame({"backend": ["a"] * 3, "seed": 1, "value": 1.0}),
}


@pytest.mark.parametrize("message", WRONG)
def test_a_table_against_its_schema_is_one_line_and_nothing_is_recorded(command, monkeypatch, toys, tmp_path, message):
    monkeypatch.setattr(composition, "_work", lambda name: lambda cfg: {"cases": WRONG[message]})
    code, _, err = command("experiment=conformance", "scale=smoke")
    assert code == 2
    assert err.startswith("error: table cases of conformance") and message in err and err.count("\n") == 1
    assert not (tmp_path / "smoke" / "conformance" / "cases.csv").exists()


MISTAKES = [
    ((), "experiment"),
    (("experiment=nothing",), "nothing"),
    (("experiment=conformance", "scale=huge"), "smoke"),
    (("experiment=conformance", "sede=1"), "sede"),
    (("experiment=conformance", "experiment.nothing=1"), "experiment.nothing"),
    (("experiment=conformance", "backend=nothing"), "reference"),
    (("experiment=conformance", "backend=3"), "reference"),
    (("experiment=conformance", "device=tpu"), "cuda"),
    (("experiment=conformance", "seed=one"), "seed"),
    (("experiment=conformance", "seed=-1"), "seed"),
    (("experiment=conformance", "seed=["), "["),
    (("experiment=conformance", "hydra/launcher=nothing"), "nothing"),
]


@pytest.mark.parametrize(("arguments", "named"), MISTAKES, ids=lambda x: " ".join(x) if isinstance(x, tuple) else "")
def test_a_mistake_is_one_line(toy, command, arguments, named):
    code, _, err = command(*arguments)
    assert code == 2
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert named in err
    assert not toy


def test_results_folder_in_the_way_of_a_file(toy, command, tmp_path):
    (tmp_path / "smoke").write_text("in the way")
    code, _, err = command("experiment=conformance", "scale=smoke")
    assert code == 2
    assert err.count("\n") == 1
    assert "cannot write to" in err
    assert not toy


def test_help(command):
    code, out, _ = command("--help")
    assert code == 0
    assert "conformance" in out
    assert "scale=smoke|quick|full" in out


def test_a_sweep_makes_a_folder_a_job(toy, command, tmp_path):
    code, _, _ = command("-m", "experiment=conformance", "scale=smoke", "seed=0,1")
    assert code == 0
    runs = tmp_path / "smoke" / "conformance" / "runs"
    assert sorted(p.name for p in runs.iterdir()) == ["seed=0", "seed=1"]
    assert {tables.read(r / "cases.csv")["seed"].iloc[0] for r in runs.iterdir()} == {0, 1}


def test_a_failing_job_does_not_stop_the_sweep(toy, command, tmp_path):
    code, _, err = command("-m", "experiment=conformance", "scale=smoke", "seed=one,1")
    assert code == 2
    assert "seed=one" in err
    assert err.splitlines()[-1].startswith("error: seed 'one'")
    assert (tmp_path / "smoke" / "conformance" / "runs" / "seed=1" / "cases.csv").exists()


def test_mirror_has_a_parent_and_a_child_a_job(toy, command, tmp_path):
    code, _, err = command("-m", "experiment=conformance", "scale=smoke", "seed=0,1", tracking=None)
    assert (code, err) == (0, "")
    runs = read_mirror(f"sqlite:///{tmp_path}/mlflow.db")
    parents = [r for r in runs if "mlflow.parentRunId" not in r["tags"]]
    children = [r for r in runs if r not in parents]
    assert len(parents) == 1
    assert [c["tags"]["mlflow.parentRunId"] for c in children] == [parents[0]["id"]] * 2
    assert sorted(c["params"]["seed"] for c in children) == ["0", "1"]
    assert all(c["metrics"]["cases/rows"] == len(toy[0].backends) for c in children)
    assert all(r["status"] == "FINISHED" for r in runs)


def read_mirror(uri: str) -> list[dict]:
    """Runs in an MLflow store, read by a process of its own."""
    script = (
        "import json, sys, mlflow; c = mlflow.MlflowClient(sys.argv[1])\n"
        "e = c.get_experiment_by_name('differentiable-computers')\n"
        "print(json.dumps([{'id': r.info.run_id, 'status': r.info.status, 'tags': r.data.tags, 'params': r.data.params,"
        " 'metrics': r.data.metrics} for r in c.search_runs([e.experiment_id])]))"
    )
    done = subprocess.run([sys.executable, "-c", script, uri], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_a_server_that_is_not_there_costs_one_warning(toy, command, tmp_path):
    start = time.monotonic()
    code, _, err = command("experiment=conformance", "scale=smoke", "tracking.uri=http://127.0.0.1:9", tracking=None)
    assert code == 0
    assert time.monotonic() - start < 60
    assert err.count("\n") == 1
    assert err.startswith("warning: not mirrored in MLflow at http://127.0.0.1:9")
    assert (tmp_path / "smoke" / "conformance" / "cases.csv").exists()


def test_a_damaged_mirror_costs_one_warning(toy, command, tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"not a database " * 1000)
    code, _, err = command("experiment=conformance", "scale=smoke", tracking=None)
    assert code == 0
    assert err.count("\n") == 1
    assert err.startswith("warning: not mirrored in MLflow")
    assert (tmp_path / "smoke" / "conformance" / "cases.csv").exists()


def test_parallel_jobs_of_a_real_experiment(tmp_path):
    """Through joblib, as a user types it; nothing is left where the command was typed."""
    before = set(os.listdir(provenance.ROOT))
    command = [sys.executable, "-m", "experiments", "-m", "experiment=conformance", "backend=llvm_native"]
    done = subprocess.run(
        [*command, "scale=smoke", "seed=0,1", "hydra/launcher=joblib", f"results={tmp_path}"],
        cwd=provenance.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    runs = tmp_path / "smoke" / "conformance" / "runs"
    found = [tables.Results(runs).table(folder.name, "cases") for folder in sorted(runs.iterdir())]
    assert len(found) == 2
    assert len(found[0]) == 3 and (found[0]["failed"] == 0).all() and (found[0]["cases"] > 0).all()
    pd.testing.assert_frame_equal(found[0].drop(columns="time_s"), found[1].drop(columns="time_s"))
    assert len(read_mirror(f"sqlite:///{tmp_path}/mlflow.db")) == 3
    assert set(os.listdir(provenance.ROOT)) == before


def test_track_yields_every_item():
    assert list(progress.track(range(5), "counting")) == [0, 1, 2, 3, 4]
