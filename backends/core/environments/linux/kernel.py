"""The kernel: processes on the instances of a batch, their system calls, signals, and time.

Time is counted in instructions of all processes together, and jumps ahead where all of them wait. So a run is the same on
every machine, at any number of threads.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

import numpy as np

from backends.core.environments.linux import executables, signals
from backends.core.environments.linux.errors import Blocked, Errno, Failure
from backends.core.environments.linux.executables import BASE, STACK_BYTES
from backends.core.environments.linux.guest import PAGE, Memory
from backends.core.environments.linux.process import SIG_IGNORE, Process, Space
from backends.core.environments.linux.tree import Tree
from backends.core.environments.streams import Streams
from backends.core.state import EXITED, NO_RESERVATION, RUNNING, SUSPENDED
from backends.interface import State

NANOSECONDS = 10
"""Of an instruction."""
EPOCH_NS = 1_767_225_600 * 10**9
"""When every run begins: the first of January 2026."""
_A0, _A7, _SP = 10, 17, 2
_EXITED, _KILLED = 1, 2  # what waitid tells
CHILD_SIGNAL = 17
Handler = Callable[..., int | None]
"""Of a call and its arguments: the result; None where registers and pc are what they shall be."""


@dataclass
class Call:
    """One that a process makes."""

    kernel: "Kernel"
    process: Process
    memory: Memory

    @property
    def state(self) -> State:
        return self.kernel.state


class Kernel:
    """calls: by number. strace: where every call is written to; None: unknown ones alone, to the standard error of the run."""

    def __init__(self, state: State, streams: Streams, tree: Tree, calls: dict[int, Handler], strace: TextIO | None) -> None:
        self.state, self.streams, self.tree, self.calls, self.strace = state, streams, tree, calls, strace
        self.processes: dict[int, Process] = {}
        self.random = np.random.default_rng(0)
        self.slept_ns, self.last_pid = 0, 0
        self.changed: set[int] = set()
        self.unknown: set[int] = set()

    def now(self) -> int:
        """Nanoseconds since the run began."""
        return int(self.state.retired.sum()) * NANOSECONDS + self.slept_ns

    def alive(self) -> list[Process]:
        return [p for p in self.processes.values() if p.ended is None]

    def free_instance(self) -> int:
        """Raises EAGAIN where there are as many processes as may be."""
        taken = {p.instance for p in self.alive()}
        free = next((b for b in range(len(self.state.pc)) if b not in taken), None)
        if free is None:
            raise Failure(Errno.EAGAIN)
        return free

    def next_pid(self) -> int:
        self.last_pid += 1
        return self.last_pid

    def execute(self, process: Process, data: bytes, arguments: list[bytes], environment: list[bytes]) -> None:
        """Make the process run a file, from its begin. Raises ENOEXEC, ENOMEM, E2BIG, before anything has changed."""
        state, b = self.state, process.instance
        found = executables.load(data, state.config.memory_bytes)
        top = BASE + state.config.memory_bytes
        sp, stack = executables.stack(found, top, arguments, environment, self.random.bytes(16))
        memory = np.zeros(state.config.memory_bytes, np.uint8)
        memory[: len(found.image)] = found.image
        state.fetched[b] = memory.copy()
        memory[sp - BASE :] = np.frombuffer(stack, np.uint8)
        state.memory[b], state.registers[b], state.pc[b] = memory, 0, found.entry
        state.registers[b, _SP], state.reserved[b], state.status[b] = sp, NO_RESERVATION, RUNNING
        process.space = Space([found.end, found.end], top - STACK_BYTES - PAGE)
        process.name = arguments[0] if arguments else b""
        self.changed.add(b)

    def answer(self) -> None:
        """All calls that processes wait with; those that waited before; signals."""
        for process in self.alive():
            signals.caught(self, process)
            if process.waiting is None and self.state.status[process.instance] != RUNNING and process.ended is None:
                self._enter(process)
        self._go_on()
        while not self._runs() and self._sleep():
            self._go_on()
        if not self._runs() and 1 in self.processes and self.processes[1].ended is None:
            self.end(self.processes[1], _KILLED, 9)  # nothing that they wait for can come
        if self.processes[1].ended is not None:
            self._finish()

    def _runs(self) -> bool:
        return any(self.state.status[p.instance] == RUNNING for p in self.alive())

    def _go_on(self) -> None:
        """Make waiting calls again until none of them gets any further, and deliver signals."""
        progress = True
        while progress:
            progress = False
            self._ring()
            for process in self.alive():
                if process.waiting is not None:
                    progress |= self._make(process, *process.waiting)
            for process in self.alive():
                progress |= signals.deliver(self, process)

    def _enter(self, process: Process) -> None:
        registers = self.state.registers[process.instance]
        self._make(process, int(registers[_A7]), tuple(registers[_A0 : _A0 + 6].tolist()))

    def _make(self, process: Process, number: int, arguments: tuple[int, ...]) -> bool:
        """Make a call. Whether it came to an end."""
        call = Call(self, process, Memory(self.state, process.instance))
        handler = self.calls.get(number)
        try:
            if handler is None:
                raise Failure(Errno.ENOSYS)
            result = handler(call, *arguments[: handler.__code__.co_argcount - 1])
        except Blocked:
            process.waiting = number, arguments
            self.state.status[process.instance] = SUSPENDED
            return False
        except Failure as failure:
            result = -failure.number
        self._trace(process, number, arguments, result)
        self.return_from(process, result)
        return True

    def return_from(self, process: Process, result: int | None) -> None:
        """The call has ended: the process goes on behind it, or where it was put; also if it ended."""
        state, b = self.state, process.instance
        process.waiting = process.deadline = None
        state.retired[b] += np.uint64(1)
        if process.ended is None:
            state.status[b] = RUNNING
            if result is not None:
                state.registers[b, _A0] = result & 0xFFFFFFFF
                state.pc[b] += np.uint32(4)

    def _trace(self, process: Process, number: int, arguments: tuple[int, ...], result: int | None) -> None:
        handler = self.calls.get(number)
        if self.strace is None and (handler is not None or number in self.unknown):
            return
        self.unknown.add(number)
        shown = arguments if handler is None else arguments[: handler.__code__.co_argcount - 1]
        name = f"syscall_{number}" if handler is None else handler.__name__
        value = "?" if result is None else str(result) if result >= 0 else f"-1 {Errno(-result).name}"
        line = f"[pid {process.pid}] {name}({', '.join(map(hex, shown))}) = {value}\n"
        if self.strace is None:
            self.streams.write(self.state, 0, 2, line.encode())
        else:
            self.strace.write(line)

    def _ring(self) -> None:
        """Alarms whose time has come."""
        for process in self.alive():
            at, again = process.alarm
            if at and at <= self.now():
                process.alarm = (at + again if again else 0, again)
                signals.send(process, signals.SIGALRM)

    def deadlines(self) -> list[int]:
        return [at for p in self.alive() for at in (p.deadline, p.alarm[0]) if at]

    def _sleep(self) -> bool:
        """Nobody runs: let time go on to the next deadline. Whether there is one."""
        found = self.deadlines()
        if found:
            self.slept_ns += max(0, min(found) - self.now())
        return bool(found)

    def end(self, process: Process, code: int, status: int) -> None:
        """code: _EXITED with a status, or _KILLED with a signal."""
        process.ended, process.waiting, process.deadline = (code, status), None, None
        self.state.status[process.instance] = SUSPENDED
        for descriptor in list(process.descriptors):
            process.close(descriptor)
        for child in self.processes.values():
            if child.parent == process.pid:
                child.parent = 1
        parent = self.processes.get(process.parent)
        if parent is not None and parent is not process:
            if parent.action(CHILD_SIGNAL).handler == SIG_IGNORE:
                del self.processes[process.pid]
            signals.send(parent, CHILD_SIGNAL)

    def exit(self, process: Process, status: int) -> None:
        self.end(process, _EXITED, status & 0xFF)

    def kill(self, process: Process, signal: int) -> None:
        self.end(process, _KILLED, signal)

    def _finish(self) -> None:
        """The first process has ended, and with it the run."""
        code, status = self.processes[1].ended or (0, 0)
        self.state.status[:] = EXITED
        self.state.exit_code[0] = status if code == _EXITED else 128 + status
