"""Recording results: what is on disk is one whole run or is not taken for one, whatever happened while it was written."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from backends.core import sources
from backends.interface import UserError
from experiments.harness import checkpoints, record, schema, tables

FACTS = {"experiment": "toy", "scale": "smoke", "key": "k", "seed": 0}
CONFIG = {"experiment": {"name": "conformance"}, "scale": "smoke", "seed": 0, "results": "r", "tracking": {"uri": None}}


GENERATIONS = schema.table("", schema.integer("generation", ""), schema.text("text", ""))
TOYS = {
    "a": GENERATIONS,
    "b": GENERATIONS,
    "t": schema.table("", schema.real("x", "", "missing"), schema.text("word", ""), schema.integer("n", "")),
}


@pytest.fixture(autouse=True)
def _toys(monkeypatch):
    monkeypatch.setattr(schema, "of", lambda experiment: TOYS)


def two_tables(generation: int) -> dict[str, pd.DataFrame]:
    return {name: pd.DataFrame({"generation": [generation] * 50, "text": ["ä,\"'"] * 50}) for name in ("a", "b")}


def generations(folder) -> set[int]:
    """Generations on disk, of tables that pass the check."""
    tables.check(folder)
    return {int(g) for name in ("a", "b") for g in tables.read(folder / f"{name}.csv")["generation"]}


def test_what_is_written_is_read(tmp_path):
    made = pd.DataFrame({"x": [0.1, 1e-300, float("nan")], "word": ["NA", "null", "nan"], "n": [1, 2, 3]})
    record.write(tmp_path / "toy", FACTS, {"t": made})
    pd.testing.assert_frame_equal(tables.Results(tmp_path).table("toy", "t"), made)


def test_done_work_is_known(tmp_path):
    assert record.reason_to_run(tmp_path, "k") == "not run yet"
    record.write(tmp_path, FACTS, two_tables(1))
    assert record.reason_to_run(tmp_path, "k") is None
    assert record.reason_to_run(tmp_path, "other") == "configuration or source changed"


@pytest.mark.parametrize("damage", ["edit", "cut", "delete", "provenance"])
def test_damage_is_found_and_named(tmp_path, damage):
    record.write(tmp_path, FACTS, two_tables(1))
    file = tmp_path / ("provenance.json" if damage == "provenance" else "b.csv")
    text = file.read_text()
    if damage == "delete":
        file.unlink()
    else:
        file.write_text(text.replace("1", "2", 1) if damage == "edit" else text[: len(text) // 2])
    reason = record.reason_to_run(tmp_path, "k")
    assert reason is not None
    assert str(file) in reason
    with pytest.raises(UserError, match="restore it") as error:
        tables.Results(tmp_path.parent).table(tmp_path.name, "b")
    assert "\n" not in str(error.value)


def test_full_disk_leaves_the_old_run(tmp_path):
    record.write(tmp_path, FACTS, two_tables(1))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
    try:
        with pytest.raises(UserError, match="cannot write to") as error:
            record.write(tmp_path, FACTS, {"a": two_tables(2)["a"], "b": pd.DataFrame({"x": range(10_000)})})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(error.value)
    assert generations(tmp_path) == {1}
    assert record.reason_to_run(tmp_path, "k") is None
    assert not list(tmp_path.glob(".*"))


def test_no_folder_to_write_in(tmp_path):
    (tmp_path / "file").write_text("in the way")
    worked = []
    with pytest.raises(UserError, match="cannot write to"):
        record.run({**CONFIG}, tmp_path / "file" / "results", lambda: worked.append(1) or {})
    assert not worked, "no work is spent on what cannot be kept"


def test_killed_writers_never_leave_a_mixture(tmp_path):
    script = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from pathlib import Path\nfrom experiments.harness import record\nfrom test_record import FACTS, two_tables\n"
        "folder = Path(sys.argv[1]); i = 0\n"
        "while True:\n    i += 1; record.write(folder, FACTS, two_tables(i)); print(i, flush=True)\n"
    )
    rng, whole = random.Random(0), 0
    for _ in range(5):
        writer = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, cwd=sources.ROOT)
        assert writer.stdout.readline()
        time.sleep(rng.random() * 0.2)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        if record.reason_to_run(tmp_path, "k") is None:
            whole += 1
            assert len(generations(tmp_path)) == 1
        record.write(tmp_path, FACTS, two_tables(0))
        assert generations(tmp_path) == {0}
        assert not list(tmp_path.glob(".*")), "the next writer clears what the killed one left"
    assert whole <= 5


@pytest.mark.parametrize("killed_after", range(4))
def test_interrupted_between_renames(tmp_path, monkeypatch, killed_after):
    record.write(tmp_path, FACTS, two_tables(1))
    rename, renamed = os.replace, []

    def until_killed(source, target):
        if len(renamed) == killed_after:
            raise KeyboardInterrupt
        renamed.append(target)
        rename(source, target)

    monkeypatch.setattr(os, "replace", until_killed)
    try:
        record.write(tmp_path, FACTS, two_tables(2))
    except KeyboardInterrupt:
        assert killed_after < 3
    if record.reason_to_run(tmp_path, "k") is None:
        assert generations(tmp_path) in ({1}, {2})
    else:
        assert 0 < killed_after < 3


def test_tables_of_an_earlier_run_do_not_stay(tmp_path):
    record.write(tmp_path, FACTS, two_tables(1))
    record.write(tmp_path, FACTS, {"a": two_tables(2)["a"]})
    assert [p.name for p in tmp_path.glob("*.csv")] == ["a.csv"]


def test_key_follows_what_numbers_depend_on(tmp_path, monkeypatch):
    key = record.key(CONFIG)
    assert key == record.key(dict(reversed(CONFIG.items())))
    assert key == record.key({**CONFIG, "results": "elsewhere", "tracking": {"uri": "http://there"}})
    assert key != record.key({**CONFIG, "seed": 1})
    monkeypatch.setattr(record.sources, "digest", lambda modules: f"edited {modules}")
    assert key != record.key(CONFIG)


def test_provenance_says_what_made_the_tables(tmp_path):
    facts, _ = record.run(CONFIG, tmp_path, lambda: two_tables(3))
    written = json.loads((tmp_path / "provenance.json").read_text())
    assert facts.items() <= written.items()
    assert written["wall_time_s"] >= 0
    assert 1 << 20 < written["peak_memory_bytes"] < 1 << 40
    assert written["machine"]["cores"] >= 1
    assert written["packages"]["numpy"]
    assert {"commit", "dirty"} == set(written["code"])
    assert written["tables"]["a"] == {"sha256": tables.sha256(tmp_path / "a.csv"), "rows": 50}


@pytest.mark.parametrize(
    ("overrides", "folder"),
    [
        (["experiment=toy", "scale=smoke", "tracking=off", "results=r", "tracking.uri=x"], "r/smoke/conformance"),
        (["experiment=toy", "seed=1"], "r/smoke/conformance/runs/seed=1"),
        (["seed=1", "backend=reference"], "r/smoke/conformance/runs/backend=reference,seed=1"),
    ],
)
def test_plain_path_for_the_plain_run(overrides, folder):
    assert record.folder_of(CONFIG, overrides).as_posix() == folder


def test_odd_overrides_get_different_folders():
    texts = ("[1,2]", "[1 2]", "/etc/passwd", "a" * 300, "a" * 301)
    found = {record.folder_of(CONFIG, [f"experiment.x={text}"]) for text in texts}
    assert len(found) == 5
    assert all(len(f.name) < 80 and f.parent.name == "runs" for f in found)


class Settings:
    def __init__(self, folder):
        self.parts = str(folder)


def test_parts_are_computed_once(tmp_path):
    computed = []

    def compute():
        computed.append(1)
        return pd.DataFrame({"x": [0.1 + 0.2]})

    first = checkpoints.once(Settings(tmp_path), "one", compute)
    pd.testing.assert_frame_equal(first, checkpoints.once(Settings(tmp_path), "one", compute))
    assert len(computed) == 1
    (tmp_path / "one" / "part.csv").write_text("x\n")
    pd.testing.assert_frame_equal(first, checkpoints.once(Settings(tmp_path), "one", compute))
    assert len(computed) == 2
