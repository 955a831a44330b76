"""What surrounds a program on every machine: loading, environment calls, `tohost`, the end of a run.

A machine runs its instances until each has stopped or waits at an `ecall` or `fence.i`; then `service` does on the NumPy
state what the instruction asks for, once for all machines, and the machine goes on. Instruction memory is a snapshot of
memory: taken at load, taken again at `fence.i`.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from backends.core import timing
from backends.interface import Batch, Cause, Execution, MachineConfig, Program, Programs, Status, UserError

RUNNING, EXITED, HALTED, TRAPPED = (int(s) for s in Status)
AT_ECALL, AT_FENCE, AT_TOHOST = 4, 5, 6  # only inside a machine; never in an Execution

NO_TOHOST = -1
SYSTEM_READ, _SYSTEM_WRITE = 63, 64
EXITS = (93, 94)  # exit and exit_group
_EBADF = -9 & 0xFFFFFFFF
_A0, _T0 = 10, 5
ARGUMENTS = (_A0, _A0 + 1, _A0 + 2)
"""Registers of a call's file, address and length."""


@dataclass
class State:
    """Everything of a run, on the host, writable. Arrays as in `Execution`; stalls `[B]` uint64, the cycles beyond one per
    instruction; lines: of the caches, as `timing.initial_lines` gives them; tohost `[B]` int64 (NO_TOHOST: none)."""

    programs: tuple[Program, ...]
    index: np.ndarray
    config: MachineConfig
    registers: np.ndarray
    memory: np.ndarray
    pc: np.ndarray
    retired: np.ndarray
    stalls: np.ndarray
    lines: np.ndarray
    status: np.ndarray
    cause: np.ndarray
    address: np.ndarray
    exit_code: np.ndarray
    tohost: np.ndarray
    output: list[bytearray]
    inputs: list[bytes]


def load(program: Programs, batch: Batch, config: MachineConfig, max_steps: int) -> State:
    """Lay programs and patches into memory. Raises UserError for what does not fit the machine or one another."""
    programs = (program,) if isinstance(program, Program) else tuple(program)
    size = len(batch.registers)
    index = np.zeros(size, np.int64) if batch.programs is None else np.asarray(batch.programs, np.int64)
    _check(programs, batch, config, max_steps, index)
    images = np.stack([lay_out(p, config) for p in programs])
    memory = images[index]
    for patch in batch.patches:
        start = patch.address - config.memory_base
        memory[:, start : start + patch.data.shape[1]] = patch.data
    registers = np.array(batch.registers, dtype=np.uint32)
    registers[:, 0] = 0
    entries = np.array([p.entry for p in programs], np.uint32)[index]
    tohost = np.array([p.symbols.get("tohost", NO_TOHOST) for p in programs], np.int64)[index]
    inputs = list(batch.inputs) if batch.inputs else [b""] * size
    cached = config.timing == "cache"
    lines = timing.initial_lines(config.cache, size) if cached else np.zeros((size, 0, 0), np.uint32)
    zeros = partial(np.zeros, size)
    state = State(
        programs, index, config, registers, memory, entries, zeros(np.uint64), zeros(np.uint64), lines, zeros(np.uint8),
        zeros(np.uint8), zeros(np.uint32), np.full(size, -1, np.int64), tohost, [bytearray() for _ in range(size)], inputs,
    )  # fmt: skip
    trap(state, entries % 4 != 0, Cause.MISALIGNED_FETCH, entries)
    return state


def initial(batch: Batch, config: MachineConfig) -> tuple[np.ndarray, np.ndarray]:
    """Registers `[B, R]` uint32 and memory `[B, M]` uint8 of a run whose program is not in memory (a soft one)."""
    nothing = Program(np.zeros(0, np.uint8), config.memory_base, config.memory_base)
    state = load(nothing, batch, config, max_steps=1)
    return state.registers, state.memory


def _check(
    programs: tuple[Program, ...], batch: Batch, config: MachineConfig, max_steps: int, index: np.ndarray
) -> None:
    size = len(batch.registers)
    if max_steps < 1:
        raise UserError(f"max_steps is {max_steps}: give at least 1")
    if batch.registers.shape != (size, config.registers) or size == 0:
        raise UserError(f"registers of shape {batch.registers.shape}: give [B, {config.registers}] for {config.isa}")
    if index.shape != (size,) or index.min() < 0 or index.max() >= len(programs):
        raise UserError(f"program indices must be [{size}] numbers below {len(programs)}")
    if batch.inputs and len(batch.inputs) != size:
        raise UserError(f"{len(batch.inputs)} inputs for {size} instances")
    end = config.memory_base + config.memory_bytes
    for patch in batch.patches:
        if patch.data.ndim != 2 or len(patch.data) != size:
            raise UserError(f"patch at {patch.address:#x} of shape {patch.data.shape}: give [{size}, n] bytes")
        if patch.address < config.memory_base or patch.address + patch.data.shape[1] > end:
            raise UserError(f"patch at {patch.address:#x} lies outside memory {config.memory_base:#x} to {end:#x}")


