"""The case table: every operation on boundary-rich operands, every trap, every program file."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from backends.core import isa, toolchain
from backends.core.isa import encode
from backends.interface import Batch, Cache, Cause, MachineConfig, Patch, Program, Status

DEPENDS_ON = ("programs/*.c", "programs/*.S")
PROGRAMS = Path(__file__).parents[2] / "programs"
SLOTS = 16
"""Words of the small programs that hold one instruction; all others are `ebreak`, so that every jump ends."""

_BASE, _MEMORY = 0x1000, 256
_BOUNDARY = np.resize(
    np.array(
        [0, 1, 2, 3, 5, 7, 0x55555555, 0xAAAAAAAA, 0xDEADBEEF, 0xFFFFFFFD]
        + [(1 << k) + d & 0xFFFFFFFF for k in (5, 7, 8, 15, 16, 31, 32) for d in (-1, 0, 1)],
        np.uint32,
    ),
    64,
)


CACHES = (
    Cache(line_bytes=16, sets=4, ways=2, resident=((_BASE, 100),), evictions=2, background=(_BASE + 40,)),
    Cache(line_bytes=4, sets=1, ways=4, hit_cycles=0, miss_cycles=100),
    Cache(line_bytes=32, sets=16, ways=1, hit_cycles=2, miss_cycles=9),
    Cache(),
)
"""Under which value cases run once more, on the machines that offer caches."""


@dataclass(frozen=True)
class Case:
    """Programs, the instances that run them, and what is known of the end without asking any machine.

    kind: "value" or "trap". expect: field of Execution to value, equal for all instances.
    """

    name: str
    kind: str
    programs: tuple[Program, ...]
    batch: Batch
    config: MachineConfig
    max_steps: int
    expect: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Suite:
    """By instruction set, the cases that need a compiler or Hypothesis: made beforehand, for machines that have neither."""

    files: Mapping[str, Sequence[Case]]
    random: Mapping[str, Sequence[Case]]


def words_program(words: list[int], base: int = 0, entry: int | None = None, name: str = "words") -> Program:
    """A program from instruction words."""
    image = np.array(words, np.uint32).view(np.uint8)
    return Program(image, base, base if entry is None else entry, name=name)


def operation_cases(vectors: int, isa_name: str = "rv32em", seed: int = 0, programs: int = 64) -> Iterator[Case]:
    """One case per operation: `vectors` instances of `programs` programs `[… ebreak, operation, ebreak …]`, with random
    fields and operands."""
    config = MachineConfig(isa=isa_name, memory_base=_BASE, memory_bytes=_MEMORY)
    for row in isa.OPERATIONS:
        if row.kind in ("alu", "alu_imm", "upper", "branch", "jump", "load", "store", "counter", "fence"):
            rng = np.random.default_rng([seed, row.number])
            yield Case(f"{isa_name} {row.name}", "value", *_operands(row, vectors, programs, config, rng), config, 4)


def _operands(
    row: isa.Operation, vectors: int, most_programs: int, config: MachineConfig, rng
) -> tuple[tuple[Program, ...], Batch]:
    ebreak, entry = encode("ebreak"), SLOTS // 2
    programs, sources = [], []
    for _ in range(min(most_programs, vectors)):
        rd, rs1, rs2 = (
            int(r) * used for r, used in zip(rng.integers(0, config.registers, 3), isa.FORMATS[row.format], strict=True)
        )
        words = [ebreak] * SLOTS
        imm = immediate(row, rng)
        words[entry] = encode(row.name, rd, rs1, rs2, imm)
        programs.append(words_program(words, _BASE, _BASE + 4 * entry, row.name))
        sources.append((rs1, imm))
    index = np.arange(vectors) % len(programs)
    registers = operands(rng, (vectors, config.registers))
    if row.kind in ("load", "store") or row.name == "jalr":
        near = _BASE + rng.integers(-8, _MEMORY + 8, vectors)  # most accesses fall inside memory, some across its ends
        rs1, imm = np.array(sources)[index].T
        registers[np.arange(vectors), rs1] = (near - imm).astype(np.uint32)
    registers[:, 0] = 0
    most = 256 if row.kind in ("load", "store") else 1  # a jump beyond the program meets zeros, not random instructions
    data = rng.integers(0, most, (vectors, _MEMORY - 4 * SLOTS), dtype=np.uint8)
    return tuple(programs), Batch(registers, index, (Patch(_BASE + 4 * SLOTS, data),))


def immediate(row: isa.Operation, rng) -> int:
    """A random or boundary immediate that the operation can encode."""
    if row.format == "shift":
        return int(rng.integers(0, 32))
    if row.format in ("I", "S"):
        return int(rng.choice([-2048, -1, 0, 1, 2, 4, 2047, rng.integers(-2048, 2048)]))
    if row.format == "U":
        return int(rng.choice([0, 0x1000, 0x7FFFF000, 0x80000000, 0xFFFFF000, int(rng.integers(0, 1 << 20)) << 12]))
    if row.format in ("B", "J"):
        return int(rng.choice([-4096, 4094, 2, 0, *(4 * rng.integers(-SLOTS, SLOTS, 6))]))
    return 0


def operands(rng, shape: tuple[int, ...]) -> np.ndarray:
    """uint32 words: half boundary values, a quarter uniform, a quarter of random bit length."""
    uniform, choice = rng.integers(0, 1 << 32, (2, *shape), dtype=np.uint32)
    kind, shift, boundary = choice & 3, choice >> 2 & 31, _BOUNDARY[choice >> 7 & 63]
    return np.where(kind < 2, boundary, np.where(kind == 2, uniform, uniform >> shift))


def trap_cases() -> Iterator[Case]:
    """Every trap, every way to stop, with the end that the ISA manual and the house rules give."""
    config = MachineConfig(memory_base=0x1000, memory_bytes=64, output_bytes=8)
    illegal, misaligned, outside = Cause.ILLEGAL_INSTRUCTION, Cause.MISALIGNED_FETCH, Cause.ACCESS_OUTSIDE_MEMORY
    e, call = encode, Cause.UNKNOWN_ENVIRONMENT_CALL
    rows: list[tuple[str, list[int], Cause, int, int]] = [  # name, words, cause, slot of the trap, address
        ("all zeros", [0], illegal, 0, 0x1000),
        ("all ones", [0xFFFFFFFF], illegal, 0, 0x1000),
        ("compressed nop", [0x00000001], illegal, 0, 0x1000),
        ("register x16 as rd", [e("addi", 16, 0)], illegal, 0, 0x1000),
        ("register x31 as rs1", [e("add", 1, 31, 0)], illegal, 0, 0x1000),
        ("register x20 as rs2", [e("sw", 0, 1, 20)], illegal, 0, 0x1000),
        ("write of a counter", [0xC0009073], illegal, 0, 0x1000),
        ("unknown CSR", [0x300022F3], illegal, 0, 0x1000),
        ("reserved shift", [e("srli", 1, 1) | 1 << 25], illegal, 0, 0x1000),
        ("reserved load width", [0x00003003], illegal, 0, 0x1000),
        ("jump to misaligned", [e("addi", 1, 0, imm=9), e("jal", 1, imm=6)], misaligned, 1, 0x100A),
        ("jump register to misaligned", [e("jalr", 1, 10, imm=3)], misaligned, 0, 0x1002),
        ("taken branch to misaligned", [e("beq", 0, 0, 0, 2)], misaligned, 0, 0x1002),
        ("jump outside", [e("jal", 1, imm=0x1000)], outside, 1024, 0x2000),
        ("jump below", [e("jal", 1, imm=-4)], outside, -1, 0xFFC),
        ("jump register outside", [e("jalr", 1, 0, imm=0)], outside, -1024, 0),
        ("run off the end", [e("addi", 1, 1, imm=1)] * 16, outside, 16, 0x1040),
        ("load byte past the end", [e("lb", 1, 10, imm=64)], outside, 0, 0x1040),
        ("load half across the end", [e("lh", 1, 10, imm=63)], outside, 0, 0x103F),
        ("load word across the end", [e("lw", 1, 10, imm=61)], outside, 0, 0x103D),
        ("load below", [e("lbu", 1, 10, imm=-1)], outside, 0, 0xFFF),
        ("load half below", [e("lhu", 1, 10, imm=-1)], outside, 0, 0xFFF),
        ("store byte past the end", [e("sb", 0, 10, 11, 64)], outside, 0, 0x1040),
        ("store half across the end", [e("sh", 0, 10, 11, 63)], outside, 0, 0x103F),
        ("store word across the end", [e("sw", 0, 10, 11, 62)], outside, 0, 0x103E),
        ("store below", [e("sw", 0, 0, 11, -4)], outside, 0, 0xFFFFFFFC),
        ("unknown call", [e("addi", 5, 0, imm=1234), e("ecall")], call, 1, 1234),
        ("write outside", [*_set(5, 64), *_set(10, 1), *_set(12, 4), e("ecall")], outside, 3, 0x11),
    ]  # fmt: skip
    for name, words, cause, slot, address in rows:
        expect = (("status", Status.TRAPPED), ("cause", cause), ("pc", 0x1000 + 4 * slot), ("address", address))
        yield _trap_case(name, words, config, expect)
    yield from _endings(config)


def _set(register: int, value: int) -> list[int]:
    return [encode("addi", register, 0, imm=value)]


def _trap_case(name: str, words: list[int], config: MachineConfig, expect, entry: int | None = None, steps: int = 20) -> Case:
    registers = np.zeros((1, config.registers), np.uint32)
    registers[0, 10], registers[0, 11] = 0x1000, 0x11
    program = words_program(words, 0x1000, entry, name)
    return Case(name, "trap", (program,), Batch(registers), config, steps, expect)


def _endings(config: MachineConfig) -> Iterator[Case]:
    e = encode
    outside, misaligned = Cause.ACCESS_OUTSIDE_MEMORY, Cause.MISALIGNED_FETCH
    flood = [
        e("addi", 5, 0, imm=64),
        e("addi", 11, 10, imm=0),
        e("addi", 12, 0, imm=5),
        e("addi", 10, 0, imm=1),
        e("ecall"),
        e("jal", imm=-8),
    ]
    exit_ = [e("addi", 5, 0, imm=93), e("addi", 10, 0, imm=7), e("ecall")]
    trapped = ("status", Status.TRAPPED)
    yield _trap_case("entry misaligned", [e("ebreak")], config, (trapped, ("cause", misaligned), ("pc", 0x1002)), 0x1002)
    yield _trap_case("entry outside", [e("ebreak")], config, (trapped, ("cause", outside), ("pc", 0x8000)), 0x8000)
    yield _trap_case("output flood", flood, config, (trapped, ("cause", Cause.OUTPUT_LIMIT)), steps=100)
    yield _trap_case("breakpoint", [e("ebreak")], config, (("status", Status.HALTED), ("cycles", 1), ("exit_code", -1)))
    yield _trap_case("exit", exit_, config, (("status", Status.EXITED), ("exit_code", 7), ("cycles", 3), ("pc", 0x100C)))
    loop = (("status", Status.OUT_OF_STEPS), ("cycles", 20), ("pc", 0x1000))
    yield _trap_case("infinite loop", [e("jal", imm=0)], config, loop)
    last = (("status", Status.OUT_OF_STEPS), ("cycles", 1), ("pc", 0x2000))
    yield _trap_case("steps end at a jump outside", [e("jal", 1, imm=0x1000)], config, last, steps=1)


@cache
def file_cases(isa_name: str = "rv32em") -> tuple[Case, ...]:
    """Every file of `programs/`; its first line states the exit code."""
    return tuple(_file_case(path, isa_name) for path in sorted(PROGRAMS.glob("*.[cS]")))


def _file_case(path: Path, isa_name: str) -> Case:
    stated = re.search(r"exit: (\d+)\.", path.read_text(encoding="utf-8").splitlines()[0])
    assert stated, f"{path.name}: the first line must state 'exit: N.'"
    program, _ = toolchain.load(path, isa_name)
    config = toolchain.machine_for(program, isa_name, max(8192, 1 << (len(program.image) + 2048).bit_length()))
    expect = (("exit_code", int(stated[1])), ("cause", Cause.NONE))
    batch = Batch(toolchain.initial_registers(config))
    return Case(f"{isa_name} {path.name}", "value", (program,), batch, config, 1_000_000, expect)


def cached(case: Case, cache: Cache) -> Case:
    """The case on a machine with a cache."""
    name = f"{case.name} (cache of {cache.sets} x {cache.ways} x {cache.line_bytes} B)"
    return replace(case, name=name, config=replace(case.config, timing="cache", cache=cache))
