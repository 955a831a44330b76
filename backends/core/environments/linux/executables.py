"""Linux executables: what of a file lies in memory, and the stack with which its program starts."""

import io
import struct
from dataclasses import dataclass

import numpy as np
from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from backends.core.environments.linux.errors import Errno, Failure
from backends.core.environments.linux.guest import PAGE, pages
from backends.core.isa.instruction_set import named

BASE = 0xF000
"""Where memory begins: the page below the lowest address of an executable holds the return from signal handlers."""
STACK_BYTES = 1 << 20
_SIGRETURN = 139
_A7 = 17
_COMPRESSED, _FLOAT, _EMBEDDED = 0x1, 0x6, 0x8
"""ELF e_flags of RISC-V: code of 16 bits; floating-point registers in calls; 16 registers."""
_HWCAP = sum(1 << ord(letter) - ord("a") for letter in "ima")


@dataclass(frozen=True)
class Executable:
    """image `[n]` uint8: memory from BASE on. end: the first address behind it. headers: address and number of the program
    headers."""

    image: np.ndarray
    entry: int
    headers: tuple[int, int]

    @property
    def end(self) -> int:
        return BASE + len(self.image)


def is_linux(data: bytes) -> bool:
    """Whether this is an executable for Linux and no bare program: its program headers lie in memory, its segments in pages,
    and it has all 32 registers."""
    try:
        elf = ELFFile(io.BytesIO(data))
        segments = [segment.header for segment in elf.iter_segments()]
    except (ELFError, struct.error, UnicodeDecodeError):
        return False
    paged = all(h.p_align >= PAGE for h in segments if h.p_type == "PT_LOAD")
    return paged and not elf.header.e_flags & _EMBEDDED and any(h.p_type == "PT_PHDR" for h in segments)


def why_not(data: bytes) -> str:
    """What keeps a file from being run, and how to build it; nothing where it can be run."""
    try:
        elf = ELFFile(io.BytesIO(data))
        kinds = [s.header.p_type for s in elf.iter_segments()]
        ends = [s.header.p_offset + s.header.p_filesz for s in elf.iter_segments()]
        loads = [s.header for s in elf.iter_segments() if s.header.p_type == "PT_LOAD"]
    except (ELFError, struct.error, UnicodeDecodeError):
        return "is no ELF file, or damaged: give a static RV32 executable"
    flags = elf.header.e_flags
    reasons = {
        "is for another processor: build it for riscv32-linux-musl": elf.header.e_machine != "EM_RISCV",
        "is a 64-bit file: build it for riscv32-linux-musl": elf.elfclass != 32,
        "is linked dynamically: link it with -static": "PT_INTERP" in kinds or elf.header.e_type != "ET_EXEC",
        "uses compressed instructions: build it with -mcpu=generic_rv32+m+a": bool(flags & _COMPRESSED),
        "uses floating-point registers: build it with -mabi=ilp32": bool(flags & _FLOAT),
        "is truncated": bool(ends) and max(ends) > len(data),
        "has nothing to load": not loads,
        f"is linked below {BASE + PAGE:#x}": any(h.p_vaddr < BASE + PAGE for h in loads),
        "is damaged: a segment has more bytes in the file than in memory": any(h.p_filesz > h.p_memsz for h in loads),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def load(data: bytes, room: int) -> Executable:
    """Raises ENOEXEC for what cannot be run, ENOMEM for what has no room in that many bytes from BASE on."""
    if why_not(data):
        raise Failure(Errno.ENOEXEC)
    elf = ELFFile(io.BytesIO(data))
    loads = [s for s in elf.iter_segments() if s.header.p_type == "PT_LOAD"]
    size = pages(max(s.header.p_vaddr + s.header.p_memsz for s in loads) - BASE)
    if size + STACK_BYTES > room:
        raise Failure(Errno.ENOMEM)
    image = np.zeros(size, np.uint8)
    of = named("rv32ima")
    trampoline = np.array([of.encode("addi", _A7, 0, imm=_SIGRETURN), of.encode("ecall")], np.uint32)
    image[:8] = trampoline.view(np.uint8)
    headers = 0
    for segment in loads:
        h, start = segment.header, segment.header.p_vaddr - BASE
        image[start : start + h.p_filesz] = np.frombuffer(segment.data(), np.uint8)
        if h.p_offset <= elf.header.e_phoff < h.p_offset + h.p_filesz:
            headers = h.p_vaddr + elf.header.e_phoff - h.p_offset
    return Executable(image, elf.header.e_entry, (headers, elf.header.e_phnum))


def stack(of: Executable, top: int, arguments: list[bytes], environment: list[bytes], random: bytes) -> tuple[int, bytes]:
    """The stack pointer with which a program starts, and the bytes from there to `top`: argc, argv, envp, and the auxiliary
    vector, as the calling convention of Linux has them. Raises E2BIG where they are too long."""
    strings = [*arguments, *environment, arguments[0] if arguments else b"", random]
    text = b"".join(s + b"\0" for s in strings[:-1])
    at = [top - 16 - len(text)]
    for s in strings[:-1]:
        at.append(at[-1] + len(s) + 1)
    pointers, random_at = at[: len(arguments) + len(environment)], top - 16
    auxiliary = {
        3: of.headers[0], 4: 32, 5: of.headers[1], 6: PAGE, 7: 0, 8: 0, 9: of.entry, 11: 0, 12: 0, 13: 0, 14: 0, 16: _HWCAP,
        17: 100, 23: 0, 25: random_at, 31: at[len(arguments) + len(environment)], 0: 0,
    }  # fmt: skip
    words = [len(arguments), *pointers[: len(arguments)], 0, *pointers[len(arguments) :], 0]
    words += [word for pair in auxiliary.items() for word in pair]
    sp = at[0] - 4 * len(words) & ~15
    if top - sp > STACK_BYTES // 2:
        raise Failure(Errno.E2BIG)
    head = struct.pack(f"<{len(words)}I", *words)
    return sp, head + bytes(at[0] - sp - len(head)) + text + random
