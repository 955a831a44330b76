"""Wall-clock time of every machine as seen from outside: what somebody learns who can only time its runs."""

import time

import numpy as np

from backends.interface import Backend
from experiments.timing_crypto import programs
from experiments.timing_crypto.clocks import dudect
from experiments.timing_crypto.programs import compare_functions, sized

COMPARED_BYTES = {"gpu_compute": 4096, "jax_tensor": 4096, "torch_neural": 4}
"""By machine, so that comparing takes a good part of a run, and a run takes milliseconds."""
_OTHERWISE_BYTES = 256
_WARM_UP = 10


def wall_clock(
    name: str, machine: Backend, function: str, measurements: int, seed: int, device: str = "cpu"
) -> dudect.Measurements:
    """Single runs of a comparison. Fixed: the secret equals what is given; random: it does not. The classes alternate at
    random. name: of the machine."""
    noise, size = np.random.default_rng(seed), COMPARED_BYTES.get(name, _OTHERWISE_BYTES)
    call = sized(function, compare_functions(size)).prepare(function).on(device=device)
    given, length = noise.integers(0, 256, (1, size), np.uint8), np.array([size], np.uint32)
    fixed = dudect.classes(measurements, noise)
    timed = np.zeros(measurements)
    for k in range(-_WARM_UP, measurements):  # negative ones, which compile and warm up, are written over
        drawn = noise.integers(0, 256, given.shape, np.uint8)  # in both classes: what comes before a run must be alike
        batch = call.batch({"a": np.where(fixed[max(k, 0)], given, drawn), "b": given, "n": length})
        start = time.perf_counter_ns()
        programs.run(machine, call, batch)
        timed[k] = time.perf_counter_ns() - start
    return dudect.Measurements(timed, fixed, "monotonic")
