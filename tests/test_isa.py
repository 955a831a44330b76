"""The instruction table against Clang's assembler, and its own consistency."""

import io
import itertools
import subprocess
import sys

import numpy as np
import pytest
import z3
from elftools.elf.elffile import ELFFile

import manual
from backends.conformance.cases import immediate, words_program
from backends.core import catalog, isa, toolchain
from backends.core.isa import ATOMICS, FORMATS, ILLEGAL, NUMBER, OPERATIONS, decode, encode, packing
from backends.core.isa.formulas import Formulas
from backends.core.isa.instruction_set import named
from backends.core.isa.words import Arrays, Integers
from backends.interface import Backend, Batch, Capabilities, MachineConfig, UserError


def test_no_word_matches_two_operations():
    for a, b in itertools.combinations((*OPERATIONS, *ATOMICS), 2):
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


def test_atomic_operations_are_those_of_rv32ima_alone():
    of = named("rv32ima")
    for row, order in itertools.product(ATOMICS, range(4)):  # bits aq and rl
        rs2 = 12 if "rs2" in row.reads else 0
        word = of.encode(row.name, 10, 11, rs2) | order << 25
        found = of.decode(np.array([word], np.uint32))
        assert (found.op[0], found.rd[0], found.rs1[0], found.rs2[0]) == (row.number, 10, 11, rs2)
        assert toolchain.disassemble(word, 0).startswith(row.name)
        assert decode(np.array([word], np.uint32), 32).op[0] == ILLEGAL
        assert packing.op_of(packing.pack(np.array([word], np.uint32), 0, of))[0] == row.number


def test_disassembly_names_the_operation():
    assert toolchain.disassemble(encode("mulhsu", 10, 11, 12), 0) == "mulhsu a0, a1, a2"
    assert toolchain.disassemble(0xFFFFFFFF, 0) == ".word 0xffffffff"


