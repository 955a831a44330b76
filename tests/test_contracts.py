"""The import contracts of pyproject.toml: they hold, and a violation of each kind is caught."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from backends.core.sources import ROOT

PACKAGES = ("backends", "experiments", "figures", "paper", "artifact", "benchmarks")
VIOLATIONS = {
    "a machine imports another": ("backends/reference/machine.py", "import backends.gpu_compute.codes"),
    "core imports a machine": ("backends/core/catalog.py", "import backends.reference"),
    "the interface imports core": ("backends/interface.py", "from backends.core import timing"),
    "core imports a framework": ("backends/core/state.py", "import torch"),
    "a machine imports an experiment": ("backends/torch_neural/train.py", "import experiments.harness.progress"),
    "an experiment imports another": ("experiments/timing_crypto/run.py", "import experiments.synthesis.tasks"),
    "the library imports the harness": ("experiments/program_search/budget.py", "import experiments.harness.record"),
    "a figure runs an experiment": ("figures/style.py", "import experiments.conformance.run"),
    "an experiment imports a figure": ("experiments/conformance/run.py", "import figures.style"),
}


def lint(folder: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env={"PYTHONPATH": str(folder)})


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "weights"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_contracts_hold(copy):
    done = lint(copy)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", VIOLATIONS)
def test_a_violation_is_caught(copy, kind):
    file, line = VIOLATIONS[kind]
    before = (copy / file).read_text()
    (copy / file).write_text(f"{before}\n{line}\n")
    done = lint(copy)
    (copy / file).write_text(before)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout


def test_a_machine_that_did_not_exist_before_is_covered(copy):
    (copy / "backends" / "newcomer").mkdir()
    (copy / "backends" / "newcomer" / "__init__.py").write_text("import backends.reference\n")
    assert lint(copy).returncode == 1
    (copy / "backends" / "newcomer" / "__init__.py").write_text("import backends.core.state\n")
    assert lint(copy).returncode == 0
