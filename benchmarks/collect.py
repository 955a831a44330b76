"""Running the benchmarks with pytest-benchmark and collecting the tables that they hand over.

They run in the process that asks: to import the machines and to compile for them takes as long as many a table.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
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
    import pytest

    here, shown = Path(__file__).parent, StringIO()
    with tempfile.TemporaryDirectory() as folder, _at(scale):
        report = Path(folder) / "benchmark.json"
        options = ["--benchmark-only", "--benchmark-enable", f"--benchmark-json={report}", "-q", "--timeout=900"]
        options.append("--assert=plain")  # or pytest complains that modules are imported already
        with redirect_stdout(shown), redirect_stderr(shown):
            code = pytest.main([*(str(here / file) for file in TABLES[name]), *options])
        if code:
            print(shown.getvalue(), file=sys.stderr)
            raise UserError("a benchmark failed: see above; python -m pytest benchmarks --benchmark-only runs them")
        measured = json.loads(report.read_text(encoding="utf-8"))["benchmarks"]
    return pd.DataFrame([row for benchmark in measured for row in benchmark["extra_info"].get(name, [])])


@contextmanager
def _at(scale: str) -> Iterator[None]:
    """Tell the benchmarks the scale."""
    before = dict(os.environ)
    os.environ["BENCHMARK_SCALE"] = scale
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
