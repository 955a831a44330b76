"""System calls on memory. Pages have no protection here: all can be read, written and executed."""

from typing import TYPE_CHECKING

from backends.core.environments.linux.descriptors import File
from backends.core.environments.linux.errors import Errno, Failure
from backends.core.environments.linux.guest import PAGE, pages
from backends.core.environments.linux.process import Space

if TYPE_CHECKING:
    from backends.core.environments.linux.kernel import Call

_SHARED, _PRIVATE, _FIXED, _ANONYMOUS, _FIXED_NOREPLACE = 1, 2, 0x10, 0x20, 0x100000
_WRITE = 2
_MAYMOVE = 1


def brk(call: "Call", end: int) -> int:
    """The new end of the heap; the old one where that cannot be."""
    heap, areas = call.process.space.heap, call.process.space.areas
    lowest = min((start for start, _ in areas), default=call.process.space.top)
    if heap[0] <= end <= lowest:
        if end > heap[1]:
            call.memory.clear(heap[1], end - heap[1])
        heap[1] = end
    return heap[1]


def place(space: Space, size: int) -> int:
    """The highest room for so many bytes. Raises ENOMEM."""
    end = space.top
    for start, stop in sorted(space.areas, reverse=True):
        if end - stop >= size:
            break
        end = start
    if end - size < pages(space.heap[1]):
        raise Failure(Errno.ENOMEM)
    return end - size


def release(space: Space, start: int, end: int) -> None:
    """Take pages out of all areas."""
    kept = []
    for first, last in space.areas:
        kept += [(a, b) for a, b in ((first, min(last, start)), (max(first, end), last)) if a < b]
    space.areas = kept


def mmap2(call: "Call", address: int, size: int, protection: int, flags: int, descriptor: int, page: int) -> int:
    space, size = call.process.space, pages(size)
    if not size or not flags & (_SHARED | _PRIVATE):
        raise Failure(Errno.EINVAL)
    data = b""
    if not flags & _ANONYMOUS:
        source = call.process.open(descriptor)
        if not isinstance(source, File) or (flags & _SHARED and protection & _WRITE):
            raise Failure(Errno.ENODEV)  # no page is shared with a file
        data = source.read_at(page * PAGE, size)
    if flags & (_FIXED | _FIXED_NOREPLACE):
        if address % PAGE or address < space.heap[0] or address + size > space.top:
            raise Failure(Errno.EINVAL)
        if flags & _FIXED_NOREPLACE and any(address < end and start < address + size for start, end in space.areas):
            raise Failure(Errno.EEXIST)
        release(space, address, address + size)
        start = address
    else:
        start = place(space, size)
    space.areas.append((start, start + size))
    call.memory.clear(start, size)
    call.memory.write(start, data)
    return start


def munmap(call: "Call", address: int, size: int) -> int:
    if address % PAGE or not size:
        raise Failure(Errno.EINVAL)
    release(call.process.space, address, address + pages(size))
    return 0


def mremap(call: "Call", address: int, old: int, new: int, flags: int) -> int:
    """Raises EFAULT for what is not mapped."""
    space, old, new = call.process.space, pages(old), pages(new)
    if address % PAGE or not new or flags & ~_MAYMOVE:
        raise Failure(Errno.EINVAL)
    if not any(start <= address and address + old <= end for start, end in space.areas):
        raise Failure(Errno.EFAULT)
    if new <= old:
        release(space, address + new, address + old)
        return address
    if not flags & _MAYMOVE:
        raise Failure(Errno.ENOMEM)
    data, before = call.memory.read(address, old), list(space.areas)
    release(space, address, address + old)
    try:
        start = place(space, new)
    except Failure:
        space.areas = before
        raise
    space.areas.append((start, start + new))
    call.memory.clear(start, new)
    call.memory.write(start, data)
    return start


def mprotect(call: "Call", address: int, size: int, protection: int) -> int:
    if address % PAGE:
        raise Failure(Errno.EINVAL)
    return 0


def madvise(call: "Call", address: int, size: int, advice: int) -> int:
    return 0


CALLS = {214: brk, 215: munmap, 216: mremap, 222: mmap2, 226: mprotect, 233: madvise}
