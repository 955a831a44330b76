"""`make gpu` without a GPU: the whole way on a processor with only the packages of a GPU machine, and the floor's kernel."""

import os
import subprocess
import sys

import numpy as np
import pytest

from backends.core.sources import ROOT
from benchmarks import gpu, gpu_kit
from experiments.harness.tables import Results

LACKING = (
    "hydra", "mlflow", "omegaconf", "ziglang", "elftools", "capstone", "unicorn", "hypothesis", "rich", "yaml", "pytest", "z3",
    "bitwuzla", "matplotlib", "typst",
)  # fmt: skip
WITHOUT = f"""
import runpy, sys
class Lacking:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {LACKING}:
            raise ImportError(name + " is not on this machine")
sys.meta_path.insert(0, Lacking())
runpy.run_module("benchmarks.gpu", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kit")
    assert gpu_kit.write(folder).stat().st_size < 2 << 20
    return folder


def command(kit, out, *more, **environment) -> subprocess.CompletedProcess:
    words = ["--kit", str(kit), "--out", str(out), "--tiny", *more]
    variables = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    return subprocess.run([sys.executable, "-c", WITHOUT, *words], cwd=ROOT, env=variables, capture_output=True, text=True)


def test_everything_but_what_takes_long_runs_with_the_packages_of_a_gpu_machine(kit, tmp_path):
    """Until the time is over: what was begun is finished and written, and what was written is whole."""
    done = command(kit, tmp_path, "--device", "cpu", "--minutes", "0.2")
    assert done.returncode == 0, done.stderr
    cases = Results(tmp_path).table("conformance", "cases")
    assert set(cases["backend"]) >= {"gpu_compute"} and (cases["failed"] == 0).all() and (cases["cases"] > 0).all()
    assert len(Results(tmp_path).table("benchmarks", "hardware")) == 1


def test_everything_of_the_compiled_machine_runs_on_numbas_simulator(kit, tmp_path):
    """It conforms as CUDA's threads would run it; the other machines are not there, which is said."""
    done = command(kit, tmp_path, "--device", "cuda", NUMBA_ENABLE_CUDASIM="1", PYTHONWARNINGS="ignore")
    assert done.returncode == 0, done.stderr
    assert "jax_tensor is not run" in done.stderr and "torch_neural is not run" in done.stderr
    cases = Results(tmp_path).table("conformance", "cases").set_index("kind")
    assert set(cases["backend"]) == {"gpu_compute"} and set(cases["device"]) == {"cuda"}
    assert set(cases.index) == {"value", "trap", "timing"} and (cases["failed"] == 0).all() and (cases["cases"] > 30).all()
    for table in ("kernel", "throughput", "evaluations"):
        assert len(Results(tmp_path).table("benchmarks", table)) == 1


def test_no_gpu_is_one_line(kit, tmp_path):
    done = command(kit, tmp_path)
    if done.returncode == 0:
        pytest.skip("there is a GPU")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "has no device 'cuda' here" in done.stderr


@pytest.mark.parametrize("content", [None, b"", b"nothing that was compressed"])
def test_no_kit_is_one_line(tmp_path, capsys, content):
    if content is not None:
        (tmp_path / gpu_kit.FILE).write_bytes(content)
    assert gpu.main(["--device", "cpu", "--kit", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_stage_that_fails_is_told_and_the_others_run(tmp_path, monkeypatch, capsys):
    def broken(run):
        yield "benchmarks", "hardware", {"fact": "before", "value": "kept"}
        raise MemoryError("no room")

    def good(run):
        yield "benchmarks", "hardware", {"fact": "after", "value": "kept too"}

    monkeypatch.setattr(gpu, "stages", lambda device: [("one", "gpu_compute", broken), ("two", "gpu_compute", good)])
    run = gpu.Run(None, "cpu", True, tmp_path, float("inf"))
    assert gpu.everything(run) == 1
    assert "error: one: MemoryError: no room" in capsys.readouterr().err
    assert Results(tmp_path).table("benchmarks", "hardware")["fact"].tolist() == ["before", "after"]


SIMULATED = """
import numpy as np
from numba import cuda
from benchmarks import lanes
lanes.ROUNDS = 3
out = np.zeros(40, np.uint32)
cuda.jit(lanes.chains)[2, 32](out, np.uint32(1))
print(*out)
"""


def test_the_chains_of_the_floor_are_computed_by_every_lane():
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", SIMULATED], env=environment, capture_output=True, text=True)
    k = np.arange(40, dtype=np.uint32)
    a, b = k + np.uint32(1), k | np.uint32(1)
    for _ in range(3 * 8):
        a = a + b
        b = b ^ a
    assert done.stdout.split() == [str(word) for word in a ^ b], done.stderr