EDGES = (0, 1, 2, 31, 32, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


MEANT = manual.ALU | manual.BRANCH | manual.ATOMIC


@pytest.mark.parametrize("row", [row for row in (*OPERATIONS, *ATOMICS) if row.name in MEANT], ids=lambda row: row.name)
def test_meanings_are_the_manuals_on_every_kind_of_word(row):
    wanted = MEANT[row.name]
    a, b = (np.array(x, np.uint32) for x in zip(*itertools.product(EDGES, EDGES), strict=True))
    rng = np.random.default_rng(0)
    a, b = (np.append(x, rng.integers(0, 1 << 32, 500, dtype=np.uint32)) for x in (a, b))
    expected = [int(wanted(x, y)) & 0xFFFFFFFF for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    assert row.meaning(Arrays(), a, b).tolist() == expected
    pairs = list(zip(a.tolist(), b.tolist(), strict=True))
    assert [int(row.meaning(Integers(), x, y)) & 0xFFFFFFFF for x, y in pairs] == expected
    for (x, y), word in zip(pairs[: len(EDGES) ** 2], expected, strict=False):
        found = z3.simplify(row.meaning(Formulas(), z3.BitVecVal(x, 32), z3.BitVecVal(y, 32)))
        assert (int(z3.is_true(found)) if row.kind == "branch" else found.as_long()) == word


def test_only_what_commutes_is_said_to_commute():
    a, b = np.random.default_rng(0).integers(0, 1 << 32, (2, 1000), dtype=np.uint32)
    for row in OPERATIONS:
        if row.kind in ("alu", "branch"):
            same = np.array_equal(row.meaning(Arrays(), a, b), row.meaning(Arrays(), b, a))
            assert same == row.commutative, row.name


def test_immediate_forms_mean_what_their_register_forms_mean():
    for row in OPERATIONS:
        if row.kind == "alu_imm":
            assert row.meaning is OPERATIONS[NUMBER[row.register_form]].meaning


def test_packed_fields_come_back():
    rng = np.random.default_rng(0)
    words = [encode(r.name, imm=0, **dict.fromkeys(r.reads, 3)) for r in OPERATIONS if r.name != "auipc"]
    words = rng.permutation(np.array(words, np.uint32))
    decoded = decode(words, 32)
    fields = np.stack([decoded.op, decoded.rd, decoded.rs1, decoded.rs2, decoded.imm.view(np.int32)], axis=1)
    assert np.array_equal(packing.unpack(packing.pack(words, 0x100, named("rv32im"))[:-1]), fields)


ANDN, ROTATED = lambda w, a, b: a & ~b, lambda w, a, b: (a << 7) + w.shift_right(a, w.constant(25, a)) + b
EXTENDED = named("rv32em").extended("andn", ANDN).extended("addrot", ROTATED, format="I")


def test_an_extension_is_decoded_encoded_and_refused_without_it():
    words = np.array([EXTENDED.encode("andn", 10, 11, 12), EXTENDED.encode("addrot", 10, 11, imm=-5)], np.uint32)
    decoded = EXTENDED.decode(words)
    assert [EXTENDED.numbered(n).name for n in decoded.op] == ["andn", "addrot"]
    assert decoded.rs2.tolist() == [12, 0]
    assert decoded.imm.view(np.int32).tolist() == [0, -5]
    assert (decode(words, 16).op == ILLEGAL).all()
    for row in OPERATIONS:
        for added in EXTENDED.extensions:
            assert (row.match ^ added.match) & row.mask & added.mask, (row.name, added.name)


def test_extensions_are_told_apart_and_fill_their_space():
    isa_ = named("rv32em")
    for n in range(8):
        isa_ = isa_.extended(f"x{n}", ROTATED, format="I")
    assert len({row.match for row in isa_.extensions}) == 8
    with pytest.raises(UserError, match="no room for x8"):
        isa_.extended("x8", ROTATED, format="I")
    with pytest.raises(UserError, match="already"):
        isa_.extended("add", ANDN)


@pytest.mark.parametrize("name", catalog.names())
def test_machines_run_an_extension_or_refuse_it(name):
    words = [EXTENDED.encode("andn", 10, 11, 12), EXTENDED.encode("addrot", 13, 10, imm=-5), encode("ebreak")]
    program = words_program(words)
    registers = np.random.default_rng(0).integers(0, 1 << 32, (64, 16), dtype=np.uint32)
    config = MachineConfig(memory_bytes=64, extensions=EXTENDED.extensions)
    machine = catalog.create(name)
    if not machine.capabilities().extensions:
        with pytest.raises(UserError, match=rf"^{name} runs no operations beyond the base: leave extensions out$"):
            machine.run(program, Batch(registers), config, 10)
        return
    result = machine.run(program, Batch(registers), config, 10)
    wanted = registers[:, 11] & ~registers[:, 12]
    assert np.array_equal(result.registers[:, 10], wanted)
    assert np.array_equal(result.registers[:, 13], (wanted << 7 | wanted >> 25) - np.uint32(5))


class Plain(Backend):
    def capabilities(self):
        return Capabilities(devices=("cpu",))

    def open(self, state):
        raise AssertionError("what it cannot run was opened")


Plain.__module__ = "backends.plain"


def test_a_machine_without_atomic_operations_says_so():
    config = MachineConfig(isa="rv32ima", memory_bytes=64)
    with pytest.raises(UserError, match=r"^plain has no atomic operations: choose rv32im$"):
        Plain().run(words_program([0]), Batch(np.zeros((1, 32), np.uint32)), config, 1)


def test_a_machine_without_extensions_says_so():
    config = MachineConfig(memory_bytes=64, extensions=EXTENDED.extensions)
    with pytest.raises(UserError, match="plain runs no operations beyond the base"):
        Plain().run(words_program([0]), Batch(np.zeros((1, 16), np.uint32)), config, 1)
