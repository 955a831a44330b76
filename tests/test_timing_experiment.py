"""The timing experiment as a whole: what it refuses, and what a small run of it records."""

import pytest
from omegaconf import OmegaConf

from backends.interface import UserError
from experiments.timing_crypto import run as experiment


def config(tmp_path, **overrides):
    asked = {
        "name": "timing_crypto", "implementations": "all", "timings": ["flat", "cache"], "policies": "all",
        "measurements": None, "encryptions": None, "random_keys": None,
    }  # fmt: skip
    return OmegaConf.create(
        {
            "experiment": {**asked, **overrides}, "scale": "smoke", "backends": ["gpu_compute"], "device": "cpu",
            "seed": 0, "workers": 1, "parts": str(tmp_path),
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"measurements": 0}, "experiment.measurements=0: give a whole number from 2"),
        ({"measurements": 1}, "experiment.measurements=1: give a whole number from 2"),
        ({"encryptions": 7}, "experiment.encryptions=7: give a whole number from 8"),
        ({"random_keys": 0}, "experiment.random_keys=0: give a whole number from 1"),
        ({"random_keys": 1.5}, "experiment.random_keys=1.5: give a whole number from 1"),
        ({"implementations": ["des"]}, "unknown implementation 'des': all, or some of aes_ttable"),
        ({"policies": "cold"}, "unknown policy 'cold': all, or some of warm"),
        ({"timings": ["pipeline"]}, "unknown timing 'pipeline': all, or some of flat, cache"),
    ],
)
def test_refused(tmp_path, overrides, message):
    with pytest.raises(UserError, match=message.replace(".", r"\.").split("(")[0]):
        experiment.run(config(tmp_path, **overrides))
    assert not list(tmp_path.iterdir()), "nothing was begun"


def test_a_comparison_alone(tmp_path, monkeypatch):
    """Without AES there is no sweep and no key; flat timing alone has no policies."""
    monkeypatch.setattr(experiment.tables, "functions", lambda *_: experiment.pd.DataFrame({"outcome": ["right"]}))
    cfg = config(tmp_path, implementations="compare_early", timings="flat", measurements=2000)
    found = experiment.run(cfg)
    assert set(found) == {"vectors", "functions", "constant_time", "leaks", "dudect", "variance"}
    assert set(found["leaks"]["timing"]) == {"flat"}
    assert (found["leaks"]["within_sd"] == 0).all()
    assert (found["leaks"]["between_cycles"] > 0).all()
    assert (found["constant_time"]["verdict"] == "violations").all()
    native = found["dudect"][found["dudect"]["machine"] == "native"]
    assert native["max_t"].max() > 10
