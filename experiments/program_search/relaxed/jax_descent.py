"""One training step of many soft programs at once on jax_tensor, side by side (`jax.vmap`), each with a temperature, a rate
and a focus of its own: run through the soft machine, loss, gradient, Adam.

Sources: Gaunt et al., TerpreT (2016) for restarts; Petersen et al., Deep Differentiable Logic Gate Networks (2022) for the
relaxation of bits.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from backends.core.soft import COLUMN
from backends.interface import Logits
from backends.jax_tensor import soft as soft_machine
from backends.jax_tensor import soft_run
from backends.jax_tensor.compiling import jit
from backends.jax_tensor.soft_operations import RELAXATIONS, Machine, Place, SoftState
from experiments.program_search.relaxed.descent import DTYPES, Descent, Schedule, adam, of_bits
from experiments.program_search.space import NEVER
from experiments.program_search.ssa.form import Fields, Form

_WORD = 2.0**32


class Shape(NamedTuple):
    """What a training step is compiled for. loss: one of LOSSES."""

    machine: Machine
    slots: int
    loss: str


class Batch(NamedTuple):
    """Initial states of E examples and the outputs wanted: words `[O, 32, E]` or `[O, E]`."""

    state: SoftState
    wanted: jax.Array


class Descender:
    """As `descent.Descender` says, in both relaxations."""

    def __init__(self, form: Form, relaxation: str, loss: str) -> None:
        examples, dtype = form.problem.examples, DTYPES[relaxation]
        self.shape, self.precise = Shape(Machine(relaxation, form.operations), form.slots, loss), dtype == "float64"
        no_memory = np.zeros((len(examples), 4), np.uint8)
        state = soft_run.initial_states(relaxation, form.start(), no_memory, form.slots, 0, dtype)
        wanted = RELAXATIONS[relaxation].from_integers(examples.outputs, 32).astype(dtype)
        self.batch = Batch(state, np.moveaxis(wanted, 0, -1))

    def advance(self, descent: Descent, mask: Fields, schedule: Schedule, rows: np.ndarray) -> tuple[Descent, jax.Array]:
        with jax.enable_x64(self.precise):
            return _advance(self.shape, descent, mask, schedule, rows, self.batch)


@partial(jit, static_argnums=0)
def _advance(
    shape: Shape, descent: Descent, mask: Fields, schedule: Schedule, rows: jax.Array, batch: Batch
) -> tuple[Descent, jax.Array]:
    def iteration(descent: Descent, given: tuple) -> tuple[Descent, jax.Array]:
        schedule, rows = given
        slopes, losses = _slopes(shape, descent.logits.plus(mask), schedule, rows, batch)
        return adam(jnp, descent, slopes, schedule.rate), losses

    return jax.lax.scan(iteration, descent, (schedule, rows))


def _slopes(shape: Shape, logits: Fields, schedule: Schedule, rows: jax.Array, batch: Batch) -> tuple[Fields, jax.Array]:
    of_each = jax.vmap(jax.value_and_grad(_loss), in_axes=(0, None, 0, None))
    losses, slopes = of_each(logits, shape, schedule, jax.tree.map(lambda x: x[..., rows], batch))
    return slopes, losses


def _loss(logits: Fields, shape: Shape, schedule: Schedule, batch: Batch) -> jax.Array:
    """Loss of one program."""
    end = soft_machine.run(
        shape.machine, _program(shape, logits), Place(), schedule.temperature, batch.state, shape.slots, start=0
    )
    found = jnp.tensordot(jax.nn.softmax(logits.out / schedule.temperature, axis=-1), end.registers, axes=1)
    return jnp.mean(
        of_bits(jnp, shape.loss, found, batch.wanted, schedule.focus, np.arange(32, dtype=np.float32))
        if found.ndim == 3
        else _of_values(shape, found, batch.wanted)
    )


def _program(shape: Shape, logits: Fields) -> Logits:
    """The machine's logits: slot i writes the register of its own."""
    columns = np.array([COLUMN[name] for name in shape.machine.operations])
    op = jnp.full((shape.slots, len(COLUMN)), NEVER, logits.op.dtype).at[:, columns].set(logits.op)
    registers = logits.rs1.shape[-1]
    own = np.eye(shape.slots, registers, registers - shape.slots, dtype=bool)
    rd = np.where(own, 0.0, NEVER).astype(op.dtype)
    return Logits(op, rd, logits.rs1, logits.rs2, jnp.zeros((shape.slots, 32), op.dtype))


def _of_values(shape: Shape, found: jax.Array, wanted: jax.Array) -> jax.Array:
    """`[O, E]`: distance of words around the circle of 2^32, in bits of its size or relative to the word wanted."""
    off = found - wanted
    near = jnp.abs(off - _WORD * jax.lax.stop_gradient(jnp.round(off / _WORD)))
    return jnp.log2(1 + near) if shape.loss == "log" else near / (1 + wanted)
