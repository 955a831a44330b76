"""From files to programs: C and assembly through ziglang, ELF through pyelftools, disassembly through capstone."""

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import capstone
import numpy as np
from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from backends.core import caches
from backends.interface import MAX_MEMORY_BYTES, REGISTERS, MachineConfig, Program, UserError

TARGETS = {"rv32em": ("-mcpu=generic_rv32+m+e", "-mabi=ilp32e"), "rv32im": ("-mcpu=generic_rv32+m", "-mabi=ilp32")}
DEPENDS_ON = ("backends/core/startup/",)
STACK_BYTES = 1 << 16
_STARTUP = Path(__file__).parent / "startup"
_TOLD_TWICE = ("-O1", "-O3", "-Oz")
"""Levels that zig makes -O2, or -Os, unless Clang itself is told."""
_EMBEDDED, _COMPRESSED = 0x8, 0x1  # ELF e_flags of RISC-V
_T0, _A7, _SP = 5, 17, 2
_SYMBOL = np.dtype([("name", "<u4"), ("address", "<u4"), ("size", "<u4"), ("info", "u1"), ("other", "u1"), ("section", "<u2")])
"""A row of an ELF file's symbol table."""


def load(path: Path, isa: str | None = None, flags: tuple[str, ...] = ("-O2",)) -> tuple[Program, str]:
    """The program in an ELF, `.c` or `.S` file, and the ISA to run it on: `isa`, or what the file was built for.

    Raises UserError for a file that cannot be read, does not compile, or is no RV32 program.
    """
    path = Path(path)
    if path.suffix in (".c", ".S", ".s"):
        isa = isa or "rv32em"
        return parse_elf(compile_source(path, isa, flags), path.name)[0], isa
    program, built_for = parse_elf(_read(path), path.name)
    return program, isa or built_for


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_MEMORY_BYTES:
            raise UserError(f"{path}: {path.stat().st_size} bytes, more than the {MAX_MEMORY_BYTES} that a machine can hold")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None


def compile_source(path: Path, isa: str, flags: tuple[str, ...] = ("-O2",), start: str | None = "main") -> bytes:
    """The ELF that Clang makes of one `.c` or `.S` file with the start-up file, which calls the function `start`
    (None: `main` where there is one, and the program is to be read, not run).

    UserError holds Clang's message, or says that there is no such function.
    """
    _read(path)
    with tempfile.TemporaryDirectory() as folder:
        elf = Path(folder) / "program.elf"
        options = [
            "-target",
            "riscv32-freestanding-none",
            *TARGETS[isa],
            "-static",
            "-fno-sanitize=all",
            "-fomit-frame-pointer",
            f"-I{_STARTUP / 'include'}",
            f"-DSTART_FUNCTION={start or 'main'}",
            "-UNDEBUG",  # which zig defines where it optimises
            "-Wl,--build-id=none,-z,max-page-size=16",
            "-g",  # or zig takes symbols away at -Os
        ]
        levels = [word for flag in flags if flag in _TOLD_TWICE for word in ("-Xclang", flag)]
        done = clang([*options, *flags, *levels], [path, _STARTUP / "start.S"], elf)
        if done.returncode and f"undefined symbol: {start}\n" not in done.stderr:
            raise UserError(f"{path} does not compile for {isa}:\n{done.stderr.strip()}")
        data = b"" if done.returncode else elf.read_bytes()
    if done.returncode or (start and not _starts(data, start)):
        raise UserError(f"{path} has no function '{start}' that can be called: define it, and not static")
    return data


def clang(options: Sequence[str], sources: Sequence[Path], out: Path) -> subprocess.CompletedProcess[str]:
    """Run ziglang's Clang on files, whatever their names; temporary files go beside `out`."""
    files = [os.path.join(".", file) for file in (*sources, out)]  # a name may look like an option
    command = [sys.executable, "-m", "ziglang", "cc", *options, *files[:-1], "-o", files[-1]]
    places = {"TMPDIR": str(out.parent), "ZIG_GLOBAL_CACHE_DIR": str(caches.folder("zig"))}
    return subprocess.run(command, env=os.environ | places, capture_output=True, encoding="utf-8", errors="replace")


def _starts(data: bytes, start: str) -> bool:
    """Whether the start-up code, if it is that of the start-up file, has a function to call."""
    symbols = {symbol.name: symbol for symbol in symbols_of(ELFFile(io.BytesIO(data)))}
    return not symbols["_start"].weak or (start in symbols and symbols[start].address != 0)


def parse_elf(data: bytes, name: str) -> tuple[Program, str]:
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


@dataclass(frozen=True)
class Symbol:
    """A name in an ELF file. info: its type and binding as ELF packs them."""

    name: str
    address: int
    size_bytes: int
    info: int

    @property
    def weak(self) -> bool:
        """Whether another definition would be preferred."""
        return self.info >> 4 == 2


def symbols_of(elf: ELFFile) -> Iterator[Symbol]:
    """All that have a name. Read at one go: debug information brings thousands of labels without one."""
    for table in elf.iter_sections():
        if isinstance(table, SymbolTableSection):
            data, names = table.data(), table.stringtable.data()
            rows = np.frombuffer(data, _SYMBOL, len(data) // _SYMBOL.itemsize)
            for row in rows[rows["name"] != 0]:
                name = names[row["name"] : names.find(b"\0", row["name"])].decode()
                if name:
                    yield Symbol(name, int(row["address"]), int(row["size"]), int(row["info"]))


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


def machine_for(program: Program, isa: str, memory_bytes: int | None = None, **options) -> MachineConfig:
    """A machine whose memory starts at the program and holds it and a 64 KiB stack, or `memory_bytes` in all."""
    if memory_bytes is None:
        memory_bytes = (len(program.image) + 15 & ~15) + STACK_BYTES
    elif memory_bytes < len(program.image):
        raise UserError(f"memory of {memory_bytes} bytes: {program.name} alone needs {len(program.image)}")
    return MachineConfig(isa=isa, memory_base=program.base, memory_bytes=memory_bytes, **options)


def initial_registers(config: MachineConfig, values: dict[int, int] | None = None, batch: int = 1) -> np.ndarray:
    """`[batch, R]` uint32: sp at the top of memory, `values` where given, 0 elsewhere."""
    registers = np.zeros((batch, REGISTERS[config.isa]), np.uint32)
    registers[:, _SP] = (config.memory_base + config.memory_bytes & ~15) & 0xFFFFFFFF
    for number, value in (values or {}).items():
        registers[:, number] = value & 0xFFFFFFFF
    return registers


def disassemble(word: int, pc: int) -> str:
    """One instruction as assembly text, by capstone."""
    machine = capstone.Cs(capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV32)
    for instruction in machine.disasm(int(word).to_bytes(4, "little"), pc):
        return f"{instruction.mnemonic} {instruction.op_str}".strip()
    return f".word {word:#010x}"
