"""The case table: every operation on boundary-rich operands, every trap, every program file."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from backends.core import isa, toolchain
from backends.core.isa import encode
from backends.core.isa.encoding import encode_operation
from backends.interface import Batch, Cache, Cause, MachineConfig, Patch, Program, Status

DEPENDS_ON = ("programs/*.c", "programs/*.S", "backends/conformance/endings.json")
PROGRAMS = Path(__file__).parents[2] / "programs"
_ENDINGS = Path(__file__).parent / "endings.json"
_NAMES: dict[str, int] = {**Status.__members__, **Cause.__members__}
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

    kind: "value" or "trap". expect: field of Execution to value: a number for all instances, or an array `[B, ...]`.
    """

    name: str
    kind: str
    programs: tuple[Program, ...]
    batch: Batch
    config: MachineConfig
    max_steps: int
    expect: tuple[tuple[str, int | np.ndarray], ...] = ()

    @property
    def index(self) -> np.ndarray:
        """`[B]`, which of the programs each instance runs."""
        return np.zeros(len(self.batch.registers), int) if self.batch.programs is None else np.asarray(self.batch.programs)


@dataclass(frozen=True)
class Suite:
    """By instruction set, the cases that need a compiler or Hypothesis: made beforehand, for machines that have neither."""

    files: Mapping[str, Sequence[Case]]
    random: Mapping[str, Sequence[Case]]


def words_program(words: list[int], base: int = 0, entry: int | None = None, name: str = "words") -> Program:
    """A program from instruction words."""
    image = np.array(words, np.uint32).view(np.uint8)
    return Program(image, base, base if entry is None else entry, name=name)


def operation_cases(
    vectors: int, isa_name: str = "rv32em", seed: int = 0, programs: int = 64, extensions: tuple[isa.Operation, ...] = (),
    rows: tuple[isa.Operation, ...] = isa.OPERATIONS,
) -> Iterator[Case]:  # fmt: skip
    """One case per operation of `rows` (of the extensions, where there are some): `vectors` instances of `programs` programs
    `[… ebreak, operation, ebreak …]`, with random fields and operands."""
    config = MachineConfig(isa=isa_name, extensions=extensions, memory_base=_BASE, memory_bytes=_MEMORY)
    for row in extensions or rows:
        if row.kind in ("alu", "alu_imm", "upper", "branch", "jump", "load", "store", "counter", "fence", "atomic"):
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
        words[entry] = encode_operation(row, rd, rs1, rs2, imm)
        programs.append(words_program(words, _BASE, _BASE + 4 * entry, row.name))
        sources.append((rs1, imm))
    index = np.arange(vectors) % len(programs)
    registers = operands(rng, (vectors, config.registers))
    if row.width or row.name == "jalr":
        near = _BASE + rng.integers(-8, _MEMORY + 8, vectors)  # most accesses fall inside memory, some across its ends
        near &= -4 if row.kind == "atomic" else -1
        near += (row.kind == "atomic") * (np.arange(vectors) % 16 == 15)  # these trap
        rs1, imm = np.array(sources)[index].T
        registers[np.arange(vectors), rs1] = (near - imm).astype(np.uint32)
    registers[:, 0] = 0
    most = 256 if row.width else 1  # a jump beyond the program meets zeros, not random instructions
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
    registers = np.zeros((1, config.registers), np.uint32)
    registers[0, 10], registers[0, 11] = 0x1000, 0x11
    for row in json.loads(_ENDINGS.read_text(encoding="utf-8")):
        program = words_program([_word(text) for text in row["words"]], 0x1000, int(row.get("entry", "0x1000"), 0), row["name"])
        expect = tuple(
            (name, int(_NAMES[value] if value in _NAMES else int(value, 0))) for name, value in row["expect"].items()
        )
        yield Case(row["name"], "trap", (program,), Batch(registers), config, row.get("steps", 20), expect)


def _word(text: str) -> int:
    """Of an instruction `name rd rs1 rs2 imm`, or of a number that is none."""
    name, *fields = text.split()
    return encode(name, *map(int, fields)) if name in isa.NUMBER else int(name, 0)


@cache
def file_cases(isa_name: str = "rv32em") -> tuple[Case, ...]:
    """Every file of `programs/`; its first line states the exit code."""
    return tuple(_file_case(path, isa_name) for path in sorted(PROGRAMS.glob("*.[cS]")))


def stated_exit(path: Path) -> int:
    """The exit code that a program's first line states."""
    stated = re.search(r"exit: (\d+)\.", path.read_text(encoding="utf-8").splitlines()[0])
    assert stated, f"{path.name}: the first line must state 'exit: N.'"
    return int(stated[1])


def _file_case(path: Path, isa_name: str) -> Case:
    program, _ = toolchain.load(path, isa_name)
    config = toolchain.machine_for(program, isa_name, max(8192, 1 << (len(program.image) + 2048).bit_length()))
    expect = (("exit_code", stated_exit(path)), ("cause", Cause.NONE))
    batch = Batch(toolchain.initial_registers(config))
    return Case(f"{isa_name} {path.name}", "value", (program,), batch, config, 1_000_000, expect)


def cached(case: Case, cache: Cache) -> Case:
    """The case on a machine with a cache."""
    name = f"{case.name} (cache of {cache.sets} x {cache.ways} x {cache.line_bytes} B)"
    return replace(case, name=name, config=replace(case.config, timing="cache", cache=cache))
