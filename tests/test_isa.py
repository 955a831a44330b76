"""The instruction table against Clang's assembler, and its own consistency."""

import io
import itertools
import subprocess
import sys

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile

from backends.conformance.cases import immediate
from backends.core import isa, toolchain
from backends.core.isa import FORMATS, ILLEGAL, NUMBER, OPERATIONS, decode, encode


def test_no_word_matches_two_operations():
    for a, b in itertools.combinations(OPERATIONS, 2):
        assert (a.match ^ b.match) & a.mask & b.mask, (a.name, b.name)


def _text(row: isa.Operation, rd: int, rs1: int, rs2: int, imm: int) -> str:
    """The operation in assembly syntax."""
    signed = imm - (1 << 32) if imm >> 31 else imm
    syntax = {
        "R": f"{row.name} x{rd}, x{rs1}, x{rs2}",
        "I": f"{row.name} x{rd}, x{rs1}, {signed}",
        "shift": f"{row.name} x{rd}, x{rs1}, {imm}",
        "S": f"{row.name} x{rs2}, {signed}(x{rs1})",
        "B": f"{row.name} x{rs1}, x{rs2}, .{signed:+d}",
        "U": f"{row.name} x{rd}, {imm >> 12:#x}",
        "J": f"{row.name} x{rd}, .{signed:+d}",
        "counter": f"{row.name} x{rd}",
        "none": row.name,
    }
    if row.kind == "load":
        return f"{row.name} x{rd}, {signed}(x{rs1})"
    return "fence 0, 0" if row.name == "fence" else syntax[row.format]


def test_encoding_equals_clang(tmp_path):
    rng, lines, words = np.random.default_rng(0), [], []
    for row, _ in itertools.product(OPERATIONS, range(20)):
        rd, rs1, rs2 = (int(r) * has for r, has in zip(rng.integers(0, 32, 3), FORMATS[row.format], strict=True))
        imm = immediate(row, rng) & 0xFFFFFFFF
        lines.append(_text(row, rd, rs1, rs2, imm))
        words.append(encode(row.name, rd, rs1, rs2, imm))
    source, target = tmp_path / "all.s", tmp_path / "all.o"
    source.write_text("\n".join(lines) + "\n")
    options = ["-target", "riscv32-freestanding-none", "-mcpu=generic_rv32+m+zicsr+zifencei", "-mno-relax", "-c"]
    subprocess.run([sys.executable, "-m", "ziglang", "cc", *options, str(source), "-o", str(target)], check=True)
    section = ELFFile(io.BytesIO(target.read_bytes())).get_section_by_name(".text")
    assembled = np.frombuffer(section.data(), "<u4")
    wrong = [line for line, a, b in zip(lines, assembled, words, strict=True) if a != b]
    assert not wrong


@pytest.mark.parametrize(("isa_name", "registers"), [("rv32em", 16), ("rv32im", 32)])
def test_a_register_that_the_machine_lacks_is_illegal(isa_name, registers):
    for row in OPERATIONS:
        for field, has in enumerate(FORMATS[row.format]):
            if has:
                names = [0, 0, 0]
                names[field] = 31
                word = np.array([encode(row.name, *names, imm=0)], np.uint32)
                assert (decode(word, registers).op[0] == ILLEGAL) == (registers == 16), (row.name, field)


def test_immediates_that_do_not_fit_are_refused():
    for name, imm in (("addi", 2048), ("beq", 3), ("jal", 1 << 20), ("lui", 1), ("slli", 32), ("add", 4)):
        with pytest.raises(ValueError, match=name):
            encode(name, imm=imm)


def test_all_four_read_only_forms_of_a_counter_decode():
    for funct3 in range(8):
        word = np.array([0xC0000073 | funct3 << 12 | 5 << 7], np.uint32)
        assert (decode(word, 16).op[0] == NUMBER["rdcycle"]) == (funct3 in (2, 3, 6, 7))


def test_disassembly_names_the_operation():
    assert toolchain.disassemble(encode("mulhsu", 10, 11, 12), 0) == "mulhsu a0, a1, a2"
    assert toolchain.disassemble(0xFFFFFFFF, 0) == ".word 0xffffffff"
