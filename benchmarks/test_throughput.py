"""Instructions per second of every machine against the number of instances."""

import pytest

from backends.core import catalog
from benchmarks import measure

BATCHES = {"smoke": (1, 64), "quick": (1, 64, 1024, 16384), "full": (1, 64, 256, 1024, 16384, 65536)}
SECONDS = {"smoke": 0.05, "quick": 0.05, "full": 2.0}
LARGEST_OF_REFERENCE = 1024
"""Below scale full: a larger batch takes it a minute, at the same speed."""


@pytest.mark.parametrize("program", ["loop", "mixed"])
@pytest.mark.parametrize("batch", BATCHES["full"])
@pytest.mark.parametrize("backend", catalog.names())
def test_throughput(backend, batch, program, scale, rate):
    largest = LARGEST_OF_REFERENCE if backend == "reference" and scale != "full" else max(BATCHES["full"])
    if batch not in BATCHES[scale] or batch > largest:
        pytest.skip(f"batch {batch} is not part of scale {scale}")
    load = measure.load(program)
    steps = measure.steps_for(backend, load, batch, SECONDS[scale])
    rate(
        "throughput", "instructions_per_s", batch * steps,
        load.work(backend, batch, steps),
        backend=backend, batch=batch, program=program, steps=steps,
    )  # fmt: skip
