"""Signals: sending, delivery to handlers, and what a machine's trap is to a process. Those that stop a process do nothing."""

from typing import TYPE_CHECKING

import numpy as np

from backends.core.environments.linux.errors import Blocked, Errno, Failure
from backends.core.environments.linux.executables import BASE
from backends.core.environments.linux.guest import Memory
from backends.core.environments.linux.process import SIG_DEFAULT, SIG_IGNORE, Action, Process
from backends.core.state import AT_FENCE, AT_TOHOST, HALTED, NO_RESERVATION, RUNNING, TRAPPED
from backends.interface import Cause

if TYPE_CHECKING:
    from backends.core.environments.linux.kernel import Call, Kernel

SIGILL, SIGTRAP, SIGBUS, SIGKILL, SIGSEGV, SIGPIPE, SIGALRM, SIGCHLD, SIGCONT, SIGSTOP = 4, 5, 7, 9, 11, 13, 14, 17, 18, 19
SIGNALS = 64
_IGNORED = {SIGCHLD, SIGCONT, 23, 28}  # where nothing else is said; also SIGURG, SIGWINCH
_STOPS = {SIGSTOP, 20, 21, 22}
_NODEFER, _RESETHAND, _RESTART, _ONSTACK = 0x40000000, 0x80000000, 0x10000000, 0x08000000
_NEVER_RESTARTED = {133, 407, 413, 414, 421}  # rt_sigsuspend, clock_nanosleep, pselect6, ppoll, rt_sigtimedwait
_CAUSES = {
    Cause.ILLEGAL_INSTRUCTION: SIGILL, Cause.MISALIGNED_FETCH: SIGBUS, Cause.ACCESS_OUTSIDE_MEMORY: SIGSEGV,
    Cause.MISALIGNED_ATOMIC: SIGBUS,
}  # fmt: skip
_FRAME, _CONTEXT, _MASK, _REGISTERS = 960, 128, 148, 288
"""Of a frame on the stack: bytes; where in it `ucontext` begins, its mask, and its registers, pc in place of x0."""
_RA, _SP, _A0 = 1, 2, 10


def bit(signal: int) -> int:
    return 1 << (signal - 1)


def send(process: Process, signal: int) -> None:
    """It comes when the process does not mask it; one of each kind can wait."""
    if process.ended is None and signal not in process.pending:
        process.pending.append(signal)


def caught(kernel: "Kernel", process: Process) -> None:
    """What stopped the process where it was no call: a trap is a signal that cannot be masked; `fence.i` fetches anew."""
    state, b = kernel.state, process.instance
    status = int(state.status[b])
    if status == AT_FENCE:
        state.fetched[b] = state.memory[b].copy()
        state.pc[b] += np.uint32(4)
        state.retired[b] += np.uint64(1)
        kernel.changed.add(b)
    elif status in (TRAPPED, HALTED):
        signal = SIGTRAP if status == HALTED else _CAUSES.get(Cause(int(state.cause[b])), SIGSEGV)
        if status == HALTED:
            state.pc[b] -= np.uint32(4)
        if process.mask & bit(signal) or process.action(signal).handler == SIG_IGNORE:
            process.actions.pop(signal, None)
        process.mask &= ~bit(signal)
        process.pending.insert(0, signal)
        state.cause[b] = state.address[b] = 0
    elif status != AT_TOHOST:
        return
    state.status[b] = RUNNING


def deliver(kernel: "Kernel", process: Process) -> bool:
    """Let the first signal that is not masked take effect. Whether one did."""
    ready = [s for s in process.pending if not process.mask & bit(s) or s in (SIGKILL, SIGSTOP)]
    if not ready or process.ended is not None:
        return False
    signal = ready[0]
    process.pending.remove(signal)
    action = process.action(signal)
    if signal == SIGKILL or (action.handler == SIG_DEFAULT and signal not in _IGNORED | _STOPS):
        kernel.kill(process, signal)
    elif action.handler not in (SIG_DEFAULT, SIG_IGNORE):
        _interrupt(kernel, process, action)
        try:
            _enter(kernel, process, signal, action)
        except Failure:  # no room for the frame
            kernel.kill(process, SIGSEGV)
    return True


def _interrupt(kernel: "Kernel", process: Process, action: Action) -> None:
    """A call that waits ends with EINTR, or is made again behind the handler."""
    if process.waiting is None:
        return
    if action.flags & _RESTART and process.waiting[0] not in _NEVER_RESTARTED:
        process.waiting = process.deadline = None
        kernel.state.status[process.instance] = RUNNING
    else:
        kernel.return_from(process, -Errno.EINTR)


