"""One command for everything: what it shows, what it says at the end, and that nothing outlives it."""

import io
import os
import socket
import subprocess
import sys

import pytest
from rich.console import Console

from artifact import claims, reproduce
from artifact.display import Display, clock
from backends.core.sources import ROOT
from experiments.harness import calibration
from experiments.harness.progress import CHANNEL

ANNOUNCES = """
import time
from experiments.harness import progress
for done in range(3):
    progress.announce(done, 2)
time.sleep(600)
"""


@pytest.fixture
def shown():
    """A display that writes to a file, and the file."""
    display = Display(["one", "two"], {"one": 60.0, "two": 30.0})
    display.console = Console(file=io.StringIO(), width=100)
    return display, display.console.file


def test_a_file_gets_a_line_for_every_step_with_the_time_left(shown):
    display, file = shown
    with display.bar:
        display.begin("one")
        display.end("one", 61.2)
        display.begin("two")
        display.end("two", 1.0)
    lines = file.getvalue().splitlines()
    assert len(lines) == 4 and "about 1 min 30 s left" in lines[0] and "one: done after 1 min 01 s" in lines[1]
    assert "about 30 s left" in lines[1] and "about 0 s left" in lines[3]
    assert all(line.isprintable() for line in lines)


def test_without_recorded_times_nothing_is_said_of_the_time_left():
    assert Display(["new"], {})._left() is None


def test_an_experiment_that_is_given_up_ends():
    """It announces how far it is; then the other end is closed, as when the reproduction is killed."""
    ours, theirs = socket.socketpair()
    environment = os.environ | {CHANNEL: str(theirs.fileno()), "PYTHONPATH": str(ROOT)}
    with theirs:
        running = subprocess.Popen([sys.executable, "-c", ANNOUNCES], env=environment, pass_fds=[theirs.fileno()])
    with ours.makefile("r") as lines:
        assert [next(lines).strip() for _ in range(3)] == [f'{{"done": {n}, "total": 2}}' for n in range(3)]
    ours.close()
    assert running.wait(30) == 1


def claim(name, origin, kind, verdict, reason=""):
    made = claims.Claim(name, origin, "", "", "conformance", "1", at_least=1, kind=kind)
    return claims.Verdict(made, verdict, 1.0, reason)


def test_five_lines_at_the_end(tmp_path):
    verdicts = [
        claim("a", "ours", claims.FACT, claims.REPRODUCED),
        claim("b", "ours", claims.RATE, claims.NOT_JUDGED, "the machine was busy"),
        claim("slow", "ours", claims.COMPARISON, claims.REFUTED),
        claim("published", "prior work", claims.FACT, claims.REFUTED),
    ]
    lines = list(reproduce.summary(verdicts, "quick", tmp_path, 125))
    assert len(lines) == 5 and "2 min 05 s" in lines[0] and "None of our 1 facts is refuted" in lines[1]
    assert "published" in lines[2] and "no failure: slow" in lines[2] and "1 (the machine was busy)" in lines[3]
    assert str(tmp_path / "paper.pdf") in lines[4]
    wrong = [*verdicts, claim("false", "ours", claims.FACT, claims.REFUTED)]
    assert "REFUTED: false" in list(reproduce.summary(wrong, "quick", tmp_path, 1))[1]


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 00 s"), (3599.6, "60 min 00 s")])
def test_clock(seconds, text):
    assert clock(seconds) == text


def test_a_calibration_that_has_just_ended_is_that_of_the_next_part(monkeypatch):
    after = calibration.measure("after one")
    assert calibration.latest("before two") == {**after, "when": "before two"}
    monkeypatch.setattr(calibration, "FRESH_S", -1.0)
    anew = calibration.latest("before three")
    assert anew["when"] == "before three" and anew["at_s"] > after["at_s"] and anew["own_s"] > after["own_s"]


def test_calibration_tells_what_others_used():
    before, after = calibration.measure("before"), calibration.measure("after")
    assert 0 < before["share"] <= 1 and before["loop_s"] > 0 and after["at_s"] > before["at_s"]
    if before["busy_s"] is not None:  # what all used together, which is at least what this process did, to a tick
        spent = {name: after[name] - before[name] for name in ("busy_s", "own_s")}
        assert spent["busy_s"] > spent["own_s"] - 0.5 and spent["own_s"] > 0
