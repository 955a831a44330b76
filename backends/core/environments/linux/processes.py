"""System calls on processes: making, replacing, ending and waiting for them, and who they are."""

from typing import TYPE_CHECKING

import numpy as np

from backends.core.environments.linux.errors import Blocked, Errno, Failure
from backends.core.environments.linux.guest import signed
from backends.core.environments.linux.process import SIG_IGNORE, Process
from backends.core.environments.linux.signals import SIGCHLD
from backends.core.environments.linux.tree import Regular
from backends.core.state import RUNNING

if TYPE_CHECKING:
    from backends.core.environments.linux.kernel import Call

_SIGNAL_BITS, _VM, _VFORK, _THREAD, _SETTLS = 0xFF, 0x100, 0x4000, 0x10000, 0x80000
_CHILD_SETTID, _PARENT_SETTID, _CHILD_CLEARTID = 0x1000000, 0x100000, 0x200000
_WNOHANG, _WEXITED, _WNOWAIT = 1, 4, 0x1000000
_A0, _SP, _TP = 10, 2, 4
SCRIPTS = 4
"""Interpreters that one another name by `#!`."""


def clone(call: "Call", flags: int, stack: int, parent_tid: int, tls: int, child_tid: int) -> int:
    """A child with a copy of memory, also where it was to share that until it runs another file (`vfork`). Threads: ENOSYS."""
    kernel, state, parent = call.kernel, call.state, call.process
    if flags & _THREAD or (flags & _VM and not flags & _VFORK):
        raise Failure(Errno.ENOSYS)
    b = kernel.free_instance()
    child = parent.forked(kernel.next_pid(), b)
    kernel.processes[child.pid] = child
    for array in (state.memory, state.registers, state.pc, state.reserved, state.lines):
        array[b] = array[parent.instance]
    if parent.instance in state.fetched:
        state.fetched[b] = state.fetched[parent.instance]
    kernel.changed.add(b)
    state.registers[b, _A0], state.pc[b], state.status[b] = 0, state.pc[parent.instance] + np.uint32(4), RUNNING
    if stack:
        state.registers[b, _SP] = stack
    if flags & _SETTLS:
        state.registers[b, _TP] = tls
    if flags & _PARENT_SETTID:
        call.memory.pack("I", parent_tid, child.pid)
    return child.pid


def execve(call: "Call", path: int, arguments: int, environment: int) -> None:
    kernel, process = call.kernel, call.process
    found, strings = call.memory.string(path), call.memory.strings
    data, words = _executable(call, found, strings(arguments), SCRIPTS)
    kernel.execute(process, data, words, strings(environment))
    for number in [n for n, held in process.descriptors.items() if held.close_on_exec]:
        process.close(number)
    process.actions = {s: a for s, a in process.actions.items() if a.handler == SIG_IGNORE}
    process.other_stack = 0, 0


def _executable(call: "Call", path: bytes, arguments: list[bytes], scripts: int) -> tuple[bytes, list[bytes]]:
    """The file that runs, and its arguments: of a script, those of its interpreter."""
    node = call.kernel.tree.find(path, call.process.directory).existing
    if not isinstance(node, Regular) or not node.mode & 0o111:
        raise Failure(Errno.EACCES)
    data = bytes(node.data)
    if not data.startswith(b"#!"):
        return data, arguments
    if not scripts:
        raise Failure(Errno.ELOOP)
    words = data[2:].split(b"\n", 1)[0].strip().split(None, 1)
    if not words:
        raise Failure(Errno.ENOEXEC)
    return _executable(call, words[0], [*words, path, *arguments[1:]], scripts - 1)


def exit_group(call: "Call", status: int) -> None:
    call.kernel.exit(call.process, status)


def waitid(call: "Call", kind: int, which: int, into: int, options: int) -> int:
    """Raises ECHILD where there is nobody to wait for."""
    process, kernel = call.process, call.kernel
    if not options & _WEXITED or kind > 2:
        raise Failure(Errno.EINVAL)
    group = which or process.group
    children = [
        p for p in kernel.processes.values()
        if p.parent == process.pid and p is not process and (not kind or (p.pid == which if kind == 1 else p.group == group))
    ]  # fmt: skip
    if not children:
        raise Failure(Errno.ECHILD)
    child = next((p for p in children if p.ended is not None), None)
    if child is None and not options & _WNOHANG:
        raise Blocked
    if into:
        call.memory.clear(into, 128)
    if child is not None and child.ended is not None:
        if into:
            call.memory.pack("iiiiii", into, SIGCHLD, 0, child.ended[0], child.pid, 0, child.ended[1])
        if not options & _WNOWAIT:
            del kernel.processes[child.pid]
    return 0


def _named(call: "Call", pid: int) -> Process:
    found = call.kernel.processes.get(pid or call.process.pid)
    if found is None:
        raise Failure(Errno.ESRCH)
    return found


def setpgid(call: "Call", pid: int, group: int) -> int:
    process = _named(call, pid)
    if signed(group) < 0:
        raise Failure(Errno.EINVAL)
    process.group = group or process.pid
    return 0


def getpgid(call: "Call", pid: int) -> int:
    return _named(call, pid).group


def getsid(call: "Call", pid: int) -> int:
    return _named(call, pid).session


def setsid(call: "Call") -> int:
    process = call.process
    if process.group == process.pid:
        raise Failure(Errno.EPERM)
    process.group = process.session = process.pid
    return process.pid


def getpid(call: "Call") -> int:
    return call.process.pid


def getppid(call: "Call") -> int:
    return call.process.parent


def set_tid_address(call: "Call", address: int) -> int:
    return call.process.pid


def getuid(call: "Call") -> int:
    """Everybody is root."""
    return 0


def sched_getaffinity(call: "Call", pid: int, size: int, into: int) -> int:
    """One processor."""
    if size < 4:
        raise Failure(Errno.EINVAL)
    _named(call, pid)
    call.memory.pack("I", into, 1)
    return 4


def prctl(call: "Call", option: int) -> int:
    raise Failure(Errno.EINVAL)


CALLS = {
    93: exit_group, 94: exit_group, 95: waitid, 96: set_tid_address, 123: sched_getaffinity, 154: setpgid, 155: getpgid,
    156: getsid, 157: setsid, 167: prctl, 172: getpid, 173: getppid, 174: getuid, 175: getuid, 176: getuid, 177: getuid,
    178: getpid, 220: clone, 221: execve,
}  # fmt: skip
