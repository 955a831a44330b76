"""What it costs `gpu_compute` to be timed and observed: one core, against the plain run of the same program."""

from dataclasses import replace

import pytest

from backends.core import catalog
from backends.core.observation import ObservingBackend, Secret, Watch
from benchmarks import measure

ROUNDS = {"loop": 1_500_000, "mixed": 500}
FOREVER = 1 << 40
WATCHES = {
    "with a trace": Watch(trace=True),
    "with taint": Watch(secrets=(Secret("rounds", 4, register=10),)),
    "with a trace and taint": Watch(trace=True, secrets=(Secret("rounds", 4, register=10),)),
}


@pytest.mark.parametrize("kind", ["with a cache", *WATCHES])
@pytest.mark.parametrize("program", ROUNDS)
def test_cost(program, kind, ratio):
    """The plain run is as many times as fast as the other one."""
    load, machine = measure.load(program), catalog.create("gpu_compute")
    assert isinstance(machine, ObservingBackend)
    batch, cached = load.batch(1, ROUNDS[program]), replace(load.config, timing="cache")

    def watched():
        if kind in WATCHES:
            return machine.observe(load.program, batch, load.config, FOREVER, WATCHES[kind])
        return machine.run(load.program, batch, cached, FOREVER)

    name = f"gpu_compute, one core, {program}, plain"
    ratio(name, kind, lambda: machine.run(load.program, batch, load.config, FOREVER), watched)
