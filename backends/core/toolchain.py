"""From files to programs: C and assembly through ziglang, ELF through `elf`, disassembly through capstone.

These are imported where they are used: a machine that is given programs needs none of them.
"""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from backends.core import caches
from backends.interface import MAX_MEMORY_BYTES, REGISTERS, MachineConfig, Program, UserError

TARGETS = {
    "rv32em": ("-mcpu=generic_rv32+m+e", "-mabi=ilp32e"),
    "rv32im": ("-mcpu=generic_rv32+m", "-mabi=ilp32"),
    "rv32ima": ("-mcpu=generic_rv32+m+a", "-mabi=ilp32"),
}
DEPENDS_ON = ("backends/core/startup/",)
STACK_BYTES = 1 << 16
_STARTUP = Path(__file__).parent / "startup"
_TOLD_TWICE = ("-O1", "-O3", "-Oz")
"""Levels that zig makes -O2, or -Os, unless Clang itself is told."""
_SP = 2


def load(path: Path, isa: str | None = None, flags: tuple[str, ...] = ("-O2",)) -> tuple[Program, str]:
    """The program in an ELF, `.c` or `.S` file, and the ISA to run it on: `isa`, or what the file was built for.

    Raises UserError for a file that cannot be read, does not compile, or is no RV32 program.
    """
    from backends.core import elf

    path = Path(path)
    if path.suffix in (".c", ".S", ".s"):
        isa = isa or "rv32em"
        return elf.parse(compile_source(path, isa, flags), path.name)[0], isa
    program, built_for = elf.parse(read(path), path.name)
    return program, isa or built_for


def read(path: Path) -> bytes:
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
    from backends.core import elf

    read(path)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "program.elf"
        options = [
            "-target",
            "riscv32-freestanding-none",
            *TARGETS[isa],
            "-static",
            "-fno-sanitize=all",
            "-fomit-frame-pointer",
            f"-isystem{_STARTUP / 'include'}",  # after what flags name
            f"-isystem{_STARTUP}",
            "-UNDEBUG",  # which zig defines where it optimises
            "-Wl,--build-id=none,-z,max-page-size=16",
            "-g",  # or zig takes symbols away at -Os
        ]
        levels = [word for flag in flags if flag in _TOLD_TWICE for word in ("-Xclang", flag)]
        done = clang([*options, *flags, *levels], [path, _started_at(start or "main")], out)
        if done.returncode and f"undefined symbol: {start}\n" not in done.stderr:
            raise UserError(f"{path} does not compile for {isa}:\n{done.stderr.strip()}")
        data = b"" if done.returncode else out.read_bytes()
    if done.returncode or (start and not elf.starts(data, start)):
        raise UserError(f"{path} has no function '{start}' that can be called: define it, and not static")
    return data


def needs_library(path: Path) -> bool:
    """Whether a C file includes headers that are not there without a C library. Clang lists what it cannot find as well."""
    read(path)
    options = ["-target", "riscv32-freestanding-none", f"-isystem{_STARTUP / 'include'}", "-nostdlibinc", "-MM", "-MG"]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "listed"
        listed = "" if clang(options, [path], out).returncode else out.read_text(encoding="utf-8", errors="replace")
    return any(word.endswith(".h") and not Path(word).is_file() for word in listed.replace("\\\n", " ").split())


def compile_with_library(path: Path) -> bytes:
    """The static Linux executable that Clang makes of a C file with the C library musl, which is built once, in a minute.

    UserError holds Clang's message.
    """
    read(path)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "program.elf"
        done = clang(["-target", "riscv32-linux-musl", *TARGETS["rv32ima"], "-static", "-O2"], [path], out)
        if done.returncode:
            raise UserError(f"{path} does not compile for riscv32-linux-musl:\n{done.stderr.strip()}")
        return out.read_bytes()


def _started_at(function: str) -> Path:
    """A start-up file that calls the function. It has a place of its own, so that the compiler, which keeps what it has made,
    makes an object of the C file once for all functions."""
    text = f"#define START_FUNCTION {function}\n#include <start.S>\n"
    file = caches.folder("startup") / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.S"
    if not file.is_file():
        with tempfile.NamedTemporaryFile("w", dir=file.parent, encoding="utf-8", delete=False) as made:
            made.write(text)
        os.replace(made.name, file)
    return file


def _zig() -> Path:
    """The compiler itself: Python in front of it would take as long as many a file."""
    found = find_spec("ziglang")
    if found is None or found.origin is None:
        raise UserError("ziglang, which compiles C and assembly, is not installed: pip install ziglang")
    return Path(found.origin).with_name("zig.exe" if os.name == "nt" else "zig")


def clang(options: Sequence[str], sources: Sequence[Path], out: Path) -> subprocess.CompletedProcess[str]:
    """Run ziglang's Clang on files, whatever their names; temporary files go beside `out`."""
    files = [os.path.join(".", file) for file in (*sources, out)]  # a name may look like an option
    command = [str(_zig()), "cc", *options, *files[:-1], "-o", files[-1]]
    places = {"TMPDIR": str(out.parent), "ZIG_GLOBAL_CACHE_DIR": str(caches.folder("zig"))}
    return subprocess.run(command, env=os.environ | places, capture_output=True, encoding="utf-8", errors="replace")


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
    import capstone

    machine = capstone.Cs(capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV32)
    for instruction in machine.disasm(int(word).to_bytes(4, "little"), pc):
        return f"{instruction.mnemonic} {instruction.op_str}".strip()
    return f".word {word:#010x}"
