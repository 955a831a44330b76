"""Soft runs: at temperature 0 they equal the hard run; above it their gradients equal finite differences and each other."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from backends.conformance.cases import Case
from backends.core import isa
from backends.core.soft import COLUMN, SoftRun, soften
from backends.interface import (
    Batch,
    DifferentiableBackend,
    Execution,
    Logits,
    MachineConfig,
    Patch,
    Program,
    SoftExecution,
    SoftProgram,
    Status,
)

MOST_SLOTS, MOST_MEMORY_BYTES = 256, 8192
_STEPS, _IMAGE_BYTES = (24, 512), (64, 1024)
"""Soft runs have one of these numbers of steps and program sizes, so that few are compiled."""

_NOT_SOFT = {op.number for op in isa.OPERATIONS if op.kind == "counter" or op.name == "fence.i"}


def fits(case: Case, hard: Execution) -> np.ndarray:
    """`[B]` bool: instances that a soft machine can run: few steps, slots and bytes, no output, no counter, no rewritten
    code, no environment call but exit."""
    plain, calls = zip(*(_is_plain(program) for program in case.programs), strict=True)
    exited = hard.status == Status.EXITED
    ended = np.isin(hard.status, (Status.EXITED, Status.HALTED, Status.TRAPPED)) & (hard.retired < _STEPS[-1])
    silent = np.array([not output for output in hard.output])
    small = case.config.memory_bytes <= MOST_MEMORY_BYTES
    return small & ended & silent & np.array(plain)[case.index] & (exited | ~np.array(calls)[case.index])


def _is_plain(program: Program) -> tuple[bool, bool]:
    """Whether a program can be made soft at all, and whether it holds an environment call."""
    words = np.frombuffer(program.image.tobytes() + bytes(-len(program.image) % 4), "<u4")
    used = set(isa.decode(words, 16).op.tolist())
    starts = 0 <= program.entry - program.base < len(program.image) and program.entry % 4 == 0
    plain = starts and len(words) <= MOST_SLOTS and not _NOT_SOFT & used and "tohost" not in program.symbols
    return plain, isa.NUMBER["ecall"] in used


def limit_failures(case: Case, hard: Execution, backend: DifferentiableBackend, relaxation: str) -> np.ndarray:
    """`[k]` bool, of the instances that fit: soft run at temperature 0 and hard run differ in registers, memory or end."""
    chosen, failed = fits(case, hard), np.zeros(len(hard.pc), bool)
    for number, program in enumerate(case.programs):
        where = np.flatnonzero(case.index == number)
        if chosen[where].any():
            failed[where] = _one_program(case, program, where, hard, backend, relaxation)
    return failed[chosen]


def _one_program(case: Case, program, where, hard: Execution, backend, relaxation: str) -> np.ndarray:
    config = replace(case.config, relaxation=relaxation)
    program = _padded(program, case.config.memory_bytes)
    image = Patch(program.base, np.repeat(program.image[None], len(where), axis=0))
    patches = tuple(replace(p, data=p.data[where]) for p in case.batch.patches)
    batch = Batch(case.batch.registers[where], patches=(image, *patches))
    needed = min(int(hard.retired[where].max()) + 1, _STEPS[-1])
    steps = next(n for n in _STEPS if n >= needed)  # a machine that has stopped stays as it is
    soft = backend.run_soft(SoftRun(soften(program, config, 8.0), batch, config, 0.0, steps))
    registers, memory = words_of(soft, relaxation)
    wrong = (registers != hard.registers[where]).any(axis=1) | (memory != hard.memory[where]).any(axis=1)
    halted = np.isin(hard.status[where], (Status.EXITED, Status.HALTED))
    return wrong | (soft.pc[:, -2] != halted) | (soft.pc[:, -1] != (hard.status[where] == Status.TRAPPED))


def _padded(program: Program, memory_bytes: int) -> Program:
    """The program with zeros behind it, which are illegal: few shapes to compile."""
    size = next((n for n in _IMAGE_BYTES if n >= len(program.image)), len(program.image))
    return replace(program, image=np.pad(program.image, (0, min(size, memory_bytes) - len(program.image))))


def words_of(soft: SoftExecution, relaxation: str) -> tuple[np.ndarray, np.ndarray]:
    """Registers `[B, R]` uint32 and memory `[B, M]` uint8 of a soft run that has converged; raises where it has not."""
    registers, memory = soft.registers.astype(np.float64), soft.memory.astype(np.float64)
    if relaxation == "bits":
        assert all(np.isin(x, (0.0, 1.0)).all() for x in (registers, memory)), "bits are not 0 or 1"
        registers, memory = (x @ (2.0 ** np.arange(x.shape[-1])) for x in (registers, memory))
    return registers.astype(np.int64).astype(np.uint32), memory.astype(np.uint8)


def random_program(rng, slots: int, operations: tuple[str, ...] | None, registers: int = 16) -> SoftProgram:
    """Random logits; `operations` (None: all) keep theirs, the others get -200, so little that words of 2^32 times their
    weight vanish."""
    op = rng.normal(size=(slots, len(COLUMN)))
    if operations is not None:
        op[:, [c for name, c in COLUMN.items() if name not in operations]] = -200.0
    rd, rs1, rs2 = (rng.normal(size=(slots, registers)) for _ in range(3))
    return SoftProgram(Logits(op, rd, rs1, rs2, rng.normal(size=(slots, 32))))


Problem = tuple[SoftRun, SoftExecution]
"""A run, and the weights of a linear loss of its result."""

_OPERATIONS: dict[str, tuple[tuple[str, ...] | None, ...]] = {
    "bits": (
        None,
        ("add", "sub", "xor", "beq", "jal", "addi"),
        ("lw", "sw", "lb", "sb", "addi", "add"),
        ("sll", "sra", "slt", "blt", "jalr", "lui"),
        ("mul", "add", "divu", "addi"),
    ),
    # those without straight-through gradients, which finite differences cannot see
    "value": (
        ("add", "sub", "addi", "lui"),
        ("add", "beq", "jal", "auipc"),
        ("mul", "add", "addi"),
        ("slt", "blt", "addi", "sub"),
        ("lw", "lb", "addi", "add"),
    ),
}
"""Operations (None: all) of the problems by which gradients are compared with finite differences."""


def gradient_problems(count: int, relaxation: str = "bits", device: str = "cpu", seed: int = 0) -> Iterator[Problem]:
    """Random soft programs with operands, a temperature and a cotangent, for checks of gradients."""
    slots, steps, batch, memory = 4, 4, 2, 16
    config = MachineConfig(memory_base=0, memory_bytes=memory, relaxation=relaxation, device=device)
    word, byte = ((32,), (8,)) if relaxation == "bits" else ((), ())
    shapes = (batch, 16, *word), (batch, memory, *byte), (batch, slots + 2)
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        operations = _OPERATIONS[relaxation][number % len(_OPERATIONS[relaxation])]
        program = random_program(rng, slots, operations)
        width = int(rng.choice([4, 32]))
        if relaxation == "value":  # small numbers: products of large ones leave finite differences no digits
            width, program.logits.imm[:, 5:] = 4, -60.0
        registers = rng.integers(0, 1 << width, (batch, 16), dtype=np.uint64).astype(np.uint32)
        if relaxation == "bits" and operations:  # addresses near enough that jumps and accesses have mass
            program.logits.imm[:, 4:] -= 12.0
            registers %= memory
        start = Batch(registers, patches=(Patch(0, rng.integers(0, 256, (batch, memory), dtype=np.uint8)),))
        cotangent = SoftExecution(*(rng.normal(size=shape) for shape in shapes))
        yield SoftRun(program, start, config, float(rng.choice([0.5, 1.0])), steps), cotangent


def finite_difference_error(problem: Problem, backend: DifferentiableBackend, directions: int, seed: int = 0) -> float:
    """Greatest relative error of the gradient along random directions against central differences in float64."""
    run, cotangent = problem
    gradient = backend.soft_gradient(run, cotangent)
    rng, worst, h = np.random.default_rng(seed), 0.0, 1e-6
    for _ in range(directions):
        way = [rng.normal(size=x.shape) for x in run.program.logits]
        moved = (Logits(*(x + s * h * d for x, d in zip(run.program.logits, way, strict=True))) for s in (1, -1))
        up, down = (_inner(cotangent, backend.run_soft(replace(run, program=SoftProgram(logits)))) for logits in moved)
        analytic = _inner(gradient, way)
        worst = max(worst, abs((up - down) / (2 * h) - analytic) / max(1.0, abs(analytic)))
    return worst


def _inner(weights: Sequence[np.ndarray], values: Sequence[np.ndarray]) -> float:
    return float(sum((w * x).sum() for w, x in zip(weights, values, strict=True)))


def disagreement(problem: Problem, first: DifferentiableBackend, second: DifferentiableBackend) -> float:
    """Greatest difference of outputs and gradients of two machines on the same logits, relative to the greatest number of an
    array where that is above 1 (words of relaxation `value` are up to 2^32)."""
    run, cotangent = problem
    found = [(*backend.run_soft(run), *backend.soft_gradient(run, cotangent)) for backend in (first, second)]
    return max(float(np.abs(a - b).max() / max(1.0, np.abs(b).max())) for a, b in zip(*found, strict=True))
