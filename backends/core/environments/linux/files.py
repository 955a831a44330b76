"""System calls on file descriptors."""

import struct
from typing import TYPE_CHECKING

from backends.core.environments.linux import signals
from backends.core.environments.linux.descriptors import (
    MOST_FILE_BYTES,
    O_ACCMODE,
    O_CLOEXEC,
    O_NONBLOCK,
    Description,
    File,
    Listing,
    Pipe,
    ReadEnd,
    WriteEnd,
)
from backends.core.environments.linux.devices import of_device
from backends.core.environments.linux.errors import Blocked, Errno, Failure
from backends.core.environments.linux.guest import signed
from backends.core.environments.linux.process import DESCRIPTORS
from backends.core.environments.linux.tree import Device, Directory, Link, Node, Regular

if TYPE_CHECKING:
    from backends.core.environments.linux.kernel import Call

_CHUNK = 1 << 16
"""Bytes that one call moves at most where the file has no end."""
_F_DUPFD, _F_GETFD, _F_SETFD, _F_GETFL, _F_SETFL, _F_DUPFD_CLOEXEC = 0, 1, 2, 3, 4, 1030
_CHANGEABLE = 0o2000 | O_NONBLOCK
_TCGETS, _TIOCGWINSZ, _FIONREAD = 0x5401, 0x5413, 0x541B


def readable(call: "Call", descriptor: int) -> Description:
    found = call.process.open(descriptor)
    if not found.readable:
        raise Failure(Errno.EBADF)
    return found


def writable(call: "Call", descriptor: int) -> Description:
    found = call.process.open(descriptor)
    if not found.writable:
        raise Failure(Errno.EBADF)
    return found


def put(call: "Call", to: Description, data: bytes) -> int:
    """Write; who writes to a pipe that nobody reads gets SIGPIPE as well."""
    try:
        written = to.write(data)
    except Failure as failure:
        if failure.number == Errno.EPIPE:
            signals.send(call.process, signals.SIGPIPE)
        raise
    if to.node is not None and written:
        to.node.times[1] = to.node.times[2] = call.kernel.now()
    return written


def read(call: "Call", descriptor: int, buffer: int, size: int) -> int:
    source = readable(call, descriptor)
    call.memory.span(buffer, size := min(size, len(call.memory.bytes)))
    data = source.read(size)
    call.memory.write(buffer, data)
    return len(data)


def write(call: "Call", descriptor: int, buffer: int, size: int) -> int:
    return put(call, writable(call, descriptor), call.memory.read(buffer, size))


def readv(call: "Call", descriptor: int, vectors: int, count: int) -> int:
    total = 0
    for buffer, size in call.memory.buffers(vectors, count):
        try:
            found = read(call, descriptor, buffer, size) if size else 0
        except (Blocked, Failure):
            if total:
                return total
            raise
        total += found
        if found < size:
            break
    return total


def writev(call: "Call", descriptor: int, vectors: int, count: int) -> int:
    parts = [call.memory.read(buffer, size) for buffer, size in call.memory.buffers(vectors, count)]
    return put(call, writable(call, descriptor), b"".join(parts))


def _file(found: Description) -> File:
    if not isinstance(found, File):
        raise Failure(Errno.EISDIR if isinstance(found, Listing) else Errno.ESPIPE)
    return found


def _offset(low: int, high: int) -> int:
    """Raises EINVAL where it is negative."""
    if high >> 31:
        raise Failure(Errno.EINVAL)
    return high << 32 | low


def pread64(call: "Call", descriptor: int, buffer: int, size: int, low: int, high: int) -> int:
    data = _file(readable(call, descriptor)).read_at(_offset(low, high), min(size, len(call.memory.bytes)))
    call.memory.write(buffer, data)
    return len(data)


def pwrite64(call: "Call", descriptor: int, buffer: int, size: int, low: int, high: int) -> int:
    return _file(writable(call, descriptor)).write_at(_offset(low, high), call.memory.read(buffer, size))


def llseek(call: "Call", descriptor: int, high: int, low: int, result: int, whence: int) -> int:
    offset = (high << 32 | low) - (1 << 64 if high >> 31 else 0)
    call.memory.pack("Q", result, call.process.open(descriptor).seek(offset, whence))
    return 0


def close(call: "Call", descriptor: int) -> int:
    if not call.process.close(descriptor):
        raise Failure(Errno.EBADF)
    return 0


def dup(call: "Call", descriptor: int) -> int:
    return call.process.add(call.process.open(descriptor))


def dup3(call: "Call", descriptor: int, new: int, flags: int) -> int:
    found = call.process.open(descriptor)
    if new == descriptor or flags & ~O_CLOEXEC:
        raise Failure(Errno.EINVAL)
    if new >= DESCRIPTORS:
        raise Failure(Errno.EBADF)
    call.process.put(new, found, bool(flags & O_CLOEXEC))
    return new


