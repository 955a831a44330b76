"""States of runs: loading programs into one, looking into it, and what it leaves behind."""

from functools import partial

import numpy as np

from backends.core import timing
from backends.interface import Batch, Cause, Execution, MachineConfig, Program, Programs, State, Status, UserError

RUNNING, EXITED, HALTED, TRAPPED, AT_ECALL, AT_FENCE, AT_TOHOST, SUSPENDED = map(int, Status)
"""As plain integers, for compilers."""
NO_TOHOST = NO_RESERVATION = -1


def load(program: Programs, batch: Batch, config: MachineConfig) -> State:
    """Lay programs and patches into memory. Raises UserError for what does not fit the machine or one another."""
    programs = (program,) if isinstance(program, Program) else tuple(program)
    size = len(batch.registers)
    index = np.zeros(size, np.int64) if batch.programs is None else np.asarray(batch.programs, np.int64)
    _check(programs, batch, config, index)
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
        config, programs, index, tuple(batch.patches), registers, memory, entries, zeros(np.uint64), zeros(np.uint64), lines,
        zeros(np.uint8), zeros(np.uint8), zeros(np.uint32), np.full(size, -1, np.int64), tohost,
        np.full(size, NO_RESERVATION, np.int64), [bytearray() for _ in range(size)], [bytearray() for _ in range(size)], inputs,
    )  # fmt: skip
    misaligned = np.flatnonzero(entries % 4)
    trap(state, misaligned, Cause.MISALIGNED_FETCH, entries[misaligned])
    return state


def _check(programs: tuple[Program, ...], batch: Batch, config: MachineConfig, index: np.ndarray) -> None:
    size = len(batch.registers)
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


def trap(state: State, who: int | np.ndarray, cause: Cause, address: int | np.ndarray) -> None:
    """Trap the instances `who` for the addresses, one or one each; pc stays at the instruction."""
    state.status[who], state.cause[who], state.address[who] = TRAPPED, cause, address


def instruction_memory(state: State, b: int) -> np.ndarray:
    """`[M]` uint8, the memory that instance b fetches from: as it was loaded, or at its last `fence.i`."""
    if b in state.fetched:
        return state.fetched[b]
    memory = lay_out(state.programs[state.index[b]], state.config)
    for patch in state.patches:
        start = patch.address - state.config.memory_base
        memory[start : start + patch.data.shape[1]] = patch.data[b]
    return memory


def renewed(state: State, taken: dict[int, np.ndarray], instances: np.ndarray) -> list[int]:
    """Those of the instances `[k]` whose `fetched` is not what was `taken` of them before; `taken` is brought up to date."""
    found = [b for b in instances.tolist() if b in state.fetched and state.fetched[b] is not taken.get(b)]
    taken.update((b, state.fetched[b]) for b in found)
    return found


def finish(state: State) -> Execution:
    """The Execution of a run that has ended."""
    return Execution(
        state.registers, state.memory, state.pc, state.retired, state.retired + state.stalls, state.status, state.cause,
        state.address, state.exit_code, tuple(map(bytes, state.output)), tuple(map(bytes, state.errors)),
    )  # fmt: skip
