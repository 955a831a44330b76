"""What the loader makes of good and of broken files."""

import struct
import subprocess
import sys
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.conformance.cases import PROGRAMS
from backends.core import elf, toolchain
from backends.interface import UserError

ELF = toolchain.compile_source(PROGRAMS / "factorial.c", "rv32em")


def patched(offset: int, format: str, value: int) -> bytes:
    data = bytearray(ELF)
    struct.pack_into(format, data, offset, value)
    return bytes(data)


BROKEN = {
    "empty": (b"", "no readable ELF"),
    "not an ELF": (b"#!/bin/sh\n" * 20, "no readable ELF"),
    "cut in the header": (ELF[:40], "no readable ELF"),
    "cut in the middle": (ELF[: len(ELF) // 2], "truncated"),
    "cut at the end": (ELF[:-1], "truncated"),
    "x86": (patched(18, "<H", 62), "built for X86_64"),
    "compressed": (patched(36, "<I", 0x8 | 0x1), "compressed"),
    "object file": (patched(16, "<H", 1), "not linked"),
    "shared object": (patched(16, "<H", 3), "not linked"),
    "no segments": (patched(44, "<H", 0), "nothing to load"),
    "segment beyond the file": (patched(52 + 32 + 16, "<I", 1 << 30), "truncated"),
    "oversized segment": (patched(52 + 32 + 20, "<I", 0xF0000000), "link it within"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_give_one_line(name):
    data, message = BROKEN[name]
    with pytest.raises(UserError, match=message) as error:
        elf.parse(data, "broken.elf")
    assert "\n" not in str(error.value)
    assert "broken.elf" in str(error.value)


def test_rv64_is_refused(tmp_path):
    source, target = tmp_path / "wide.c", tmp_path / "wide.elf"
    source.write_text("void _start(void) { for (;;); }\n")
    command = [sys.executable, "-m", "ziglang", "cc", "-target", "riscv64-freestanding-none", "-nostdlib", "-static"]
    subprocess.run([*command, str(source), "-o", str(target)], check=True)
    with pytest.raises(UserError, match="64-bit RISC-V file"):
        toolchain.load(target)


@given(st.integers(0, 51), st.binary(min_size=1, max_size=4), st.integers(1, 4000))
def test_a_damaged_header_never_gives_a_traceback(offset, garbage, keep):
    data = bytearray(ELF)
    data[offset : offset + len(garbage)] = garbage
    with suppress(UserError):  # the one exception that may come
        program, _ = elf.parse(bytes(data[: len(data) - keep % 7]), "damaged.elf")
        assert program.base % 16 == 0
        assert program.base + len(program.image) <= 1 << 32


def test_segments_lie_where_they_are_linked(tmp_path):
    source = tmp_path / "far.S"
    source.write_text('.globl main\nmain: ret\n.section .far, "aw"\n.word 0x12345678\n')
    flags = ("-Wl,--image-base=0x80000000",)
    program, isa = toolchain.load(source, "rv32im", flags)
    assert isa == "rv32im"
    config = toolchain.machine_for(program, isa)
    assert config.memory_base <= 0x80000000 < config.memory_base + config.memory_bytes
    assert program.symbols["main"] - program.base < len(program.image)
    assert np.uint32(0x12345678).tobytes() in program.image.tobytes()


def test_the_stack_is_64_kib_and_its_pointer_at_the_top():
    program, isa = toolchain.load(PROGRAMS / "factorial.c")
    config = toolchain.machine_for(program, isa)
    sp = int(toolchain.initial_registers(config)[0, 2])
    assert sp == config.memory_base + config.memory_bytes
    assert sp - (program.base + len(program.image)) >= 1 << 16
    assert sp % 16 == 0


def test_a_file_that_does_not_compile_shows_the_compiler_message(tmp_path):
    source = tmp_path / "wrong.c"
    source.write_text("int main(void) { return nothing; }\n")
    with pytest.raises(UserError, match="undeclared identifier 'nothing'"):
        toolchain.load(source)


def test_the_isa_of_an_elf_is_the_one_it_was_built_for(tmp_path):
    for isa in ("rv32em", "rv32im"):
        path = tmp_path / f"{isa}.elf"
        path.write_bytes(toolchain.compile_source(PROGRAMS / "gcd.c", isa))
        assert toolchain.load(path)[1] == isa
