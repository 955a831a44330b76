"""The errors that Linux gives a program, by their numbers there."""

from enum import IntEnum


class Errno(IntEnum):
    """Source: include/uapi/asm-generic/errno-base.h and errno.h of Linux."""

    EPERM = 1
    ENOENT = 2
    ESRCH = 3
    EINTR = 4
    E2BIG = 7
    ENOEXEC = 8
    EBADF = 9
    ECHILD = 10
    EAGAIN = 11
    ENOMEM = 12
    EACCES = 13
    EFAULT = 14
    EBUSY = 16
    EEXIST = 17
    EXDEV = 18
    ENODEV = 19
    ENOTDIR = 20
    EISDIR = 21
    EINVAL = 22
    EMFILE = 24
    ENOTTY = 25
    EFBIG = 27
    ENOSPC = 28
    ESPIPE = 29
    EROFS = 30
    EPIPE = 32
    ERANGE = 34
    ENAMETOOLONG = 36
    ENOSYS = 38
    ENOTEMPTY = 39
    ELOOP = 40
    ETIMEDOUT = 110


class Failure(Exception):
    """A system call that fails; the program sees the number."""

    def __init__(self, number: Errno) -> None:
        super().__init__(number.name)
        self.number = number


class Blocked(Exception):
    """A system call that waits: it is made again when something has happened, from its beginning."""