def lay_out(program: Program, config: MachineConfig) -> np.ndarray:
    """`[M]` uint8, memory with the program in it."""
    start, end = program.base - config.memory_base, program.base + len(program.image)
    if start < 0 or end > config.memory_base + config.memory_bytes:
        raise UserError(
            f"{program.name} spans {program.base:#x} to {end:#x}, memory {config.memory_base:#x} to "
            f"{config.memory_base + config.memory_bytes:#x}: give a memory that holds it"
        )
    memory = np.zeros(config.memory_bytes, np.uint8)
    memory[start : start + len(program.image)] = program.image
    return memory


def trap(state: State, where: np.ndarray, cause: Cause, address: np.ndarray) -> None:
    """Trap the instances `where` `[B]` bool; pc stays at the instruction."""
    state.status[where] = TRAPPED
    state.cause[where] = cause
    state.address[where] = address[where]


def service(state: State) -> np.ndarray:
    """Answer every waiting instance and set it running again. Returns `[k]`, the instances that fetch anew (`fence.i`)."""
    fenced, called = np.flatnonzero(state.status == AT_FENCE), np.flatnonzero(state.status == AT_ECALL)
    waiting = np.concatenate((fenced, called))
    state.status[waiting] = RUNNING
    exits = np.isin(call_numbers(state, called), EXITS)
    ended = called[exits]
    state.status[ended], state.exit_code[ended] = EXITED, state.registers[ended, _A0].astype(np.int32)
    for b in called[~exits].tolist():
        _call(state, b)
    retired = waiting[state.status[waiting] != TRAPPED]
    state.pc[retired] += np.uint32(4)
    state.retired[retired] += np.uint64(1)
    return fenced


def _call(state: State, b: int) -> None:
    """One environment call that does not exit: writes, reads, or traps."""
    number = int(call_numbers(state, np.array([b]))[0])
    if number == _SYSTEM_WRITE:
        _write(state, b)
    elif number == SYSTEM_READ:
        _read(state, b)
    else:
        _trap_one(state, b, Cause.UNKNOWN_ENVIRONMENT_CALL, number)


def number_registers(state: State, instances: np.ndarray) -> np.ndarray:
    """`[k]` int, the registers in which the instances `[k]` put the number of an environment call."""
    named = np.array([p.syscall_register for p in state.programs])
    return np.where(named < state.config.registers, named, _T0)[state.index[instances]]


def call_numbers(state: State, instances: np.ndarray) -> np.ndarray:
    """`[k]` uint32, the numbers of the environment calls at which the instances `[k]` wait."""
    return state.registers[instances, number_registers(state, instances)]


def _trap_one(state: State, b: int, cause: Cause, address: int) -> None:
    state.status[b], state.cause[b], state.address[b] = TRAPPED, cause, address


def _buffer(state: State, b: int) -> np.ndarray | None:
    """The bytes that a1 and a2 name, as a view of memory; traps and gives None where they lie outside."""
    address, length = int(state.registers[b, _A0 + 1]), int(state.registers[b, _A0 + 2])
    start = address - state.config.memory_base
    if length and not 0 <= start <= state.config.memory_bytes - length:
        _trap_one(state, b, Cause.ACCESS_OUTSIDE_MEMORY, address)
        return None
    return state.memory[b, start : start + length]


def _write(state: State, b: int) -> None:
    if state.registers[b, _A0] not in (1, 2):
        state.registers[b, _A0] = _EBADF
        return
    data = _buffer(state, b)
    if data is None:
        return
    room = state.config.output_bytes - len(state.output[b])
    state.output[b] += data[:room].tobytes()
    if len(data) > room:
        _trap_one(state, b, Cause.OUTPUT_LIMIT, int(state.registers[b, _A0 + 1]))
    else:
        state.registers[b, _A0] = len(data)


def _read(state: State, b: int) -> None:
    if state.registers[b, _A0] != 0:
        state.registers[b, _A0] = _EBADF
        return
    data = _buffer(state, b)
    if data is not None:
        taken = state.inputs[b][: len(data)]
        state.inputs[b] = state.inputs[b][len(taken) :]
        data[: len(taken)] = np.frombuffer(taken, np.uint8)
        state.registers[b, _A0] = len(taken)


def finish(state: State) -> Execution:
    """The Execution of a run that has ended; a store to `tohost` becomes HALTED with the code that riscv-tests define."""
    for b in np.flatnonzero(state.status == AT_TOHOST):
        start = int(state.tohost[b]) - state.config.memory_base
        value = int.from_bytes(state.memory[b, start : start + 4].tobytes(), "little")
        state.status[b], state.exit_code[b] = HALTED, 0 if value == 1 else max(1, value >> 1)
    return Execution(
        state.registers, state.memory, state.pc, state.retired, state.retired + state.stalls, state.status, state.cause,
        state.address, state.exit_code, tuple(bytes(o) for o in state.output),
    )  # fmt: skip
