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
TABLES = ("ratios", "throughput", "profile", "floor", "soft_step")


def run(scale: str) -> dict[str, pd.DataFrame]:
    """`ratios`: name, value, low, high, baseline. `throughput`: backend, batch, program, steps, instructions_per_s, low,
    high. `profile`: backend, instruction, instructions_per_s, low, high. `floor`: backend, operations_per_step,
    bytes_per_step. `soft_step`: backend, relaxation, dtype, …, program_example_steps_per_s, low, high.

    Raises UserError where a benchmark fails; its output is shown.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "benchmark.json"
        options = ["--benchmark-only", "--benchmark-enable", f"--benchmark-json={report}", "-q", "--timeout=900"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", str(Path(__file__).parent), *options],
            env={**os.environ, "BENCHMARK_SCALE": scale}, stdout=sys.stderr, check=False,
        )  # fmt: skip
        if done.returncode:
            raise UserError("a benchmark failed: see above; python -m pytest benchmarks --benchmark-only runs them")
        measured = json.loads(report.read_text(encoding="utf-8"))["benchmarks"]
    rows = {name: [r for b in measured for r in b["extra_info"].get(name, [])] for name in TABLES}
    return {name: pd.DataFrame(found) for name, found in rows.items() if found}
