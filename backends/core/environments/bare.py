"""The bare environment: `ecall` 93 and 94 exit, 64 writes, 63 reads, an odd word in `tohost` ends it, `fence.i` fetches anew.

Calls have the numbers of Linux, their number in a7 (t0 where registers end at 15), arguments in a0 to a2. Whatever else
is called traps. `tohost` is that of the host-target interface of riscv-tests and spike: zero is no command, a word with bit
0 set ends the run, others command devices, which are not there.
"""

from typing import final

import numpy as np

from backends.core.environments import Environment
from backends.core.environments.streams import ERRORS, INPUT, OUTPUT, Held, Streams
from backends.core.state import AT_ECALL, AT_FENCE, AT_TOHOST, EXITED, HALTED, RUNNING, TRAPPED, trap
from backends.interface import Cause, State

SYSTEM_READ = 63
_FILES = {SYSTEM_READ: (INPUT,), 64: (OUTPUT, ERRORS)}
"""By call, read or write, the file descriptors that it takes."""
EXITS = (93, 94)  # exit and exit_group
_EBADF = -9 & 0xFFFFFFFF
_A0, _T0 = 10, 5
ARGUMENTS = (_A0, _A0 + 1, _A0 + 2)
"""Registers of a call's file, address and length."""


@final
class Bare(Environment):
    """streams: of file descriptors 0, 1 and 2; in the state, where they are not given."""

    def __init__(self, streams: Streams | None = None) -> None:
        self.streams = streams or Held()

    def answer(self, state: State) -> np.ndarray:
        """Set every waiting instance running again, or end it."""
        stored = np.flatnonzero(state.status == AT_TOHOST)
        for b in stored.tolist():
            _command(state, b)
        fenced, called = np.flatnonzero(state.status == AT_FENCE), np.flatnonzero(state.status == AT_ECALL)
        for b in fenced.tolist():
            state.fetched[b] = state.memory[b].copy()
        waiting = np.concatenate((fenced, called))
        state.status[waiting] = RUNNING
        exits = np.isin(call_numbers(state, called), EXITS)
        ended = called[exits]
        state.status[ended], state.exit_code[ended] = EXITED, state.registers[ended, _A0].astype(np.int32)
        for b in called[~exits].tolist():
            _call(state, b, self.streams)
        retired = waiting[state.status[waiting] != TRAPPED]
        state.pc[retired] += np.uint32(4)
        state.retired[retired] += np.uint64(1)
        return np.concatenate((waiting, stored))


def _command(state: State, b: int) -> None:
    """After a store to `tohost`: go on, halt with the code that riscv-tests define, or trap at the store."""
    start = int(state.tohost[b]) - state.config.memory_base
    value = int.from_bytes(state.memory[b, start : start + 4].tobytes(), "little")
    state.status[b] = RUNNING
    if value & 1:
        state.status[b], state.exit_code[b] = HALTED, value >> 1
    elif value:
        state.pc[b] -= np.uint32(4)
        trap(state, b, Cause.UNKNOWN_DEVICE_COMMAND, value)


def _call(state: State, b: int, streams: Streams) -> None:
    """One environment call that does not exit: writes, reads, or traps."""
    number = int(call_numbers(state, np.array([b]))[0])
    descriptor, address, length = (int(state.registers[b, register]) for register in ARGUMENTS)
    start = address - state.config.memory_base
    data = state.memory[b, start : start + length]
    if number not in _FILES:
        trap(state, b, Cause.UNKNOWN_ENVIRONMENT_CALL, number)
    elif descriptor not in _FILES[number]:
        state.registers[b, _A0] = _EBADF
    elif length and not 0 <= start <= state.config.memory_bytes - length:
        trap(state, b, Cause.ACCESS_OUTSIDE_MEMORY, address)
    elif number == SYSTEM_READ:
        taken = streams.read(state, b, length)
        data[: len(taken)] = np.frombuffer(taken, np.uint8)
        state.registers[b, _A0] = len(taken)
    elif streams.write(state, b, descriptor, data.tobytes()):
        state.registers[b, _A0] = length
    else:
        trap(state, b, Cause.OUTPUT_LIMIT, address)


def number_registers(state: State, instances: np.ndarray) -> np.ndarray:
    """`[k]` int, the registers in which the instances `[k]` put the number of an environment call."""
    named = np.array([p.syscall_register for p in state.programs])
    return np.where(named < state.config.registers, named, _T0)[state.index[instances]]


def call_numbers(state: State, instances: np.ndarray) -> np.ndarray:
    """`[k]` uint32, the numbers of the environment calls at which the instances `[k]` wait."""
    return state.registers[instances, number_registers(state, instances)]
