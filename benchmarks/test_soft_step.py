"""A training step of the soft machine, forward and backward, on every machine that has one; and of the tensor computer with
many programs at once, as synthesis trains them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from backends.conformance.soft import random_program
from backends.core import catalog
from backends.core.soft import COLUMN, SoftRun
from backends.gpu_compute.soft import batches
from backends.interface import Batch, DifferentiableBackend, Logits, MachineConfig, Patch, SoftExecution
from backends.jax_tensor import soft, soft_run
from backends.jax_tensor.algebra import MULTIPLY_DIVIDE
from backends.jax_tensor.compiling import jit
from backends.jax_tensor.soft_operations import Machine, Place

SLOTS, STEPS, MEMORY_BYTES = 8, 8, 32
EXAMPLES = {"smoke": 32, "quick": 32, "full": 2048}
MOST_ROUNDS = 3
"""Below scale full: a step takes some of the machines seconds."""
FEW = ("add", "sub", "xor", "addi")
"""Operations of programs with restarts at scale smoke: all of them take long to compile."""
FUSED = {
    "all": tuple(COLUMN),
    "all but multiply and divide": tuple(name for name in COLUMN if name not in MULTIPLY_DIVIDE),
    "12": ("add", "sub", "and", "or", "xor", "sll", "srl", "sra", "slt", "sltu", "addi", "andi"),
}
"""Operations of the fused step; the last are those of elementary tasks, in a straight line."""
RESTARTS = {"smoke": 4, "quick": 64, "full": 64}
MACHINES = [
    (name, relaxation, dtype)
    for name in catalog.names()
    if not isinstance(known := catalog.describe(name), str)
    for relaxation in known.relaxations
    for dtype in ("float32", "float64")
    if not (relaxation == "value" and dtype == "float32")  # float32 cannot hold a word
]


@pytest.fixture
def rounds(rounds, scale):
    return rounds if scale == "full" else min(rounds, MOST_ROUNDS)


@pytest.mark.parametrize(("name", "relaxation", "dtype"), MACHINES)
def test_soft_step(name, relaxation, dtype, scale, rate):
    if (relaxation, dtype) == ("bits", "float64") and scale != "full":
        pytest.skip("bits are trained in float32; float64 is part of scale full")
    if scale == "smoke" and (name == "gpu_compute" or (name, relaxation) == ("jax_tensor", "bits")):
        pytest.skip(
            "takes longer to compile than all else of scale smoke; with restarts jax_tensor is there, of few operations"
        )
    machine, examples = catalog.create(name), EXAMPLES[scale]
    assert isinstance(machine, DifferentiableBackend)
    rng = np.random.default_rng(0)
    program = random_program(rng, SLOTS, None)
    config = MachineConfig(memory_bytes=MEMORY_BYTES, dtype=dtype, relaxation=relaxation)
    memory = Patch(0, np.zeros((examples, MEMORY_BYTES), np.uint8))
    batch = Batch(rng.integers(0, 1 << 32, (examples, 16), dtype=np.uint32), patches=(memory,))
    word, byte = ((32,), (8,)) if relaxation == "bits" else ((), ())
    shapes = (examples, 16, *word), (examples, MEMORY_BYTES, *byte), (examples, SLOTS + 2)
    asked, cotangent = SoftRun(program, batch, config, 1.0, STEPS), SoftExecution(*(rng.normal(size=shape) for shape in shapes))
    rate(
        "soft_step", "program_example_steps_per_s", examples * STEPS,
        lambda: machine.soft_gradient(asked, cotangent),
        backend=name, relaxation=relaxation, dtype=dtype, operations="all", examples=examples, slots=SLOTS, steps=STEPS,
        restarts=1,
    )  # fmt: skip


@pytest.mark.parametrize("operations", FUSED)
@pytest.mark.parametrize(("relaxation", "dtype"), [("bits", "float32"), ("value", "float64")])
def test_fused_soft_step_with_restarts(relaxation, dtype, operations, scale, rate):
    """The gradient of a linear loss, of all restarts at once, on all cores; logits and cotangents are NumPy arrays."""
    if scale == "smoke":
        pytest.skip("takes longer to compile than all else of scale smoke")
    restarts, examples, rng = RESTARTS[scale], 32, np.random.default_rng(0)
    logits = Logits(*(rng.normal(size=(restarts, SLOTS, n)).astype(dtype) for n in (len(COLUMN), 16, 16, 16, 32)))
    logits.op[..., [c for name, c in COLUMN.items() if name not in FUSED[operations]]] = -1e6
    registers, memory = rng.integers(0, 1 << 32, (examples, 16), dtype=np.uint32), np.zeros((examples, MEMORY_BYTES), np.uint8)
    task = batches.Task(relaxation, dtype, registers, memory, batches.Place(0, 0), 0, STEPS)
    word, byte = ((32,), (8,)) if relaxation == "bits" else ((), ())
    shapes = (16, *word), (MEMORY_BYTES, *byte), (SLOTS + 2,)
    cotangent = SoftExecution(*(rng.normal(size=(restarts, examples, *shape)).astype(dtype) for shape in shapes))
    rate(
        "soft_step", "program_example_steps_per_s", restarts * examples * STEPS,
        lambda: batches.gradient(task, logits, np.ones(restarts), cotangent),
        backend="gpu_compute", relaxation=relaxation, dtype=dtype, operations=operations, examples=examples, slots=SLOTS,
        steps=STEPS, restarts=restarts,
    )  # fmt: skip


@pytest.mark.parametrize(("relaxation", "dtype"), [("bits", "float32"), ("value", "float64")])
def test_soft_step_with_restarts(relaxation, dtype, scale, rate):
    """Value and gradient of a linear loss, by `vmap` over the logits of the restarts."""
    if scale == "quick":
        pytest.skip("takes longer to compile than all else to run; part of scale full, and tiny of scale smoke")
    machine, operations = (Machine(relaxation, FEW), str(len(FEW))) if scale == "smoke" else (Machine(relaxation), "all")
    restarts, examples, rng = RESTARTS[scale], 32, np.random.default_rng(0)
    with jax.enable_x64(dtype == "float64"):
        logits = Logits(*(rng.normal(size=(restarts, SLOTS, n)).astype(dtype) for n in (len(COLUMN), 16, 16, 16, 32)))
        registers = rng.integers(0, 1 << 32, (examples, 16), dtype=np.uint32)
        memory = np.zeros((examples, MEMORY_BYTES), np.uint8)
        state = soft_run.initial_states(relaxation, registers, memory, SLOTS, 0, dtype)
        weights = jax.tree.map(lambda x: rng.normal(size=x.shape).astype(dtype), state)

        def loss(logits: Logits) -> jax.Array:
            end = soft.run(machine, logits, Place(), jnp.ones((), dtype), state, STEPS)
            return sum(jnp.vdot(x, w) for x, w in zip(end, weights, strict=True))

        train = jit(jax.vmap(jax.value_and_grad(loss)))
        rate(
            "soft_step", "program_example_steps_per_s", restarts * examples * STEPS,
            lambda: jax.block_until_ready(train(logits)),
            backend="jax_tensor", relaxation=relaxation, dtype=dtype, operations=operations, examples=examples, slots=SLOTS,
            steps=STEPS, restarts=restarts,
        )  # fmt: skip
