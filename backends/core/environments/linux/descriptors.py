"""Open files: what file descriptors stand for."""

from abc import ABC, abstractmethod
from typing import final

from backends.core.environments.linux.errors import Blocked, Errno, Failure
from backends.core.environments.linux.tree import Directory, Node, Regular
from backends.core.environments.streams import Streams
from backends.interface import State

O_ACCMODE, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_NONBLOCK = 3, 1, 2, 0o100, 0o200, 0o1000, 0o2000, 0o4000
O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC, O_PATH = 0o200000, 0o400000, 0o2000000, 0o10000000
PIPE_BYTES, ATOMIC_BYTES = 1 << 16, 4096
"""A pipe's room, and what is written to it at once or not at all."""
MOST_FILE_BYTES = 1 << 28


class Description(ABC):
    """An open file, which several descriptors may share. users: how many do. flags: as it was opened, of which the program may
    change some. node: in the file system, of what has a name there."""

    node: Node | None = None

    def __init__(self, flags: int) -> None:
        self.flags, self.users = flags, 0

    @property
    def readable(self) -> bool:
        return self.flags & O_ACCMODE != O_WRONLY

    @property
    def writable(self) -> bool:
        return bool(self.flags & O_ACCMODE)

    def wait(self) -> Exception:
        """What to raise where nothing can be done now."""
        return Failure(Errno.EAGAIN) if self.flags & O_NONBLOCK else Blocked()

    @abstractmethod
    def read(self, size: int) -> bytes: ...
    @abstractmethod
    def write(self, data: bytes) -> int: ...
    def closed(self) -> None:
        """The last user has gone."""
        return

    def seek(self, offset: int, whence: int) -> int:
        raise Failure(Errno.ESPIPE)

    def ready(self) -> tuple[bool, bool]:
        """Whether reading, and writing, would not wait."""
        return True, True

    def hung(self) -> bool:
        """Whether nobody is at the other end."""
        return False


@final
class File(Description):
    def __init__(self, node: Regular, flags: int) -> None:
        super().__init__(flags)
        self.node: Regular = node
        self.offset = 0

    def read(self, size: int) -> bytes:
        found = self.read_at(self.offset, size)
        self.offset += len(found)
        return found

    def read_at(self, offset: int, size: int) -> bytes:
        return bytes(self.node.data[offset : offset + size])

    def write(self, data: bytes) -> int:
        if self.flags & O_APPEND:
            self.offset = self.node.size
        written = self.write_at(self.offset, data)
        self.offset += written
        return written

    def write_at(self, offset: int, data: bytes) -> int:
        """Raises EFBIG beyond MOST_FILE_BYTES."""
        if offset + len(data) > MOST_FILE_BYTES:
            raise Failure(Errno.EFBIG)
        held = self.node.data
        if offset > len(held) and data:
            held.extend(bytes(offset - len(held)))
        held[offset : offset + len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int) -> int:
        """Raises EINVAL."""
        starts = {0: 0, 1: self.offset, 2: self.node.size}
        if whence not in starts or starts[whence] + offset < 0:
            raise Failure(Errno.EINVAL)
        self.offset = starts[whence] + offset
        return self.offset


@final
class Listing(Description):
    """A directory. names: those that are still to be listed, where some were."""

    def __init__(self, node: Directory, flags: int) -> None:
        super().__init__(flags)
        self.node: Directory = node
        self.names: list[bytes] | None = None

    def read(self, size: int) -> bytes:
        raise Failure(Errno.EISDIR)

    def write(self, data: bytes) -> int:
        raise Failure(Errno.EBADF)

    def seek(self, offset: int, whence: int) -> int:
        """Back to the begin alone."""
        if offset or whence:
            raise Failure(Errno.EINVAL)
        self.names = None
        return 0


class Pipe:
    """held: bytes written and not yet read. readers, writers: open ends."""

    def __init__(self) -> None:
        self.held, self.readers, self.writers = bytearray(), 1, 1


@final
class ReadEnd(Description):
    def __init__(self, pipe: Pipe, flags: int) -> None:
        super().__init__(flags & ~O_ACCMODE)
        self.pipe = pipe

    def read(self, size: int) -> bytes:
        if not self.pipe.held and self.pipe.writers and size:
            raise self.wait()
        found = bytes(self.pipe.held[:size])
        del self.pipe.held[:size]
        return found

    def write(self, data: bytes) -> int:
        raise Failure(Errno.EBADF)

    def closed(self) -> None:
        self.pipe.readers -= 1

    def ready(self) -> tuple[bool, bool]:
        return bool(self.pipe.held) or self.hung(), False

    def hung(self) -> bool:
        return not self.pipe.writers


@final
class WriteEnd(Description):
    def __init__(self, pipe: Pipe, flags: int) -> None:
        super().__init__(flags & ~O_ACCMODE | O_WRONLY)
        self.pipe = pipe

    def read(self, size: int) -> bytes:
        raise Failure(Errno.EBADF)

    def write(self, data: bytes) -> int:
        """As much as there is room for. Raises EPIPE where nobody reads any more."""
        if not self.pipe.readers:
            raise Failure(Errno.EPIPE)
        room = PIPE_BYTES - len(self.pipe.held)
        if room < min(len(data), ATOMIC_BYTES):
            raise self.wait()
        self.pipe.held += data[:room]
        return min(len(data), room)

    def closed(self) -> None:
        self.pipe.writers -= 1

    def ready(self) -> tuple[bool, bool]:
        return False, len(self.pipe.held) + ATOMIC_BYTES <= PIPE_BYTES or self.hung()

    def hung(self) -> bool:
        return not self.pipe.readers


@final
class Null(Description):
    """/dev/null, and with `zeros` /dev/zero."""

    def __init__(self, node: Node, flags: int, zeros: bool = False) -> None:
        super().__init__(flags)
        self.node, self.zeros = node, zeros

    def read(self, size: int) -> bytes:
        return bytes(size) if self.zeros else b""

    def write(self, data: bytes) -> int:
        return len(data)

    def seek(self, offset: int, whence: int) -> int:
        return 0


@final
class Console(Description):
    """A standard stream of the host, by its number there."""

    def __init__(self, node: Node, flags: int, streams: Streams, state: State, number: int) -> None:
        super().__init__(flags)
        self.node, self.streams, self.state, self.number = node, streams, state, number

    def read(self, size: int) -> bytes:
        return self.streams.read(self.state, 0, size)

    def write(self, data: bytes) -> int:
        """Raises ENOSPC behind the limit of the run's output."""
        if not self.streams.write(self.state, 0, self.number, data):
            raise Failure(Errno.ENOSPC)
        return len(data)
