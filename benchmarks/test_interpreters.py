"""`gpu_compute` on CPU cores: one core against a C interpreter and Unicorn, two cores against one."""

import numpy as np
import pytest

from backends.core import catalog, cores
from benchmarks import baseline, measure

ROUNDS = {"loop": 4_000_000, "mixed": 1000}


@pytest.fixture(params=ROUNDS)
def workload(request):
    return request.param, measure.load(request.param), ROUNDS[request.param]


def _run(load, rounds, instances=1):
    return catalog.create("gpu_compute").run(load.program, load.batch(instances, rounds), load.config, 1 << 40)


def test_against_c(workload, ratio):
    name, load, rounds = workload
    x, cycles = baseline.c_interpreter(load.program, load.config.isa, {10: rounds}, 1 << 40)
    result = _run(load, rounds)
    assert cycles == result.retired[0] - 1, "the C interpreter stops before the last ecall"
    np.testing.assert_array_equal(x[5:16], result.registers[0, 5:])  # ra and sp depend on where memory ends
    ratio(
        f"gpu_compute, one core, {name}", "C switch interpreter, -O3",
        lambda: _run(load, rounds),
        lambda: baseline.c_interpreter(load.program, load.config.isa, {10: rounds}, 1 << 40),
    )  # fmt: skip


def test_against_unicorn(workload, ratio):
    name, load, rounds = workload
    image = load.program.image[: len(load.program.image) // 4 * 4].view(np.uint32)
    stop = load.program.base + 4 * int(np.flatnonzero(image == 0x73)[0])
    ratio(
        f"gpu_compute, one core, {name}", "Unicorn",
        lambda: _run(load, rounds),
        lambda: baseline.on_unicorn(load.program, load.config.isa, {10: rounds}, stop),
    )  # fmt: skip


def test_all_cores_against_one(ratio, monkeypatch):
    load, rounds = measure.load("mixed"), 16
    monkeypatch.delenv("BACKEND_THREADS", raising=False)
    threads = cores.threads()
    assert threads > 1, "give the benchmark at least two cores"

    def on(count):
        monkeypatch.setenv("BACKEND_THREADS", str(count))
        _run(load, rounds, 1024)

    ratio(f"gpu_compute, {threads} cores, batch 1024", "one core", lambda: on(threads), lambda: on(1))
