"""ELF files: the program in an executable, the names in it. Read by pyelftools."""

import io
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from backends.core.toolchain import STACK_BYTES
from backends.interface import MAX_MEMORY_BYTES, Program, UserError

_EMBEDDED, _COMPRESSED = 0x8, 0x1  # ELF e_flags of RISC-V
_T0, _A7 = 5, 17
_SYMBOL = np.dtype([("name", "<u4"), ("address", "<u4"), ("size", "<u4"), ("info", "u1"), ("other", "u1"), ("section", "<u2")])
"""A row of an ELF file's symbol table."""


def parse(data: bytes, name: str) -> tuple[Program, str]:
    """The loadable segments of an executable RV32 ELF as one image, and the ISA it was built for."""
    try:
        elf = ELFFile(io.BytesIO(data))
        _check_header(elf, name)
        _check_extents(elf, data, name)
        segments = [s for s in elf.iter_segments() if s.header.p_type == "PT_LOAD" and s.header.p_memsz]
        symbols = {symbol.name: symbol.address for symbol in symbols_of(elf)}
    except (ELFError, UnicodeDecodeError) as error:
        raise UserError(f"{name} is no readable ELF file ({str(error) or 'damaged'}): give an RV32 executable") from None
    base, image = _image(segments, name)
    embedded = bool(elf.header.e_flags & _EMBEDDED)
    program = Program(image, base, elf.header.e_entry, symbols, _T0 if embedded else _A7, name)
    return program, "rv32em" if embedded else "rv32im"


def starts(data: bytes, function: str) -> bool:
    """Whether the start-up code, if it is that of the start-up file, has a function of that name to call."""
    symbols = {symbol.name: symbol for symbol in symbols_of(ELFFile(io.BytesIO(data)))}
    weak = symbols["_start"].info >> 4 == 2  # another definition would be preferred
    return not weak or (function in symbols and symbols[function].address != 0)


class Symbol(NamedTuple):
    """A name in an ELF file. info: its type and binding as ELF packs them."""

    name: str
    address: int
    size_bytes: int
    info: int


def symbols_of(elf: ELFFile) -> Iterator[Symbol]:
    """All that have a name. Read at one go: debug information brings thousands of labels without one."""
    for table in elf.iter_sections():
        if isinstance(table, SymbolTableSection):
            yield from _symbols(table.data(), table.stringtable.data())


@lru_cache(maxsize=4)
def _symbols(table: bytes, names: bytes) -> tuple[Symbol, ...]:
    rows = np.frombuffer(table, _SYMBOL, len(table) // _SYMBOL.itemsize)
    rows = rows[rows["name"] != 0]
    starts, *facts = (rows[column].tolist() for column in ("name", "address", "size", "info"))
    words = [names[start : names.find(b"\0", start)].decode() for start in starts]
    return tuple(Symbol(*row) for row in zip(words, *facts, strict=True) if row[0])


def _check_header(elf: ELFFile, name: str) -> None:
    if elf.header.e_machine != "EM_RISCV":
        raise UserError(f"{name} is built for {str(elf.header.e_machine).removeprefix('EM_')}: give a 32-bit RISC-V executable")
    if elf.elfclass != 32 or not elf.little_endian:
        raise UserError(f"{name} is a {elf.elfclass}-bit RISC-V file: give a 32-bit little-endian executable (RV32)")
    if elf.header.e_flags & _COMPRESSED:
        raise UserError(f"{name} uses compressed instructions: build it without the C extension")
    if elf.header.e_type != "ET_EXEC":
        raise UserError(f"{name} is not linked as an executable: link it statically at fixed addresses")


def _check_extents(elf: ELFFile, data: bytes, name: str) -> None:
    """Everything that the headers name must lie inside the file."""
    h = elf.header
    ends = [h.e_phoff + h.e_phnum * h.e_phentsize, h.e_shoff + h.e_shnum * h.e_shentsize]
    if max(ends) <= len(data):
        ends += [s.header.p_offset + s.header.p_filesz for s in elf.iter_segments()]
        ends += [s.header.sh_offset + s.header.sh_size for s in elf.iter_sections() if s.header.sh_type != "SHT_NOBITS"]
    if max(ends) > len(data):
        raise UserError(f"{name} is truncated: its headers name {max(ends)} bytes, the file has {len(data)}")


def _image(segments: list, name: str) -> tuple[int, np.ndarray]:
    if not segments:
        raise UserError(f"{name} has nothing to load: give an executable with PT_LOAD segments")
    base = min(s.header.p_vaddr for s in segments) & ~15
    end = max(s.header.p_vaddr + s.header.p_memsz for s in segments)
    if end - base > MAX_MEMORY_BYTES - STACK_BYTES:
        raise UserError(f"{name} spans {base:#x} to {end:#x}: link it within {MAX_MEMORY_BYTES - STACK_BYTES} bytes")
    image = np.zeros(end - base, np.uint8)
    for segment in segments:
        bytes_ = np.frombuffer(segment.data(), np.uint8)
        if len(bytes_) > segment.header.p_memsz:
            raise UserError(f"{name} is damaged: a segment has more bytes in the file than in memory")
        start = segment.header.p_vaddr - base
        image[start : start + len(bytes_)] = bytes_
    return base, image
