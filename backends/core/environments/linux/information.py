"""System calls that tell about the system."""

import struct
from typing import TYPE_CHECKING

from backends.core.environments.linux.errors import Errno, Failure
from backends.core.environments.linux.executables import STACK_BYTES
from backends.core.environments.linux.process import DESCRIPTORS

if TYPE_CHECKING:
    from backends.core.environments.linux.kernel import Call

_NAMES = (b"Linux", b"machine", b"6.1.0", b"differentiable-computers", b"riscv32", b"(none)")
"""Of `uname`: system, node, release, version, machine, domain."""
_STACK, _DESCRIPTORS = 3, 7
_INFINITE = (1 << 64) - 1


def uname(call: "Call", into: int) -> int:
    call.memory.write(into, b"".join(name.ljust(65, b"\0") for name in _NAMES))
    return 0


def sysinfo(call: "Call", into: int) -> int:
    memory = call.state.memory.shape[1]
    uptime, processes = call.kernel.now() // 10**9, len(call.kernel.alive())
    form = "<I3IIIIIIIHHIII"
    data = struct.pack(form, uptime, 0, 0, 0, memory, memory // 2, 0, 0, 0, 0, processes, 0, 0, 0, 1)
    call.memory.write(into, data.ljust(64, b"\0"))
    return 0


def getrandom(call: "Call", into: int, size: int, flags: int) -> int:
    """The same bytes in every run."""
    call.memory.span(into, size)
    call.memory.write(into, call.kernel.random.bytes(size))
    return size


def prlimit64(call: "Call", pid: int, which: int, new: int, old: int) -> int:
    if which > 15:
        raise Failure(Errno.EINVAL)
    if old:
        limit = {_STACK: STACK_BYTES, _DESCRIPTORS: DESCRIPTORS}.get(which, _INFINITE)
        call.memory.pack("QQ", old, limit, limit)
    return 0


def getrusage(call: "Call", who: int, into: int) -> int:
    """Time is that of the whole system: instructions are not counted by process."""
    micro = call.kernel.now() // 1000
    call.memory.write(into, struct.pack("<qqqq", *divmod(micro, 10**6), 0, 0).ljust(136, b"\0"))
    return 0


def getgroups(call: "Call", size: int, into: int) -> int:
    return 0


def set_robust_list(call: "Call", head: int, size: int) -> int:
    return 0


CALLS = {
    99: set_robust_list, 158: getgroups, 160: uname, 165: getrusage, 179: sysinfo, 261: prlimit64, 278: getrandom,
}  # fmt: skip
