"""Linux, as a static executable for riscv32 sees it: system calls, files in memory, processes on the instances of a batch.

`executables` and `guest` are what lies in memory, `tree` and `descriptors` what files are, `process` and `kernel` what runs;
`files`, `paths`, `memory`, `processes`, `signals`, `clock`, `information` have the system calls, `devices` what lies in /dev.
Sources: the manual pages of Linux, and its headers under include/uapi.
"""

from typing import TextIO, final

import numpy as np

from backends.core.environments import Environment
from backends.core.environments.linux import clock, files, information, memory, paths, processes, signals
from backends.core.environments.linux.descriptors import O_WRONLY, Console
from backends.core.environments.linux.errors import Failure
from backends.core.environments.linux.executables import BASE, is_linux, why_not
from backends.core.environments.linux.kernel import Handler, Kernel
from backends.core.environments.linux.process import Process, Space
from backends.core.environments.linux.tree import Device, Regular, Tree
from backends.core.environments.streams import ERRORS, INPUT, OUTPUT, Held, Streams
from backends.core.state import SUSPENDED
from backends.interface import Batch, MachineConfig, Program, State, UserError

__all__ = ["Linux", "batch", "is_linux", "machine", "program"]

PROCESSES, MEMORY_BYTES = 15, 1 << 23
"""That may run at the same time, and the memory of each, where nothing else is said."""
QUANTUM = 10_000
"""Instructions that a process may run while another one could."""
_TOPICS = (files, paths, memory, processes, signals, clock, information)
CALLS: dict[int, Handler] = {number: handler for topic in _TOPICS for number, handler in topic.CALLS.items()}


def machine(memory_bytes: int = MEMORY_BYTES, **options) -> MachineConfig:
    """Of the instances that processes run on."""
    return MachineConfig(isa="rv32ima", memory_base=BASE, memory_bytes=memory_bytes, **options)


def program(name: str) -> Program:
    """What instances hold before a process runs on them: nothing. The environment loads executables."""
    return Program(np.zeros(4, np.uint8), BASE, BASE, name=name)


def batch(processes: int = PROCESSES) -> Batch:
    return Batch(np.zeros((processes, 32), np.uint32))


@final
class Linux(Environment):
    """Of one run, whose first process executes a file. tree: with that file in it, and all else that is there.

    executable: a path in the tree. arguments: argv, the first of which is the name. environment: of `K=V`. Raises UserError
    for a file that cannot be run.
    """

    def __init__(
        self, tree: Tree, executable: bytes, arguments: list[bytes], environment: list[bytes] | None = None,
        streams: Streams | None = None, strace: TextIO | None = None,
    ) -> None:  # fmt: skip
        self.tree, self.streams, self.strace = tree, streams or Held(), strace
        self.first = executable, arguments, environment or []
        self.kernel: Kernel | None = None

    def begin(self, state: State) -> None:
        """The first process, with the standard streams open, and its file loaded."""
        self.kernel = kernel = Kernel(state, self.streams, self.tree, CALLS, self.strace)
        state.status[:] = SUSPENDED
        path, arguments, environment = self.first
        process = Process(kernel.next_pid(), 0, 0, self.tree.root, Space([0, 0], 0))
        kernel.processes[process.pid] = process
        console = Device(name="console")
        for number, flags in ((INPUT, 0), (OUTPUT, O_WRONLY), (ERRORS, O_WRONLY)):
            process.put(number, Console(console, flags, self.streams, state, number))
        node = self.tree.find(path, self.tree.root).existing
        data = bytes(node.data) if isinstance(node, Regular) else b""
        if reason := why_not(data):
            raise UserError(f"{path.decode(errors='replace')} {reason}")
        try:
            kernel.execute(process, data, arguments, environment)
        except Failure as failure:
            raise UserError(f"{path.decode(errors='replace')} does not fit ({failure}): give more memory") from None

    def limits(self, state: State, max_steps: int) -> np.ndarray:
        assert self.kernel is not None, "begin was not called"
        limits = np.full(len(state.pc), max_steps, np.uint64)
        if len(self.kernel.alive()) > 1 or self.kernel.deadlines():
            limits = np.minimum(limits, state.retired + np.uint64(QUANTUM))
        return limits

    def answer(self, state: State) -> np.ndarray:
        assert self.kernel is not None, "begin was not called"
        self.kernel.answer()
        changed, self.kernel.changed = sorted(self.kernel.changed), set()
        return np.array(changed, int)
