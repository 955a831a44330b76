"""The file system: a tree of nodes in memory."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from backends.core.environments.linux.errors import Errno, Failure

LINKS = 40
"""Symbolic links that are followed in one path."""
NAME_BYTES = 255
_numbers = count(1)


@dataclass(eq=False)
class Node:
    """mode: kind and permissions, as `stat` has them. times: of access, modification and change, in nanoseconds."""

    mode: int
    number: int = field(default_factory=lambda: next(_numbers))
    links: int = 1
    owner: tuple[int, int] = (0, 0)
    times: list[int] = field(default_factory=lambda: [0, 0, 0])

    @property
    def size(self) -> int:
        return 0


@dataclass(eq=False)
class Regular(Node):
    mode: int = stat.S_IFREG | 0o644
    data: bytearray = field(default_factory=bytearray)

    @property
    def size(self) -> int:
        return len(self.data)


@dataclass(eq=False)
class Link(Node):
    mode: int = stat.S_IFLNK | 0o777
    target: bytes = b""

    @property
    def size(self) -> int:
        return len(self.target)


@dataclass(eq=False)
class Device(Node):
    """name: null, zero, urandom or console; the last is what standard input and output are."""

    mode: int = stat.S_IFCHR | 0o666
    name: str = "null"


@dataclass(eq=False)
class Directory(Node):
    mode: int = stat.S_IFDIR | 0o755
    entries: dict[bytes, Node] = field(default_factory=dict)
    parent: "Directory | None" = None

    def add(self, name: bytes, node: Node) -> None:
        """Raises EEXIST, ENAMETOOLONG, or ENOENT where the directory was removed."""
        if name in self.entries or name in (b".", b".."):
            raise Failure(Errno.EEXIST)
        if len(name) > NAME_BYTES:
            raise Failure(Errno.ENAMETOOLONG)
        if not self.links:
            raise Failure(Errno.ENOENT)
        self.entries[name] = node
        if isinstance(node, Directory):
            node.parent = self


@dataclass(frozen=True)
class Found:
    """Where a path leads: the directory that has the last name, that name, and what is there (None: nothing)."""

    directory: Directory
    name: bytes
    node: Node | None

    @property
    def existing(self) -> Node:
        if self.node is None:
            raise Failure(Errno.ENOENT)
        return self.node


class Tree:
    """Of one run; what every system has is there: /dev, /etc/passwd, /root, /tmp."""

    def __init__(self) -> None:
        self.root = Directory()
        self.root.parent = self.root
        for path in (b"bin", b"dev", b"etc", b"root", b"tmp"):
            self.root.add(path, Directory())
        self.put(b"/etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
        self.put(b"/etc/group", b"root:x:0:\n")
        for name in ("null", "zero", "urandom", "tty"):
            device = Device(name="console" if name == "tty" else name)
            self._directory(b"/dev").add(name.encode(), device)

    def put(self, path: bytes, data: bytes, mode: int = 0o644) -> Regular:
        """A file with that content, in a directory that is there."""
        found = self.find(path, self.root)
        node = Regular(stat.S_IFREG | mode, data=bytearray(data))
        found.directory.add(found.name, node)
        return node

    def _directory(self, path: bytes) -> Directory:
        node = self.find(path, self.root).existing
        assert isinstance(node, Directory)
        return node

    def find(self, path: bytes, at: Directory, follow: bool = True) -> Found:
        """Where a path leads from a directory; follow: also a link that its last name names. Raises ENOENT, ENOTDIR, ELOOP."""
        if not path:
            raise Failure(Errno.ENOENT)
        return self._walk(self.root if path.startswith(b"/") else at, path, follow, LINKS)

    def _walk(self, here: Directory, path: bytes, follow: bool, links: int) -> Found:
        names = [name for name in path.split(b"/") if name not in (b"", b".")]
        if not names:
            return Found(here, b".", here)
        slash = path.endswith((b"/", b"/."))
        for position, name in enumerate(names):
            last = position == len(names) - 1
            found = self._step(here, name)
            if isinstance(found.node, Link) and (not last or follow or slash):
                if not links:
                    raise Failure(Errno.ELOOP)
                start = self.root if found.node.target.startswith(b"/") else here
                found = self._walk(start, found.node.target or b".", True, links - 1)
            if last:
                if slash and found.node is not None and not isinstance(found.node, Directory):
                    raise Failure(Errno.ENOTDIR)
                return found
            if not isinstance(found.existing, Directory):
                raise Failure(Errno.ENOTDIR)
            here = found.existing
        raise AssertionError("a path has a last name")

    @staticmethod
    def _step(here: Directory, name: bytes) -> Found:
        if name == b"..":
            above = here.parent or here
            return Found(above, b".", above)
        return Found(here, name, here.entries.get(name))

    def path_of(self, directory: Directory) -> bytes:
        """Its absolute path. Raises ENOENT where it was removed."""
        return b"/" + b"/".join(reversed(list(self._names(directory))))

    def _names(self, directory: Directory) -> Iterator[bytes]:
        while directory is not self.root:
            above = directory.parent
            if above is None or not directory.links:
                raise Failure(Errno.ENOENT)
            yield next(name for name, node in above.entries.items() if node is directory)
            directory = above
