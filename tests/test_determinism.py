"""The same seed gives the same tables, but for timings, with one worker and one thread and with two of each.

`python -m experiments.harness.repeat` does this for everything that the experiments do at a scale. Everything that benchmarks
measure is a timing; they are not here.
"""

import importlib

import pandas as pd
import pytest
from omegaconf import OmegaConf

from backends.conformance import table
from experiments.alu_verification import latency
from experiments.alu_verification import run as alu
from experiments.harness import provenance
from experiments.harness.repeat import differences
from experiments.timing_crypto.verifier import tables
from experiments.timing_crypto.verifier.annotated import annotated, judge
from experiments.timing_crypto.verifier.verify import verify

CIPHERS = {"implementations": ["aes_sbox", "chacha20"], "policies": "flushed", "measurements": 200, "encryptions": 4096}
SEARCHES = {"tasks": "p01", "methods": ["straight_through", "mcmc"], "evaluations": 100_000}
REDUCED = {
    "conformance": (["reference", "gpu_compute"], {}),
    "alu_verification": (["reference", "gpu_compute"], {}),
    "timing_crypto": (["gpu_compute"], CIPHERS),
    "synthesis": (["gpu_compute"], {**SEARCHES, "tables": ["runs", "tasks", "traces"]}),
}
"""Machines and settings."""


def few_functions(levels, machine, seed, secrets) -> pd.DataFrame:
    verdicts = ((f, level, verify(f.question(level), machine, secrets, seed=seed)) for f in annotated()[:3] for level in levels)
    return pd.DataFrame([judge(*row) for row in verdicts])


@pytest.fixture
def reduced(monkeypatch):
    monkeypatch.setitem(table.SCALES, "smoke", table.Scale(2, 50, 1, 1, 1, ("rv32em",)))
    monkeypatch.setitem(alu.SCALES, "smoke", alu.Scale(500, 500, 500, (), ("mulh",), ("mulh",), (1,)))
    monkeypatch.setattr(latency, "_LEAST_S", 1e-5)
    monkeypatch.setattr(tables, "functions", few_functions)


@pytest.mark.usefixtures("reduced")
@pytest.mark.parametrize("experiment", REDUCED)
def test_workers_and_threads_change_nothing(tmp_path, monkeypatch, experiment):
    machines, settings = REDUCED[experiment]
    file = provenance.ROOT / "experiments" / "conf" / "experiment" / f"{experiment}.yaml"
    found = []
    for workers in (1, 2):
        monkeypatch.setenv("BACKEND_THREADS", str(workers))
        cfg = {
            "experiment": {**OmegaConf.load(file), **settings}, "scale": "smoke", "backends": machines, "device": "cpu",
            "seed": 7, "workers": workers, "parts": str(tmp_path / str(workers)),
        }  # fmt: skip
        found.append(importlib.import_module(f"experiments.{experiment}.run").run(OmegaConf.create(cfg)))
    assert list(differences(experiment, *found)) == []
