"""The closure of sources: which edits change the key of compiled code and of results, and which do not."""

import os
import shutil
import subprocess
import sys

import pytest

from backends.core import sources
from backends.core.sources import ROOT, closure, digest

MODULES = {
    "package/__init__.py": "from package import other\n",
    "package/first.py": "import numpy\nfrom package import second\nfrom .third import name\n",
    "package/second.py": "def late():\n    import package.fourth\n",
    "package/third.py": 'name = 1\nDEPENDS_ON = ("plugins/*.py", "data/")\n',
    "package/fourth.py": "",
    "package/other.py": "",
    "plugins/one.py": "import package.fifth\n",
    "package/fifth.py": "",
    "data/deep/table.txt": "1",
    "unrelated.py": "",
}


@pytest.fixture
def tree(tmp_path):
    for name, text in MODULES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_closure_is_what_is_imported_or_declared(tree):
    found = {file.relative_to(tree).as_posix() for file in closure(["package.first"], tree)}
    assert found == MODULES.keys() - {"package/other.py", "unrelated.py"}


@pytest.mark.parametrize("name", MODULES)
def test_an_edit_changes_the_digest_of_what_depends_on_it(tree, name):
    before = digest(["package.first"], tree)
    (tree / name).write_text(MODULES[name] + "\n# edited\n")
    assert (digest(["package.first"], tree) == before) == (name in ("package/other.py", "unrelated.py"))


def test_an_experiment_depends_on_machines_and_not_on_commands():
    files = {file.relative_to(ROOT).as_posix() for file in sources.closure(["experiments.conformance.run"])}
    assert {"backends/jax_tensor/datapath.py", "backends/core/isa/table.py", "backends/conformance/cases.py"} <= files
    assert {"backends/torch_neural/weights/tables.safetensors", "backends/core/startup/start.S"} <= files
    assert not {"backends/__main__.py", "figures/style.py"} & files


PROBE = """
import numpy as np
from experiments.program_search import evaluation, probe
print(probe.count(np.uint32(7)))
"""
ENTRY = """
from backends.gpu_compute.compiling import entry
from experiments.program_search.evaluation import popcount


@entry
def count(word):
    return popcount(word)
"""


def test_compiled_code_is_made_anew_when_another_folder_changes(tmp_path):
    """The cache on disk is used while nothing changed, and not when a function changed that a compiled one calls."""
    for package in ("backends", "experiments"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "experiments" / "program_search" / "probe.py").write_text(ENTRY)
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}

    def run() -> str:
        done = subprocess.run([sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def kept() -> set:
        return {file.name for file in (tmp_path / "cache").rglob("*probe.count*.nbc")}

    assert run() == "3"
    first = kept()
    assert run() == "3" and kept() == first
    (tmp_path / "backends" / "cli.py").write_text("# an unrelated file\n")
    assert run() == "3" and kept() == first
    file = tmp_path / "experiments" / "program_search" / "evaluation.py"
    text = file.read_text()
    edited = text.replace('"""Bits set in a word."""', '"""Bits set in a word."""\n    return np.int64(99)')
    assert edited != text
    file.write_text(edited)
    assert run() == "99"
