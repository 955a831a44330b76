"""Soft runs across the interface: NumPy in, NumPy out, in float32 or float64 as the configuration says.

`jax.enable_x64` holds for a call only, so that importing this package changes no global state.
"""

from functools import partial

import jax
import numpy as np

from backends.core.soft import SoftRun
from backends.interface import Logits, SoftExecution
from backends.jax_tensor.compiling import jit
from backends.jax_tensor.soft import run as run_steps
from backends.jax_tensor.soft_operations import RELAXATIONS, Machine, Place, SoftState


def run(asked: SoftRun, device: jax.Device) -> SoftExecution:
    """The state after the run."""
    with jax.enable_x64(asked.config.dtype == "float64"):
        states = _forward(Machine(asked.config.relaxation), *_arguments(asked, device), asked.steps)
        return SoftExecution(*(np.ascontiguousarray(np.moveaxis(np.asarray(x), -1, 0)) for x in states))


def gradient(asked: SoftRun, cotangent: SoftExecution, device: jax.Device) -> Logits:
    """Gradient of `sum(cotangent * run(...))` with respect to the logits."""
    with jax.enable_x64(asked.config.dtype == "float64"):
        weights = SoftState(*(np.moveaxis(np.asarray(x, asked.config.dtype), 0, -1) for x in cotangent))
        arguments = (*_arguments(asked, device), asked.steps, jax.device_put(weights, device))
        return Logits(*map(np.array, _backward(Machine(asked.config.relaxation), *arguments)))


_forward = jit(run_steps, static_argnums=(0, 5))


@partial(jit, static_argnums=(0, 5))
def _backward(
    machine: Machine, logits: Logits, place: Place, temperature: jax.Array, states: SoftState, steps: int, weights: SoftState
) -> Logits:
    _, pull = jax.vjp(lambda x: run_steps(machine, x, place, temperature, states, steps), logits)
    return pull(weights)[0]


def _arguments(asked: SoftRun, device: jax.Device) -> tuple[Logits, Place, jax.Array, SoftState]:
    """Logits, place, temperature and initial states on the device."""
    program, config = asked.program, asked.config
    logits = Logits(*(np.asarray(x, config.dtype) for x in program.logits))
    states = initial_states(config.relaxation, *asked.initial(), len(logits.op), program.start, config.dtype)
    place = Place(np.uint32(program.base), np.uint32(config.memory_base))
    return jax.device_put((logits, place, np.asarray(asked.temperature, config.dtype), states), device)


def initial_states(relaxation: str, registers: np.ndarray, memory: np.ndarray, slots: int, start: int, dtype: str) -> SoftState:
    """States of B instances, on the last axis, from registers `[B, R]` uint32 and memory `[B, M]` uint8."""
    algebra = RELAXATIONS[relaxation]
    pc = np.zeros((slots + 2, len(registers)), dtype)
    pc[start] = 1
    words, data = algebra.from_integers(registers, 32), algebra.from_integers(memory, 8)
    return SoftState(np.moveaxis(words, 0, -1).astype(dtype), np.moveaxis(data, 0, -1).astype(dtype), pc)
