"""A training step of the soft machine, forward and backward, on every machine that has one."""

import numpy as np
import pytest

from backends.conformance.soft import random_program
from backends.core import catalog
from backends.interface import Batch, DifferentiableBackend, MachineConfig, Patch, SoftExecution

SLOTS, STEPS, MEMORY_BYTES = 8, 8, 32
EXAMPLES = {"smoke": 32, "quick": 64, "full": 2048}
MACHINES = [
    (name, relaxation, dtype)
    for name in catalog.names()
    if not isinstance(known := catalog.describe(name), str)
    for relaxation in known.relaxations
    for dtype in ("float32", "float64")
    if not (relaxation == "value" and dtype == "float32")  # float32 cannot hold a word
]


@pytest.mark.parametrize(("name", "relaxation", "dtype"), MACHINES)
def test_soft_step(name, relaxation, dtype, scale, rate):
    machine, examples = catalog.create(name), EXAMPLES[scale]
    assert isinstance(machine, DifferentiableBackend)
    rng = np.random.default_rng(0)
    program = random_program(rng, SLOTS, None)
    config = MachineConfig(memory_bytes=MEMORY_BYTES, dtype=dtype, relaxation=relaxation)
    memory = Patch(0, np.zeros((examples, MEMORY_BYTES), np.uint8))
    batch = Batch(rng.integers(0, 1 << 32, (examples, 16), dtype=np.uint32), patches=(memory,))
    word, byte = ((32,), (8,)) if relaxation == "bits" else ((), ())
    shapes = (examples, 16, *word), (examples, MEMORY_BYTES, *byte), (examples, SLOTS + 2)
    cotangent = SoftExecution(*(rng.normal(size=shape) for shape in shapes))
    rate(
        "soft_step", "program_example_steps_per_s", examples * STEPS,
        lambda: machine.soft_gradient(program, batch, config, 1.0, STEPS, cotangent),
        backend=name, relaxation=relaxation, dtype=dtype, operations="all", examples=examples, slots=SLOTS, steps=STEPS,
    )  # fmt: skip
