"""Parts of an experiment: the same tables with one worker and with several, and clear ends of whatever goes wrong."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from backends.interface import UserError
from experiments.harness import checkpoints, provenance
from experiments.harness.parts import ONE_THREAD, Part, run_parts


def table(value: int, folder: Path | None = None) -> pd.DataFrame:
    if folder is not None:
        with open(folder / "computed", "a") as log:
            log.write(f"{value}\n")
    return pd.DataFrame({"value": [value], "process": [os.getpid()], "at_s": [time.time()]})


def environment() -> pd.DataFrame:
    return pd.DataFrame([{name: os.environ.get(name) for name in ONE_THREAD}])


def refused() -> pd.DataFrame:
    raise UserError("there is no such thing: take another")


def killed() -> pd.DataFrame:
    os.kill(os.getpid(), signal.SIGKILL)
    return pd.DataFrame()


def slow(seconds: float, folder: Path) -> pd.DataFrame:
    (folder / str(os.getpid())).touch()
    time.sleep(seconds)
    return table(0)


def settings(folder: Path, workers: int | None = 2) -> SimpleNamespace:
    return SimpleNamespace(parts=str(folder / "parts"), workers=workers)


def alive(process: int) -> bool:
    return Path(f"/proc/{process}/status").exists() and "Z (zombie)" not in Path(f"/proc/{process}/status").read_text()


@pytest.mark.parametrize("workers", [1, 2])
def test_tables_come_in_order_and_timed_parts_run_last_and_here(tmp_path, workers):
    parts = [Part("time", partial(table, 0), timed=True), *(Part(f"p{i}", partial(table, i)) for i in range(1, 5))]
    found = run_parts(settings(tmp_path, workers), parts)
    assert list(found) == [part.name for part in parts]
    assert [found[part.name]["value"].item() for part in parts] == [0, 1, 2, 3, 4]
    assert found["time"]["process"].item() == os.getpid()
    assert found["time"]["at_s"].item() >= max(found[f"p{i}"]["at_s"].item() for i in range(1, 5))
    elsewhere = {found[f"p{i}"]["process"].item() for i in range(1, 5)} - {os.getpid()}
    assert bool(elsewhere) == (workers > 1)


def test_finished_parts_are_not_computed_again(tmp_path):
    parts = [Part(str(i), partial(table, i, tmp_path)) for i in range(3)]
    first = run_parts(settings(tmp_path), parts[:2])
    again = run_parts(settings(tmp_path), parts)
    pd.testing.assert_frame_equal(first["0"], again["0"])
    assert sorted((tmp_path / "computed").read_text().split()) == ["0", "1", "2"]
    assert again["2"]["process"].item() == os.getpid(), "for one part no worker is started"


def test_workers_have_one_thread_and_leave_the_environment_alone(tmp_path):
    before = dict(os.environ)
    found = run_parts(settings(tmp_path), [Part(str(i), environment) for i in range(2)])
    assert dict(os.environ) == before
    for made in found.values():
        assert made.astype(str).iloc[0].to_dict() == ONE_THREAD


def test_the_error_of_a_part_comes_out_as_it_is(tmp_path):
    with pytest.raises(UserError, match="no such thing"):
        run_parts(settings(tmp_path), [Part("good", partial(table, 1)), Part("bad", refused), Part("late", refused)])


def test_a_worker_that_dies_is_one_line(tmp_path):
    with pytest.raises(UserError, match=r"a worker process died.* workers=1") as error:
        run_parts(settings(tmp_path), [Part("first", killed), Part("second", killed)])
    assert "\n" not in str(error.value)
    assert "first" in str(error.value)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_the_run_and_finished_parts_stay(tmp_path, number):
    script = (
        "import signal, sys; sys.path.insert(0, 'tests')\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # which a background job does not have
        "from pathlib import Path\nfrom functools import partial\nfrom test_parts import *\n"
        "f = Path(sys.argv[1]); late = [Part(f's{i}', partial(slow, 60, f)) for i in range(2)]\n"
        "run_parts(settings(f), [Part('quick', partial(table, 1)), *late])\n"
    )
    run = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=provenance.ROOT, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("[0-9]*"))) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    run.send_signal(number)
    run.communicate(timeout=30)
    workers = [int(file.name) for file in tmp_path.glob("[0-9]*")]
    while any(alive(worker) for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert checkpoints.done(settings(tmp_path), "quick")
