"""llvm_native beyond the conformance table, whose programs are mostly too short to be translated: here everything is, at once.

Wrong translators are rejected, programs cannot harm the host, and what is kept on disk is not taken on trust.
"""

import subprocess
import sys
from collections import OrderedDict
from dataclasses import replace

import numpy as np
import pytest

from backends.conformance import cases, compare, extensions, generate, resumed
from backends.conformance.cases import Case, words_program
from backends.core import catalog
from backends.core.isa import encode
from backends.core.isa.expressions import recorded
from backends.core.isa.instruction_set import named
from backends.core.isa.packing import pack
from backends.interface import Batch, MachineConfig, Program
from backends.llvm_native import block_text, control_flow, object_cache, translations, unit_text
from backends.llvm_native.block_text import BlockText
from backends.llvm_native.driver import LEFT
from backends.llvm_native.machine import LlvmNative
from benchmarks import measure

REFERENCE, GPU = catalog.create("reference"), catalog.create("gpu_compute")
BASE, SIZE = 0x400, 512
CONFIG = MachineConfig(memory_base=BASE, memory_bytes=SIZE)
EBREAK = encode("ebreak")


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """No test finds what another one translated, here or on disk."""
    monkeypatch.setattr(translations, "_translations", OrderedDict())
    monkeypatch.setattr(object_cache, "folder", lambda: tmp_path)
    return tmp_path


def case(words: list[int], config: MachineConfig = CONFIG, steps: int = 200, **registers: int) -> Case:
    """A program at the base of memory, and one instance; registers by x1=…; x2 is the middle of memory."""
    x = np.zeros((1, config.registers), np.uint32)
    x[0, 2] = config.memory_base + config.memory_bytes // 2 & 0xFFFFFFFF
    for name, value in registers.items():
        x[0, int(name[1:])] = value & 0xFFFFFFFF
    return Case("directed", "value", (words_program(words, config.memory_base),), Batch(x), config, steps)


def wrong(case: Case, judge=REFERENCE, machine=None) -> np.ndarray:
    """`[B]` bool, instances that end otherwise than on the judge."""
    machine = machine or LlvmNative(eager=True)
    run = [m.run(case.programs, case.batch, case.config, case.max_steps) for m in (machine, judge)]
    return compare.mismatches(*run)


def assert_right_at_every_limit(case: Case, limits=range(1, 65)) -> None:
    for steps in limits:
        failed = wrong(replace(case, max_steps=steps))
        assert not failed.any(), f"limit {steps}, instances {np.flatnonzero(failed)}"


