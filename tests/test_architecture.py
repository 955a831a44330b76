"""The worked examples of artifact/ARCHITECTURE.md, run from the page itself in a copy of the tree."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from backends.core.isa import OPERATIONS
from backends.core.sources import ROOT

PAGE = (ROOT / "artifact" / "ARCHITECTURE.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`([\w/.]+)`:\n\n```\w+\n(.*?)^```", PAGE, re.M | re.S))
COMMANDS = [line for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.M | re.S) for line in block.splitlines()]
LEFT_OUT = (
    ".git", ".venv", "results", "build", "__pycache__", ".*_cache", ".hypothesis", "*.egg-info", "tests",
    "mine", "lengths", "lengths.yaml",
)  # fmt: skip
"""Of the tree; the last three are what somebody who follows the page makes."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the tree with the files of the page in it."""
    folder = tmp_path_factory.mktemp("architecture") / "tree"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    before = contents(folder)
    for name, text in FILES.items():
        assert not (folder / name).exists(), f"{name} is there already"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    yield folder
    assert {name: text for name, text in contents(folder).items() if name in before} == before


def contents(folder: Path) -> dict[Path, bytes]:
    files = (file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return {file.relative_to(folder): file.read_bytes() for file in files}


def test_the_machine_is_a_complete_file_of_at_most_80_lines():
    assert len(FILES["backends/mine/__init__.py"].splitlines()) <= 80


def test_the_machine_runs_added_operations(tree):
    """It says so; then the command of the page that judges it runs them too."""
    done = subprocess.run(
        [sys.executable, "-m", "backends", "list"],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
    )
    (row,) = (line for line in done.stdout.splitlines() if " mine " in line)
    assert row.rstrip(" │").endswith("yes")


def test_the_page_names_every_kind_of_instruction():
    listed = re.search(r"`kind` is ([\w, ]+);", " ".join(PAGE.split()))
    assert listed and set(re.split(", | or ", listed[1])) == {row.kind for row in OPERATIONS}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_of_the_page_work(tree, command):
    words = shlex.split(command)
    assert words[0] == "python"
    environment = os.environ | {"PYTHONPATH": str(tree)}
    done = subprocess.run([sys.executable, *words[1:]], cwd=tree, env=environment, capture_output=True, text=True)
    if "--json" in words:  # the program's own code
        shown = json.loads(done.stdout)
        assert (done.returncode, shown["exit_code"], shown["backend"]) == (120, 120, "mine")
    else:
        assert done.returncode == 0, done.stdout + done.stderr
    if "experiment=lengths" in words:
        table = pd.read_csv(tree / "results" / "smoke" / "lengths" / "programs.csv")
        assert set(table["backend"]) >= {"mine", "reference", "gpu_compute"}
        assert table.groupby("program")["instructions"].nunique().eq(1).all()
