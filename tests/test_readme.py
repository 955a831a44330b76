"""The README's commands, taken from the page: cheap ones run; of those that take minutes the configuration is composed."""

import os
import re
import subprocess
import sys

import pytest

from backends.core.sources import ROOT

PAGE = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"(?:^    .*\n(?:\n(?=    ))?)+", PAGE, re.M)
LINES = [line[4:] for block in BLOCKS for line in block.splitlines() if line]
PYTHON = next(block for block in BLOCKS if "import" in block).replace("\n    ", "\n").removeprefix("    ")
PLAIN = [line for line in LINES if line not in PYTHON and "→" not in line]
COMPOSED = [line for line in PLAIN if line.startswith("python -m experiments ")]
RUN = [line for line in PLAIN if re.match(r"printf |python -m (?!experiments |backends conform)", line)]
MADE = set(re.findall(r"(?:^    |`)make (\w+)", PAGE, re.M))
RESULTS = {
    "factorial.c": r"120$", "hello.c": r'"exit_code": 0', "compare.c": r"compare\.c:\d+", "quicksort.c": r'"cycles": \d+',
    "printf": r"^$", "lowest.csv": r"lowest\.elf", "suggest": r"The selection is optimal\.",
    "speck.elf": r"^$", "demo.c": r"^1330$",
    "export own": r"as a GPT-2", "train --model": r"100 steps", "evaluate": r"subtract .*20 of 20",
}  # fmt: skip
"""What the output of a command shows, by a word of the command."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the commands run: beside the programs, so that what they write is not left in the tree."""
    made = tmp_path_factory.mktemp("readme")
    (made / "programs").symlink_to(ROOT / "programs")
    return made


def shell(command: str, folder) -> subprocess.CompletedProcess:
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}
    return subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("command", RUN)
def test_a_command_does_what_the_page_says(folder, command):
    done = shell(command, folder)
    assert done.returncode == (1 if "--secret" in command else 0), done.stderr
    expected = next(pattern for word, pattern in RESULTS.items() if word in command.split("#")[0])
    assert re.search(expected, done.stdout.strip()), done.stdout


@pytest.mark.parametrize("command", COMPOSED)
def test_a_configuration_can_be_composed(folder, command):
    """Of a sweep the first job."""
    first = re.sub(r"=([\w.]+)(,[\w.,]+)", r"=\1", command.replace(" -m experiment=", " experiment="))
    done = shell(f"{first} --cfg job", folder)
    assert done.returncode == 0, done.stderr
    experiment = re.search(r"experiment=(\w+)", command)
    assert experiment and f"name: {experiment[1]}" in done.stdout


def test_targets_of_make_are_there():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert {"test", "reproduce", "figures"} <= MADE <= targets


def test_every_command_is_tested():
    architecture = (ROOT / "artifact" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for command in set(PLAIN) - set(RUN) - set(COMPOSED):
        assert command.startswith("make ") or command in architecture, command


def test_linked_files_are_there():
    links = re.findall(r"\]\(([^)#:]+)\)", PAGE)
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_python_example_runs(folder):
    done = shell(f"python - <<'END'\n{PYTHON}\nEND", folder)
    assert done.returncode == 0, done.stderr
    assert re.match(r"\[120 120\] \[(\d+) \1\]", done.stdout)
