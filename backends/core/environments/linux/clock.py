"""System calls on time, and those that wait for it: sleeping, polling, alarms, futexes."""

from typing import TYPE_CHECKING

from backends.core.environments.linux.descriptors import Description
from backends.core.environments.linux.errors import Blocked, Errno, Failure
from backends.core.environments.linux.kernel import EPOCH_NS, NANOSECONDS

if TYPE_CHECKING:
    from backends.core.environments.linux.kernel import Call

_SECOND = 10**9
_REALTIME, _CLOCKS, _ABSOLUTE = 0, 12, 1
_POLLIN, _POLLOUT, _POLLERR, _POLLHUP, _POLLNVAL = 1, 4, 8, 16, 32
_FUTEX_WAIT, _FUTEX_WAIT_BITSET = 0, 9
_PRIVATE_CLOCK = 0x80 | 0x100


def _time(call: "Call", clock: int) -> int:
    if clock >= _CLOCKS:
        raise Failure(Errno.EINVAL)
    return call.kernel.now() + (EPOCH_NS if clock in (_REALTIME, 5) else 0)  # 5: the coarse one


def _duration(call: "Call", address: int) -> int:
    seconds, nanoseconds = call.memory.unpack("qq", address)
    if seconds < 0 or not 0 <= nanoseconds < _SECOND:
        raise Failure(Errno.EINVAL)
    return min(seconds, 1 << 33) * _SECOND + nanoseconds


def until(call: "Call", deadline: int) -> bool:
    """Whether that time has come; if not, the call waits for it."""
    process = call.process
    if process.deadline is None:
        process.deadline = max(deadline, 1)
    return call.kernel.now() >= process.deadline


def clock_gettime64(call: "Call", clock: int, into: int) -> int:
    call.memory.pack("qq", into, *divmod(_time(call, clock), _SECOND))
    return 0


def clock_getres_time64(call: "Call", clock: int, into: int) -> int:
    _time(call, clock)
    if into:
        call.memory.pack("qq", into, 0, NANOSECONDS)
    return 0


def clock_nanosleep_time64(call: "Call", clock: int, flags: int, request: int, left: int) -> int:
    """A positive error, as this call returns them."""
    now = _time(call, clock)
    deadline = _duration(call, request) - (now - call.kernel.now()) if flags & _ABSOLUTE else 0
    if not until(call, deadline if flags & _ABSOLUTE else call.kernel.now() + _duration(call, request)):
        raise Blocked
    if left and not flags & _ABSOLUTE:
        call.memory.pack("qq", left, 0, 0)
    return 0


def _events(found: Description, wanted: int) -> int:
    reading, writing = found.ready()
    events = (_POLLIN if reading and found.readable else 0) | (_POLLOUT if writing and found.writable else 0)
    return events & wanted | (0 if not found.hung() else _POLLHUP if found.readable else _POLLERR)


def ppoll_time64(call: "Call", into: int, count: int, timeout: int, mask: int) -> int:
    if count > 1024:
        raise Failure(Errno.EINVAL)
    ready = 0
    for k in range(count):
        descriptor, wanted, _ = call.memory.unpack("ihh", into + 8 * k)
        held = call.process.descriptors.get(descriptor)
        found = 0 if descriptor < 0 else _POLLNVAL if held is None else _events(held.of, wanted)
        call.memory.pack("h", into + 8 * k + 6, found)
        ready += bool(found)
    if not ready and (not timeout or not until(call, call.kernel.now() + _duration(call, timeout))):
        raise Blocked
    return ready


def pselect6_time64(call: "Call", count: int, reads: int, writes: int, others: int, timeout: int, mask: int) -> int:
    if count > 1024:
        raise Failure(Errno.EINVAL)
    size, ready, results = -(-count // 32) * 4, 0, []
    for address, event in ((reads, _POLLIN), (writes, _POLLOUT), (others, 0)):
        asked = int.from_bytes(call.memory.read(address, size), "little") if address else 0
        found = 0
        for descriptor in (n for n in range(count) if asked >> n & 1):
            if _events(call.process.open(descriptor), event):
                found, ready = found | 1 << descriptor, ready + 1
        results.append((address, found))
    if not ready and (not timeout or not until(call, call.kernel.now() + _duration(call, timeout))):
        raise Blocked
    for address, found in results:
        if address:
            call.memory.write(address, found.to_bytes(size, "little"))
    return ready


def setitimer(call: "Call", which: int, new: int, old: int) -> int:
    """Times are pairs of 32-bit seconds and microseconds."""
    if which:
        raise Failure(Errno.EINVAL)
    at, again = call.process.alarm
    left = max(0, at - call.kernel.now()) // 1000 if at else 0
    if old:
        call.memory.pack("IIII", old, *divmod(again // 1000, 10**6), *divmod(left, 10**6))
    if new:
        seconds_again, micro_again, seconds, micro = call.memory.unpack("IIII", new)
        after = (seconds * 10**6 + micro) * 1000
        call.process.alarm = (call.kernel.now() + after if after else 0, (seconds_again * 10**6 + micro_again) * 1000)
    return 0


def futex_time64(call: "Call", address: int, operation: int, value: int, timeout: int) -> int:
    """There are no threads: whoever waits is woken by nobody."""
    if operation & ~_PRIVATE_CLOCK not in (_FUTEX_WAIT, _FUTEX_WAIT_BITSET):
        return 0
    if call.memory.unpack("I", address)[0] != value:
        raise Failure(Errno.EAGAIN)
    if timeout and until(call, call.kernel.now() + _duration(call, timeout)):
        raise Failure(Errno.ETIMEDOUT)
    raise Blocked


def sched_yield(call: "Call") -> int:
    return 0


CALLS = {
    103: setitimer, 124: sched_yield, 403: clock_gettime64, 406: clock_getres_time64, 407: clock_nanosleep_time64,
    413: pselect6_time64, 414: ppoll_time64, 422: futex_time64,
}  # fmt: skip
