"""The memory of a process, as system calls read and write it."""

import struct

import numpy as np

from backends.core.environments.linux.errors import Errno, Failure
from backends.interface import State

PATH_BYTES = 4096
"""Of a path, its zero included."""
PAGE = 4096


class Memory:
    """Of instance b. Addresses outside raise EFAULT."""

    def __init__(self, state: State, b: int) -> None:
        self.bytes, self.base = state.memory[b], state.config.memory_base

    def span(self, address: int, size: int) -> slice:
        start = address - self.base
        if not size:  # nothing is anywhere
            return slice(0, 0)
        if size < 0 or start < 0 or start + size > len(self.bytes):
            raise Failure(Errno.EFAULT)
        return slice(start, start + size)

    def read(self, address: int, size: int) -> bytes:
        return self.bytes[self.span(address, size)].tobytes()

    def write(self, address: int, data: bytes) -> None:
        self.bytes[self.span(address, len(data))] = np.frombuffer(data, np.uint8)

    def clear(self, address: int, size: int) -> None:
        self.bytes[self.span(address, size)] = 0

    def unpack(self, form: str, address: int) -> tuple:
        """Little-endian values, as `struct` names them."""
        return struct.unpack("<" + form, self.read(address, struct.calcsize("<" + form)))

    def pack(self, form: str, address: int, *values: int | bytes) -> None:
        self.write(address, struct.pack("<" + form, *values))

    def string(self, address: int, most: int = PATH_BYTES) -> bytes:
        """The bytes before a zero."""
        start = self.span(address, 1).start
        window = self.bytes[start : start + most]
        (ends,) = np.nonzero(window == 0)
        if not len(ends):
            raise Failure(Errno.ENAMETOOLONG if len(window) == most else Errno.EFAULT)
        return window[: ends[0]].tobytes()

    def strings(self, address: int) -> list[bytes]:
        """Those that a list of addresses names, which ends with zero."""
        found: list[bytes] = []
        while address and (at := self.unpack("I", address + 4 * len(found))[0]):
            found.append(self.string(at, len(self.bytes)))
        return found

    def buffers(self, address: int, count: int) -> list[tuple[int, int]]:
        """Address and size of each of the `iovec`s."""
        if not 0 <= count <= 1024:
            raise Failure(Errno.EINVAL)
        return [self.unpack("II", address + 8 * k) for k in range(count)]


def pages(size: int) -> int:
    """The size rounded up to whole pages."""
    return -(-size // PAGE) * PAGE


def signed(word: int) -> int:
    return (word & 0xFFFFFFFF ^ 1 << 31) - (1 << 31)
