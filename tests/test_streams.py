"""Standard streams, file names, screens and places, as programs and shells have them. `inputs/emulator.tsv` holds cases made
from reports about comparable tools, with what is right."""

import base64
import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from backends.__main__ import main
from backends.conformance.cases import PROGRAMS
from backends.core import catalog

INPUTS = Path(__file__).parent / "inputs"
with open(INPUTS / "emulator.tsv", encoding="utf-8", newline="") as table:
    CASES = list(csv.DictReader(table, delimiter="\t"))
SLOW = {("large_output.c", "torch_neural"): "40,000 instructions take the neural machine most of a minute"}


def plain(text: str) -> str:
    return text.replace("\\n", "\n")


def command(*words: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", *words], cwd=PROGRAMS.parent, capture_output=True, check=False, **options)


@pytest.mark.parametrize("machine", catalog.names())
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['file']} {case['stdin']}".strip())
def test_a_program_reads_and_writes_as_under_any_emulator(capfdbinary, monkeypatch, case, machine):
    if reason := SLOW.get((case["file"], machine)):
        pytest.skip(reason)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(plain(case["stdin"]).encode())))
    code = main(["run", str(INPUTS / case["file"]), "--backend", machine])
    out, errors = capfdbinary.readouterr()
    assert code == int(case["exit"])
    if case["stdout"].startswith("len:"):
        assert len(out) == int(case["stdout"].removeprefix("len:"))
    else:
        assert out == plain(case["stdout"]).encode()
    assert case["stderr_contains"].encode() in errors


def test_input_comes_from_a_pipe_or_a_file_and_may_be_any_bytes(tmp_path):
    data = bytes(range(200))
    (tmp_path / "given").write_bytes(data)
    echo = ("backends", "run", str(INPUTS / "stdin_echo.c"))
    for done in (command(*echo, input=data), command(*echo, "--input", str(tmp_path / "given"))):
        assert (done.returncode, done.stdout) == (200, data)


def test_output_may_be_limited():
    done = command("backends", "run", str(INPUTS / "large_output.c"), "--output-bytes", "5000")
    assert (done.returncode, len(done.stdout)) == (1, 5000)
    assert done.stderr.startswith(b"trap: output limit at pc ")


def test_output_comes_while_the_program_runs():
    """The program waits for its second line until its first answer has been read."""
    words = [sys.executable, "-m", "backends", "run", str(INPUTS / "stdin_echo.c")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=PROGRAMS.parent) as running:
        assert running.stdin and running.stdout
        for line in (b"one\n", b"two\n"):
            running.stdin.write(line)
            running.stdin.flush()
            assert running.stdout.readline() == line
        running.stdin.close()
        assert running.wait() == 8


@pytest.mark.parametrize("name", ["-dash.c", "@at.c", "two words.c", "übung.c"])
def test_a_file_name_is_a_file_name(capfd, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text("int main(void) { return 9; }\n")
    assert main(["run", "--", name]) == 9


@pytest.mark.parametrize("text", ["", "int other(void) { return 1; }\n", "static int main(void) { return 1; }\n"])
def test_a_file_without_main_is_a_mistake(capfd, tmp_path, text):
    file = tmp_path / "empty.c"
    file.write_text(text)
    assert main(["run", str(file)]) == 2
    assert "has no function 'main'" in capfd.readouterr().err


@pytest.mark.parametrize("words", ["backends list", "backends run programs/hello.c", "artifact.claims", "experiments --help"])
def test_a_reader_that_has_gone_is_no_error(words):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", *words.split()], cwd=PROGRAMS.parent, stdout=writing, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("words", ["backends list", "backends conform --backend reference --scale smoke", "figures overview"])
def test_screens_that_are_not_utf8_show_what_they_can(tmp_path, words):
    out = ("--out", str(tmp_path)) if words.startswith("figures") else ()
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    done = command(*words.split(), *out, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")


def test_compiling_needs_neither_home_nor_temporary_folder(tmp_path):
    environment = os.environ | {"TMPDIR": "/nowhere", "HOME": "/proc/none", "XDG_CACHE_HOME": "/proc/none"}
    done = command("backends", "run", "programs/hello.c", "--backend", "gpu_compute", env=environment)
    assert (done.returncode, done.stdout) == (0, b"hello, world\n")


def test_json_tells_bytes_that_are_no_text_from_text_that_looks_like_them(capsys, tmp_path):
    """What is written is input: once the byte 255, once the four characters that it is shown as."""
    shown = []
    for name, data in (("byte", b"\xff123"), ("text", rb"\xff1")):
        (tmp_path / name).write_bytes(data)
        main(["run", str(INPUTS / "stdin_echo.c"), "--json", "--input", str(tmp_path / name)])
        shown.append(json.loads(capsys.readouterr().out))
    assert base64.b64decode(shown[0]["output_base64"]).startswith(b"\xff")
    assert shown[1]["output"].startswith(r"\xff") and "output_base64" not in shown[1]