def fcntl64(call: "Call", descriptor: int, command: int, value: int) -> int:
    process, found = call.process, call.process.open(descriptor)
    if command in (_F_DUPFD, _F_DUPFD_CLOEXEC):
        return process.add(found, value, command == _F_DUPFD_CLOEXEC)
    if command == _F_GETFD:
        return int(process.descriptors[descriptor].close_on_exec)
    if command == _F_SETFD:
        process.put(descriptor, found, bool(value & 1))
        return 0
    if command == _F_GETFL:
        return found.flags
    if command == _F_SETFL:
        found.flags = found.flags & ~_CHANGEABLE | value & _CHANGEABLE
        return 0
    raise Failure(Errno.EINVAL)


def ioctl(call: "Call", descriptor: int, request: int, into: int) -> int:
    """Nothing here is a terminal."""
    found = call.process.open(descriptor)
    if request == _FIONREAD and isinstance(found, ReadEnd):
        call.memory.pack("I", into, len(found.pipe.held))
        return 0
    raise Failure(Errno.ENOTTY)


def pipe2(call: "Call", into: int, flags: int) -> int:
    call.memory.span(into, 8)
    pipe = Pipe()
    ends = [call.process.add(end(pipe, flags & O_NONBLOCK), 0, bool(flags & O_CLOEXEC)) for end in (ReadEnd, WriteEnd)]
    call.memory.pack("II", into, *ends)
    return 0


def ftruncate64(call: "Call", descriptor: int, low: int, high: int) -> int:
    return truncate(_file(writable(call, descriptor)).node, high << 32 | low)


def truncate(node: Regular, size: int) -> int:
    if size > MOST_FILE_BYTES:
        raise Failure(Errno.EFBIG)
    del node.data[size:]
    node.data.extend(bytes(size - len(node.data)))
    return 0


def sendfile64(call: "Call", to: int, source: int, offset: int, count: int) -> int:
    target, given = writable(call, to), _file(readable(call, source))
    start = call.memory.unpack("Q", offset)[0] if offset else given.offset
    written = put(call, target, given.read_at(start, min(count, _CHUNK)))
    if offset:
        call.memory.pack("Q", offset, start + written)
    else:
        given.offset += written
    return written


def getdents64(call: "Call", descriptor: int, into: int, size: int) -> int:
    found = call.process.open(descriptor)
    if not isinstance(found, Listing):
        raise Failure(Errno.ENOTDIR)
    entries: dict[bytes, Node] = {b".": found.node, b"..": found.node.parent or found.node} | found.node.entries
    if found.names is None:
        found.names = list(entries)
    rows, used = [], 0
    while found.names:
        name = found.names[0]
        node, length = entries.get(name), 19 + len(name) + 1 + 7 & ~7
        if used + length > size:
            break
        found.names.pop(0)
        if node is not None:  # it was removed meanwhile
            kind = node.mode >> 12
            rows.append(struct.pack("<QqHB", node.number, 0, length, kind) + name.ljust(length - 19, b"\0"))
            used += length
    if found.names and not rows:
        raise Failure(Errno.EINVAL)
    call.memory.write(into, b"".join(rows))
    return used


def synced(call: "Call", descriptor: int) -> int:
    call.process.open(descriptor)
    return 0


def fchdir(call: "Call", descriptor: int) -> int:
    found = call.process.open(descriptor).node
    if not isinstance(found, Directory):
        raise Failure(Errno.ENOTDIR)
    call.process.directory = found
    return 0


def opened(call: "Call", node: Node, flags: int) -> Description:
    """A description of a node. Raises EISDIR, ELOOP."""
    if isinstance(node, Directory):
        if flags & O_ACCMODE:
            raise Failure(Errno.EISDIR)
        return Listing(node, flags)
    if isinstance(node, Regular):
        return File(node, flags)
    if isinstance(node, Device):
        return of_device(call.kernel, node, flags)
    assert isinstance(node, Link)
    raise Failure(Errno.ELOOP)


def descriptor_at(call: "Call", descriptor: int) -> Directory:
    """Where relative paths begin: -100 is the directory of the process."""
    if signed(descriptor) == -100:
        return call.process.directory
    node = call.process.open(descriptor).node
    if not isinstance(node, Directory):
        raise Failure(Errno.ENOTDIR)
    return node


CALLS = {
    23: dup, 24: dup3, 25: fcntl64, 29: ioctl, 46: ftruncate64, 50: fchdir, 57: close, 59: pipe2, 61: getdents64, 62: llseek,
    63: read, 64: write, 65: readv, 66: writev, 67: pread64, 68: pwrite64, 71: sendfile64, 82: synced, 83: synced,
}  # fmt: skip