def _enter(kernel: "Kernel", process: Process, signal: int, action: Action) -> None:
    state, b = kernel.state, process.instance
    registers, memory = state.registers[b], Memory(state, b)
    stack, size = process.other_stack
    sp = int(registers[_SP])
    inside = size and stack <= sp < stack + size
    frame = (stack + size if action.flags & _ONSTACK and size and not inside else sp) - _FRAME & ~15
    memory.clear(frame, _FRAME)
    memory.pack("iii", frame, signal, 0, 0)
    mask = process.mask if process.mask_after is None else process.mask_after
    process.mask_after = None
    memory.pack("III", frame + _CONTEXT + 8, stack, 0 if size else 2, size)
    memory.pack("Q", frame + _MASK, mask)
    memory.pack("32I", frame + _REGISTERS, int(state.pc[b]), *registers[1:].tolist())
    process.mask |= action.mask | (0 if action.flags & _NODEFER else bit(signal))
    if action.flags & _RESETHAND:
        process.actions.pop(signal)
    registers[[_RA, _SP, _A0, _A0 + 1, _A0 + 2]] = BASE, frame, signal, frame, frame + _CONTEXT
    state.pc[b], state.reserved[b] = action.handler, NO_RESERVATION


def rt_sigreturn(call: "Call") -> None:
    state, b = call.state, call.process.instance
    frame = int(state.registers[b, _SP])
    (call.process.mask,) = call.memory.unpack("Q", frame + _MASK)
    pc, *registers = call.memory.unpack("32I", frame + _REGISTERS)
    state.registers[b, 1:], state.pc[b] = registers, pc


def rt_sigaction(call: "Call", signal: int, new: int, old: int, size: int) -> int:
    if not 1 <= signal <= SIGNALS or size != 8 or (new and signal in (SIGKILL, SIGSTOP)):
        raise Failure(Errno.EINVAL)
    before = call.process.action(signal)
    if new:
        handler, flags, mask = call.memory.unpack("IIQ", new)
        call.process.actions[signal] = Action(handler, flags, mask)
    if old:
        call.memory.pack("IIQ", old, before.handler, before.flags, before.mask)
    return 0


def rt_sigprocmask(call: "Call", how: int, new: int, old: int, size: int) -> int:
    process, before = call.process, call.process.mask
    if size != 8 or (new and how > 2):
        raise Failure(Errno.EINVAL)
    if new:
        (given,) = call.memory.unpack("Q", new)
        process.mask = (before | given, before & ~given, given)[how] & ~(bit(SIGKILL) | bit(SIGSTOP))
    if old:
        call.memory.pack("Q", old, before)
    return 0


def rt_sigpending(call: "Call", into: int, size: int) -> int:
    call.memory.pack("Q", into, sum(map(bit, set(call.process.pending))))
    return 0


def rt_sigsuspend(call: "Call", mask: int, size: int) -> int:
    if call.process.mask_after is None:
        call.process.mask_after, (call.process.mask,) = call.process.mask, call.memory.unpack("Q", mask)
    raise Blocked


def sigaltstack(call: "Call", new: int, old: int) -> int:
    stack, size = call.process.other_stack
    if old:
        call.memory.pack("III", old, stack, 0 if size else 2, size)
    if new:
        start, flags, length = call.memory.unpack("III", new)
        call.process.other_stack = (0, 0) if flags & 2 else (start, length)
    return 0


def _send_to(call: "Call", chosen: list[Process], signal: int) -> int:
    if not 0 <= signal <= SIGNALS:
        raise Failure(Errno.EINVAL)
    if not chosen:
        raise Failure(Errno.ESRCH)
    for process in chosen:
        if signal:
            send(process, signal)
    return 0


def kill(call: "Call", pid: int, signal: int) -> int:
    pid = pid - (1 << 32) if pid >> 31 else pid
    everybody, process = list(call.kernel.processes.values()), call.process
    if pid > 0:
        return _send_to(call, [p for p in everybody if p.pid == pid], signal)
    if pid == -1:
        return _send_to(call, [p for p in everybody if p.pid > 1 and p is not process], signal)
    group = process.group if pid == 0 else -pid
    return _send_to(call, [p for p in everybody if p.group == group], signal)


def tkill(call: "Call", pid: int, signal: int) -> int:
    return _send_to(call, [p for p in call.kernel.processes.values() if p.pid == pid], signal)


def tgkill(call: "Call", group: int, pid: int, signal: int) -> int:
    return tkill(call, pid, signal)


CALLS = {
    129: kill, 130: tkill, 131: tgkill, 132: sigaltstack, 133: rt_sigsuspend, 134: rt_sigaction, 135: rt_sigprocmask,
    136: rt_sigpending, 139: rt_sigreturn,
}  # fmt: skip
