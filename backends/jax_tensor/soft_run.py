"""Soft runs across the interface: NumPy in, NumPy out, in float32 or float64 as the configuration says.

`jax.enable_x64` holds for a call only, so that importing this package changes no global state.
"""

from functools import partial

import jax
import numpy as np

from backends.core import soft as specification
from backends.core.state import initial
from backends.interface import Batch, MachineConfig, SoftExecution, SoftProgram, UserError
from backends.jax_tensor.compiling import jit
from backends.jax_tensor.soft import run as run_steps
from backends.jax_tensor.soft_program import RELAXATIONS, Logits, Machine, Place, SoftState


def run(
    program: SoftProgram, batch: Batch, config: MachineConfig, temperature: float, steps: int, device: jax.Device
) -> SoftExecution:
    """State after `steps` soft steps. Raises UserError for logits, shapes or a dtype that cannot be run."""
    _check(program, config, temperature, steps)
    with jax.enable_x64(config.dtype == "float64"):
        arguments = _arguments(program, batch, config, temperature, device)
        return _execution(_forward(Machine(config.relaxation), steps, *arguments))


def gradient(
    program: SoftProgram,
    batch: Batch,
    config: MachineConfig,
    temperature: float,
    steps: int,
    cotangent: SoftExecution,
    device: jax.Device,
) -> SoftProgram:
    """Gradient of `sum(cotangent * run(...))` with respect to the logits. Raises UserError as `run`."""
    _check(program, config, temperature, steps)
    with jax.enable_x64(config.dtype == "float64"):
        arguments = _arguments(program, batch, config, temperature, device)
        arrays = (cotangent.registers, cotangent.memory, cotangent.pc)
        weights = SoftState(*(np.moveaxis(np.asarray(x, config.dtype), 0, -1) for x in arrays))
        logits = _backward(Machine(config.relaxation), steps, *arguments, jax.device_put(weights, device))
        op, rd, rs1, rs2, imm = (np.array(x) for x in logits)
        return SoftProgram(op, rd, rs1, rs2, imm, program.base, program.start)


@partial(jit, static_argnums=(0, 1))
def _forward(
    machine: Machine, steps: int, logits: Logits, place: Place, temperature: jax.Array, states: SoftState
) -> SoftState:
    return run_steps(machine, logits, place, temperature, states, steps)


@partial(jit, static_argnums=(0, 1))
def _backward(
    machine: Machine, steps: int, logits: Logits, place: Place, temperature: jax.Array, states: SoftState, weights: SoftState
) -> Logits:
    _, pull = jax.vjp(lambda x: run_steps(machine, x, place, temperature, states, steps), logits)
    return pull(weights)[0]


def _check(program: SoftProgram, config: MachineConfig, temperature: float, steps: int) -> None:
    specification.check(program, config, temperature)
    if steps < 0:
        raise UserError(f"{steps} soft steps: give 0 or more")
    if config.relaxation == "value" and config.dtype != "float64":
        raise UserError(f"relaxation value in {config.dtype}, which cannot hold 32 bits: give dtype float64")


def _arguments(
    program: SoftProgram, batch: Batch, config: MachineConfig, temperature: float, device: jax.Device
) -> tuple[Logits, Place, jax.Array, SoftState]:
    """Logits, place, temperature and initial states on the device; memory is zero but for the batch's patches."""
    registers, memory = initial(batch, config)
    logits = Logits(*(np.asarray(x, config.dtype) for x in (program.op, program.rd, program.rs1, program.rs2, program.imm)))
    states = initial_states(config.relaxation, registers, memory, len(program.op), program.start, config.dtype)
    place = Place(np.uint32(program.base), np.uint32(config.memory_base))
    return jax.device_put((logits, place, np.asarray(temperature, config.dtype), states), device)


def initial_states(relaxation: str, registers: np.ndarray, memory: np.ndarray, slots: int, start: int, dtype: str) -> SoftState:
    """States of B instances, on the last axis, from registers `[B, R]` uint32 and memory `[B, M]` uint8."""
    algebra = RELAXATIONS[relaxation]
    pc = np.zeros((slots + 2, len(registers)), dtype)
    pc[start] = 1
    words, data = algebra.from_integers(registers, 32), algebra.from_integers(memory, 8)
    return SoftState(np.moveaxis(words, 0, -1).astype(dtype), np.moveaxis(data, 0, -1).astype(dtype), pc)


def _execution(states: SoftState) -> SoftExecution:
    return SoftExecution(*(np.ascontiguousarray(np.moveaxis(np.asarray(x), -1, 0)) for x in states))
