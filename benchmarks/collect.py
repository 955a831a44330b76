"""Running the benchmarks with pytest-benchmark and collecting the tables that they hand over."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from backends.interface import UserError

DEPENDS_ON = ("benchmarks/*.py", "benchmarks/programs/", "benchmarks/native/")
TABLES = {
    "throughput": ("test_throughput.py",),
    "ratios": ("test_interpreters.py", "test_observation.py"),
    "profile": ("test_profile.py::test_profile",),
    "floor": ("test_profile.py::test_floor",),
    "soft_step": ("test_soft_step.py",),
}
"""The benchmarks that each table is made by."""


def run(name: str, scale: str) -> pd.DataFrame:
    """The table of that name; the experiment's schema says what is in it.

    Raises UserError where a benchmark fails; its output is shown.
    """
    here = Path(__file__).parent
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "benchmark.json"
        options = ["--benchmark-only", "--benchmark-enable", f"--benchmark-json={report}", "-q", "--timeout=900"]
        command = [sys.executable, "-m", "pytest", *(str(here / file) for file in TABLES[name]), *options]
        environment = {**os.environ, "BENCHMARK_SCALE": scale}
        done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", errors="replace")
        if done.returncode:
            print(done.stdout, done.stderr, file=sys.stderr)
            raise UserError("a benchmark failed: see above; python -m pytest benchmarks --benchmark-only runs them")
        measured = json.loads(report.read_text(encoding="utf-8"))["benchmarks"]
    return pd.DataFrame([row for benchmark in measured for row in benchmark["extra_info"].get(name, [])])
