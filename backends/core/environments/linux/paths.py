"""System calls on paths."""

import stat
import struct
from typing import TYPE_CHECKING

from backends.core.environments.linux import files
from backends.core.environments.linux.descriptors import O_ACCMODE, O_CLOEXEC, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_TRUNC
from backends.core.environments.linux.errors import Errno, Failure
from backends.core.environments.linux.kernel import EPOCH_NS
from backends.core.environments.linux.tree import Directory, Found, Link, Node, Regular

if TYPE_CHECKING:
    from backends.core.environments.linux.kernel import Call

_AT_SYMLINK_NOFOLLOW, _AT_REMOVEDIR, _AT_SYMLINK_FOLLOW, _AT_EMPTY_PATH = 0x100, 0x200, 0x400, 0x1000
_UTIME_NOW, _UTIME_OMIT = (1 << 30) - 1, (1 << 30) - 2
_RENAME_NOREPLACE = 1
_SECOND = 10**9
_NOT_CHANGED = 0xFFFFFFFF


def find(call: "Call", descriptor: int, path: int, follow: bool = True) -> Found:
    text = call.memory.string(path)
    at = call.process.directory if text.startswith(b"/") else files.descriptor_at(call, descriptor)
    return call.kernel.tree.find(text, at, follow)


def new(call: "Call", descriptor: int, path: int) -> Found:
    """A place where nothing is yet."""
    found = find(call, descriptor, path, follow=False)
    if found.node is not None:
        raise Failure(Errno.EEXIST)
    return found


def stamped(call: "Call", node: Node, *which: int) -> None:
    """Set times (0 access, 1 modification, 2 change) to now."""
    for number in which:
        node.times[number] = call.kernel.now()


def add(call: "Call", found: Found, node: Node) -> None:
    stamped(call, node, 0, 1, 2)
    found.directory.add(found.name, node)
    stamped(call, found.directory, 1, 2)


def openat(call: "Call", descriptor: int, path: int, flags: int, mode: int) -> int:
    follow = not flags & O_NOFOLLOW and not (flags & O_CREAT and flags & O_EXCL)
    found = find(call, descriptor, path, follow)
    node = found.node
    if node is None:
        if not flags & O_CREAT or call.memory.string(path).endswith(b"/"):
            raise Failure(Errno.ENOENT)
        node = Regular(stat.S_IFREG | mode & 0o7777 & ~call.process.umask)
        add(call, found, node)
    elif flags & O_CREAT and flags & O_EXCL:
        raise Failure(Errno.EEXIST)
    if flags & O_DIRECTORY and not isinstance(node, Directory):
        raise Failure(Errno.ENOTDIR)
    if isinstance(node, Directory) and flags & O_CREAT:
        raise Failure(Errno.EISDIR)
    opened = files.opened(call, node, flags & ~(O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW | O_TRUNC))
    number = call.process.add(opened, 0, bool(flags & O_CLOEXEC))
    if flags & O_TRUNC and isinstance(node, Regular) and flags & O_ACCMODE:
        node.data.clear()
        stamped(call, node, 1, 2)
    return number


def mkdirat(call: "Call", descriptor: int, path: int, mode: int) -> int:
    add(call, new(call, descriptor, path), Directory(stat.S_IFDIR | mode & 0o1777 & ~call.process.umask))
    return 0


def symlinkat(call: "Call", target: int, descriptor: int, path: int) -> int:
    text = call.memory.string(target)
    if not text:
        raise Failure(Errno.ENOENT)
    add(call, new(call, descriptor, path), Link(target=text))
    return 0


def linkat(call: "Call", from_descriptor: int, path: int, to_descriptor: int, new_path: int, flags: int) -> int:
    node = find(call, from_descriptor, path, bool(flags & _AT_SYMLINK_FOLLOW)).existing
    if isinstance(node, Directory):
        raise Failure(Errno.EPERM)
    found = new(call, to_descriptor, new_path)
    found.directory.add(found.name, node)
    node.links += 1
    stamped(call, node, 2)
    return 0


def unlinkat(call: "Call", descriptor: int, path: int, flags: int) -> int:
    found = find(call, descriptor, path, follow=False)
    node = found.existing
    if isinstance(node, Directory) != bool(flags & _AT_REMOVEDIR):
        raise Failure(Errno.EISDIR if isinstance(node, Directory) else Errno.ENOTDIR)
    _remove(found)
    stamped(call, found.directory, 1, 2)
    return 0


def _remove(found: Found) -> None:
    node = found.existing
    if isinstance(node, Directory):
        if found.name not in found.directory.entries:  # the root, or `.`
            raise Failure(Errno.EINVAL if node is not found.directory.parent else Errno.EBUSY)
        if node.entries:
            raise Failure(Errno.ENOTEMPTY)
        node.links = 0
    else:
        node.links -= 1
    del found.directory.entries[found.name]


def renameat2(call: "Call", from_descriptor: int, path: int, to_descriptor: int, new_path: int, flags: int) -> int:
    source, target = (find(call, at, name, follow=False) for at, name in ((from_descriptor, path), (to_descriptor, new_path)))
    node, there = source.existing, target.node
    if flags & ~_RENAME_NOREPLACE or source.name not in source.directory.entries or target.name == b".":
        raise Failure(Errno.EINVAL)
    if there is node:
        return 0
    if there is not None and flags & _RENAME_NOREPLACE:
        raise Failure(Errno.EEXIST)
    if isinstance(node, Directory):
        above: Directory | None = target.directory
        while above is not None and above is not call.kernel.tree.root:
            if above is node:
                raise Failure(Errno.EINVAL)
            above = above.parent
        if there is not None and not isinstance(there, Directory):
            raise Failure(Errno.ENOTDIR)
    elif isinstance(there, Directory):
        raise Failure(Errno.EISDIR)
    if there is not None:
        _remove(target)
    del source.directory.entries[source.name]
    target.directory.add(target.name, node)
    stamped(call, node, 2)
    return 0