CALL = [encode("addi", 10, 0, imm=5), encode("jal", 1, imm=12), encode("addi", 10, 10, imm=1), EBREAK]
CALL += [encode("addi", 10, 10, imm=7), encode("jalr", 0, 1)]
TRAP_BEHIND_A_STORE = [encode("lw", 10, 2), encode("addi", 10, 10, imm=1), encode("sw", 0, 2, 10), encode("lw", 11, 8), EBREAK]
PATCH = [encode("lw", 12, 0, imm=BASE + 40), encode("jal", 1, imm=24), encode("sw", 0, 0, 12, BASE + 28)]
PATCH += [encode("fence.i"), encode("jal", 1, imm=12), EBREAK, EBREAK, encode("addi", 10, 10, imm=1), encode("jalr", 0, 1)]
PATCH += [EBREAK, encode("addi", 10, 10, imm=64)]
DIRECTED = {
    "a call": case(CALL),
    "a trap behind a store": case(TRAP_BEHIND_A_STORE, x8=0x10),
    "a trap at an address from memory": case([encode("lw", 8, 2), encode("addi", 10, 10, imm=1), encode("lw", 11, 8), EBREAK]),
    "code that is rewritten": case(PATCH + [EBREAK] * (SIZE // 4 - len(PATCH))),
}


@pytest.mark.parametrize("name", DIRECTED)
def test_directed_programs_at_every_limit(name):
    assert_right_at_every_limit(DIRECTED[name], range(1, 20))


@pytest.mark.parametrize("isa", ["rv32em", "rv32im"])
def test_random_programs_at_every_limit_and_in_two_sessions(isa):
    (random,) = generate.some(isa, 25)
    assert_right_at_every_limit(random)
    machine = LlvmNative(eager=True)
    whole = machine.run(random.programs, random.batch, random.config, random.max_steps)
    assert not resumed.failures(random, machine, whole).any()


@pytest.mark.parametrize(("instructions", "blocks"), [(5, 400), (2000, 3)])
def test_what_is_too_long_for_a_unit_is_entered_through_the_table(monkeypatch, instructions, blocks):
    monkeypatch.setattr(control_flow, "UNIT_INSTRUCTIONS", instructions)
    monkeypatch.setattr(control_flow, "UNIT_BLOCKS", blocks)
    (random,) = generate.some("rv32em", 25)
    assert_right_at_every_limit(random, (1, 9, 40, 120))


def test_a_program_beyond_the_limit_is_interpreted(monkeypatch):
    monkeypatch.setattr(translations, "INSTRUCTIONS", 0)
    assert not wrong(DIRECTED["a call"]).any()
    assert [found.version for found in translations._translations.values()] == [0]


def test_operations_of_one_name_and_two_meanings_do_not_meet():
    for meaning in (lambda w, a, b: a + b, lambda w, a, b: a - b):
        isa = named("rv32em").extended("f", recorded(meaning))
        made = case([isa.encode("f", 10, 8, 9), EBREAK], replace(CONFIG, extensions=isa.extensions), x8=7, x9=3)
        assert not wrong(made).any()


def test_every_operation_on_boundary_operands():
    added = extensions.extended("rv32em").extensions
    made = [*cases.operation_cases(100, programs=2), *cases.operation_cases(100, programs=2, extensions=added)]
    assert not [c.name for c in made if wrong(c).any()]


CROWDED = """
import ctypes, mmap
from backends.llvm_native import compiling

c, private, held = ctypes.CDLL(None), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, []
c.mmap.restype = ctypes.c_void_p
c.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
cases = "".join(f"i32 {x}, label %b{x} " for x in range(16))
blocks = "".join(f"b{x}: ret i32 {x * x % 11} " for x in range(16))
code = compiling.object_code(f"define i32 @u0(i32 %x) nounwind {{ switch i32 %x, label %b0 [{cases}] {blocks} }}")
for number in range(1000):
    start = c.mmap(None, 3 << 30, 0, private, -1, 0)
    assert c.munmap(ctypes.c_void_p(start + (1 << 30)), ctypes.c_size_t(4096 * (1 + number % 2))) == 0
    held.append(compiling.linked(code, [0], f"module{number}"))
call = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_uint32)
assert all(call(module["u0"])(x) == x * x % 11 for module in held for x in range(16))
"""


def test_modules_are_linked_where_memory_is_free_in_pieces_far_from_each_other():
    """Of one page or two each, 3 GB apart: code and its table of jumps must come to lie near each other all the same."""
    done = subprocess.run([sys.executable, "-c", CROWDED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class Refunding(BlockText):
    """It gives back one instruction too many where it leaves in the middle of a block."""

    def leaving(self, number):
        return self._exit(self.block.start + number, len(self.block.instructions) - number + 1, LEFT)


class Late(BlockText):
    """A guard for the begin of a block stands behind stores of the block."""

    def __init__(self, unit, block):
        super().__init__(unit, block)
        self.late = {}

    def _guard(self, window, root, label):
        if window.root[0] == "entry" and window.first:
            self.late[window.first] = window, root, label
        else:
            super()._guard(window, root, label)

    def _pointer(self, number):
        if number in self.late:
            super()._guard(*self.late[number])
        return super()._pointer(number)


class Forgetful(BlockText):
    """Behind a call, registers are what they were before it."""

    def _return(self, result):
        super()._return(result)
        self.lines[-1] = self.lines[-1].replace(f"%e{self.block.after}", f"%b{self.block.after}")


WRONG = {
    "a wrong refund": (Refunding, "a trap at an address from memory"),
    "a guard behind an effect": (Late, "a trap behind a store"),
    "a register that is not reloaded": (Forgetful, "a call"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_translator_is_rejected(monkeypatch, name):
    translator, program = WRONG[name]
    assert not wrong(DIRECTED[program]).any()
    translations._translations.clear()
    monkeypatch.setattr(block_text, "BlockText", translator)
    monkeypatch.setattr(object_cache, "read", lambda *_: None)
    assert wrong(DIRECTED[program]).any()


def test_a_budget_that_is_asked_about_too_seldom_is_rejected(monkeypatch):
    right = unit_text.needed
    monkeypatch.setattr(unit_text, "needed", lambda unit: {slot: most - 1 for slot, most in right(unit).items()})
    assert any(wrong(replace(DIRECTED["a call"], max_steps=steps)).any() for steps in range(1, 8))


def test_a_unit_that_is_stale_behind_a_fence_is_rejected(monkeypatch):
    first, made = [], translations.of
    monkeypatch.setattr(translations, "of", lambda *of: (first.append(made(*of)), first[0])[1])
    assert wrong(DIRECTED["code that is rewritten"]).any()
    assert len(first) > 1 and first[1] is not first[0]


def test_jumps_to_every_address():
    """Into the middle of units, into data, between instructions and out of memory; also to the ends of the address space."""
    words = [*CALL, encode("jalr", 1, 8), encode("addi", 10, 10, imm=2), EBREAK]
    targets = [*range(BASE - 16, BASE + SIZE + 16), *range(8), *range(0xFFFFFFF8, 1 << 32)]
    x = np.zeros((len(targets), 16), np.uint32)
    x[:, 8] = targets
    entry = BASE + 4 * len(CALL)
    program = Program(words_program(words).image, BASE, entry)
    for steps in (1, 2, 5, 50):
        assert not wrong(Case("jumps", "value", (program,), Batch(x), CONFIG, steps), GPU).any()


@pytest.mark.parametrize("base", [0, BASE, 0x7FFFFF00, (1 << 32) - SIZE])
def test_accesses_at_every_address_near_the_ends_of_memory(base):
    config = replace(CONFIG, memory_base=base)
    near = [base + d for d in (*range(-9, 9), *range(SIZE - 9, SIZE + 9))]
    for name, imm in (("lw", -4), ("lhu", 1), ("lb", 0), ("sw", 0), ("sh", -2), ("sb", 2047)):
        access = encode(name, 0, 8, 9, imm) if name[0] == "s" else encode(name, 10, 8, 0, imm)
        words = [encode("addi", 11, 8, imm=3), access, encode("lw", 12, 11), EBREAK]
        x = np.zeros((len(near), 16), np.uint32)
        x[:, 8], x[:, 9] = np.array(near) & 0xFFFFFFFF, 0x8F9FAFBF
        assert not wrong(Case(name, "value", (words_program(words, base),), Batch(x), config, 9), GPU).any()


def test_recursion_deeper_than_the_stack_of_the_host():
    """f(n) = n ? f(n - 1) + 1 : 0, for n = 20000, in whose middle 64 instructions more may run from time to time."""
    words = [encode("jal", 1, imm=8), EBREAK, encode("addi", 2, 2, imm=-8), encode("sw", 0, 2, 1), encode("addi", 8, 8, imm=-1)]
    words += [encode("beq", 0, 8, 0, 12), encode("jal", 1, imm=-16), encode("addi", 10, 10, imm=1), encode("lw", 1, 2)]
    words += [encode("addi", 2, 2, imm=8), encode("jalr", 0, 1)]
    config = replace(CONFIG, memory_bytes=1 << 18)
    made = case(words, config, 1 << 20, x2=BASE + (1 << 18), x8=20_000)
    assert not wrong(made, GPU).any()
    assert LlvmNative(eager=True).run(made.programs, made.batch, config, 1 << 20).registers[0, 10] == 19_999
    assert not wrong(replace(made, max_steps=77_777), GPU).any()


def test_calls_that_come_back_elsewhere():
    """Two coroutines, each of which goes on behind the other's last jump, and a function that returns past its caller."""
    words = [encode("addi", 5, 0, imm=BASE + 28), encode("jalr", 1, 5), encode("addi", 10, 10, imm=1), encode("jalr", 1, 1)]
    words += [encode("addi", 10, 10, imm=2), encode("jalr", 1, 1), EBREAK, encode("addi", 11, 11, imm=1), encode("jalr", 1, 1)]
    words += [encode("addi", 11, 11, imm=2), encode("jalr", 1, 1), encode("jal", 1, imm=8), EBREAK]
    words += [encode("addi", 6, 1), encode("jal", 1, imm=8), EBREAK, encode("jalr", 0, 6)]
    assert_right_at_every_limit(case(words))


@pytest.mark.parametrize("last", [BASE + 20, BASE + 48, BASE + 22, BASE + SIZE + 4])
def test_a_table_of_jumps(last):
    """A loop over four handlers, of which the last is one of the program, the table itself, misaligned or wild."""
    words = [encode("andi", 9, 8, imm=12), encode("lw", 9, 9, imm=BASE + 48), encode("jalr", 0, 9)]
    words += [encode("addi", 10, 10, imm=1), encode("jal", 0, imm=16), encode("slli", 10, 10, imm=1), encode("jal", 0, imm=8)]
    words += [encode("xori", 10, 10, imm=85), encode("addi", 8, 8, imm=4), encode("bne", 0, 8, 11, -36), EBREAK, EBREAK]
    words += [BASE + 12, BASE + 20, BASE + 28, last]
    program = case(words, x11=64)
    memory, isa = np.array(words, np.uint32), named("rv32em")
    code = control_flow.Code(pack(memory, BASE, isa), memory, BASE, isa)
    unit = code.unit(0)
    assert unit and {3, 5, 7} <= set(unit.indirect)
    assert_right_at_every_limit(program)


def test_random_words_as_code():
    rng = np.random.default_rng(7)
    opcodes = rng.choice([0x03, 0x13, 0x23, 0x33, 0x37, 0x63, 0x67, 0x6F], (60, 24))
    words = rng.integers(0, 1 << 32, (60, 24)) & ~np.where(rng.random((60, 24)) < 0.9, 0x7F, 0)
    words = np.where(words & 0x7F, words, words & np.where(opcodes == 0x33, 0x03FFFFFF, 0xFFFFFFFF) | opcodes)
    programs = tuple(words_program([*row, EBREAK], BASE) for row in words.tolist())
    x = cases.operands(rng, (60, 32))
    x[:, 1:20] = BASE + rng.integers(0, SIZE, (60, 19)) & ~3
    x[:, 0] = 0
    config = replace(CONFIG, isa="rv32im")
    for steps in (7, 300):
        assert not wrong(Case("random words", "value", programs, Batch(x, np.arange(60)), config, steps), GPU).any()


@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_long_run_is_translated_while_it_runs(monkeypatch, threads):
    monkeypatch.setenv("BACKEND_THREADS", threads)
    load = measure.load("mixed")
    long = Case("mixed", "value", (load.program,), load.batch(3, 60), load.config, 600_000)
    assert not wrong(long, GPU, catalog.create("llvm_native")).any()
    (found,) = translations._translations.values()
    assert found.version == 1 and 0 < found.size < 1000


def test_what_is_kept_on_disk_is_used_and_what_is_damaged_is_made_anew(monkeypatch, folder):
    made, compiled = DIRECTED["a call"], []
    compile_ = translations.compiling.object_code
    monkeypatch.setattr(translations.compiling, "object_code", lambda text: (compiled.append(text), compile_(text))[1])

    def runs() -> int:
        compiled.clear()
        translations._translations.clear()
        assert not wrong(made).any()
        return len(compiled)

    assert runs() == 1 and runs() == 0
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    for damaged in (b"", b"{}", b"[1]\n", whole[:-1], whole.replace(b'"size"', b'"sign"'), whole[:-9] + b"\xff" + whole[-8:]):
        file.write_bytes(damaged)
        assert runs() == 1, damaged[:20]
        assert file.read_bytes() == whole


def test_no_more_than_so_many_files_are_kept(monkeypatch, folder):
    monkeypatch.setattr(object_cache, "FILES", 2)
    for number in range(4):
        object_cache.write(f"key{number}", 0, object_cache.Kept({0: (0,)}, 1, b"code"))
    assert sorted(file.name for file in folder.iterdir()) == ["key2-0", "key3-0"]
    assert object_cache.read("key3", 0) == object_cache.Kept({0: (0,)}, 1, b"code")


def test_without_a_folder_that_can_be_written(monkeypatch):
    def nowhere():
        raise PermissionError("read-only")

    monkeypatch.setattr(object_cache, "folder", nowhere)
    assert not wrong(DIRECTED["a call"]).any()