def readlinkat(call: "Call", descriptor: int, path: int, into: int, size: int) -> int:
    node = find(call, descriptor, path, follow=False).existing
    if not isinstance(node, Link) or not size:
        raise Failure(Errno.EINVAL)
    call.memory.write(into, node.target[:size])
    return min(size, len(node.target))


def faccessat(call: "Call", descriptor: int, path: int, mode: int) -> int:
    """Everybody here is root: all may be done but to execute what nobody may."""
    node = find(call, descriptor, path).existing
    if mode & 1 and isinstance(node, Regular) and not node.mode & 0o111:
        raise Failure(Errno.EACCES)
    return 0


def fchmodat(call: "Call", descriptor: int, path: int, mode: int) -> int:
    return _chmod(call, find(call, descriptor, path).existing, mode)


def fchmod(call: "Call", descriptor: int, mode: int) -> int:
    return _chmod(call, _node(call, descriptor), mode)


def _node(call: "Call", descriptor: int) -> Node:
    node = call.process.open(descriptor).node
    if node is None:
        raise Failure(Errno.EINVAL)
    return node


def _chmod(call: "Call", node: Node, mode: int) -> int:
    node.mode = stat.S_IFMT(node.mode) | mode & 0o7777
    stamped(call, node, 2)
    return 0


def fchownat(call: "Call", descriptor: int, path: int, owner: int, group: int, flags: int) -> int:
    return _chown(find(call, descriptor, path, not flags & _AT_SYMLINK_NOFOLLOW).existing, owner, group)


def fchown(call: "Call", descriptor: int, owner: int, group: int) -> int:
    return _chown(_node(call, descriptor), owner, group)


def _chown(node: Node, owner: int, group: int) -> int:
    before = node.owner
    node.owner = before[0] if owner == _NOT_CHANGED else owner, before[1] if group == _NOT_CHANGED else group
    return 0


def utimensat(call: "Call", descriptor: int, path: int, times: int, flags: int) -> int:
    follow = not flags & _AT_SYMLINK_NOFOLLOW
    node = find(call, descriptor, path, follow).existing if path else _node(call, descriptor)
    for number in range(2):
        seconds, nanoseconds = call.memory.unpack("qq", times + 16 * number) if times else (0, _UTIME_NOW)
        if nanoseconds == _UTIME_NOW:
            stamped(call, node, number)
        elif nanoseconds != _UTIME_OMIT:
            node.times[number] = seconds * _SECOND + nanoseconds - EPOCH_NS
    stamped(call, node, 2)
    return 0


def statx(call: "Call", descriptor: int, path: int, flags: int, mask: int, into: int) -> int:
    text = call.memory.string(path)
    if not text and flags & _AT_EMPTY_PATH:
        node = call.process.open(descriptor).node
    else:
        node = find(call, descriptor, path, not flags & _AT_SYMLINK_NOFOLLOW).existing
    if node is None:  # a pipe
        node = Node(stat.S_IFIFO | 0o600)
    size, blocks = node.size, -(-node.size // 512)
    data = struct.pack("<IIQIIIHHQQQQ", 0x7FF, 4096, 0, node.links, *node.owner, node.mode, 0, node.number, size, blocks, 0)
    access, modified, changed = (divmod(EPOCH_NS + ns, _SECOND) for ns in node.times)
    data += b"".join(struct.pack("<qII", *when, 0) for when in (access, (0, 0), changed, modified))
    call.memory.write(into, data.ljust(256, b"\0"))
    return 0


def statfs64(call: "Call", path: int, size: int, into: int) -> int:
    if find(call, -100, path).node is None:
        raise Failure(Errno.ENOENT)
    return _statfs(call, into)


def fstatfs64(call: "Call", descriptor: int, size: int, into: int) -> int:
    call.process.open(descriptor)
    return _statfs(call, into)


def _statfs(call: "Call", into: int) -> int:
    data = struct.pack("<II3Q3QIII", 0x01021994, 4096, *[1 << 16] * 3, 0, 0, 0, 255, 4096, 0)
    call.memory.write(into, data.ljust(88, b"\0"))
    return 0


def getcwd(call: "Call", into: int, size: int) -> int:
    path = call.kernel.tree.path_of(call.process.directory) + b"\0"
    if len(path) > size:
        raise Failure(Errno.ERANGE)
    call.memory.write(into, path)
    return len(path)


def chdir(call: "Call", path: int) -> int:
    node = find(call, -100, path).existing
    if not isinstance(node, Directory):
        raise Failure(Errno.ENOTDIR)
    call.process.directory = node
    return 0


def truncate64(call: "Call", path: int, low: int, high: int) -> int:
    node = find(call, -100, path).existing
    if not isinstance(node, Regular):
        raise Failure(Errno.EISDIR if isinstance(node, Directory) else Errno.EINVAL)
    return files.truncate(node, high << 32 | low)


def umask(call: "Call", mask: int) -> int:
    before, call.process.umask = call.process.umask, mask & 0o777
    return before


CALLS = {
    17: getcwd, 34: mkdirat, 35: unlinkat, 36: symlinkat, 37: linkat, 43: statfs64, 44: fstatfs64, 45: truncate64,
    48: faccessat, 49: chdir, 52: fchmod, 53: fchmodat, 54: fchownat, 55: fchown, 56: openat, 78: readlinkat, 166: umask,
    276: renameat2, 291: statx, 412: utimensat, 439: faccessat,
}  # fmt: skip
