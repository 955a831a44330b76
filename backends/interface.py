"""The one interface of all machines. A backend is a module or package in `backends/`, found by its name, with a
function `create() -> Backend`. Everything that crosses the interface is NumPy; no framework is imported here.

`B` is the number of instances, `R` the number of registers (16 or 32), `M` the memory size in bytes,
`L` the number of slots of a soft program, `N` the number of soft operations.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from backends.core.errors import UserError
from backends.core.timing import TIMINGS, Cache

REGISTERS = {"rv32em": 16, "rv32im": 32}
_RELAXATIONS, _DTYPES = ("bits", "value"), ("float32", "float64")
_CHOICES = {"isa": tuple(REGISTERS), "timing": TIMINGS, "relaxation": _RELAXATIONS, "dtype": _DTYPES}
MAX_MEMORY_BYTES = 1 << 28


class Status(IntEnum):
    """How a run ended."""

    OUT_OF_STEPS = 0
    EXITED = 1  # ecall exit
    HALTED = 2  # ebreak, or a store to `tohost`
    TRAPPED = 3


class Cause(IntEnum):
    """Why an instance trapped."""

    NONE = 0
    ILLEGAL_INSTRUCTION = 1
    MISALIGNED_FETCH = 2
    ACCESS_OUTSIDE_MEMORY = 3
    UNKNOWN_ENVIRONMENT_CALL = 4
    OUTPUT_LIMIT = 5


@dataclass(frozen=True)
class Program:
    """A program as it lies in memory: image `[n]` uint8 from address `base` on.

    syscall_register: where an environment call's number lies: 17 (a7), or 5 (t0) in the embedded calling convention,
    as in qemu-user and newlib.
    """

    image: np.ndarray
    base: int
    entry: int
    symbols: Mapping[str, int] = field(default_factory=dict)
    syscall_register: int = 17
    name: str = "program"


@dataclass(frozen=True)
class MachineConfig:
    """What the machine is built of; memory spans `[memory_base, memory_base + memory_bytes)`.

    cache: of timing `cache`. dtype, relaxation: of soft runs. output_bytes: at most, of an instance. Raises UserError.
    """

    isa: str = "rv32em"
    memory_base: int = 0
    memory_bytes: int = 1 << 16
    timing: str = "flat"
    cache: Cache = field(default_factory=Cache)
    device: str = "cpu"
    dtype: str = "float64"
    relaxation: str = "bits"
    output_bytes: int = 1 << 20

    def __post_init__(self) -> None:
        for name, known in _CHOICES.items():
            if getattr(self, name) not in known:
                raise UserError(f"unknown {name} '{getattr(self, name)}': one of {', '.join(known)}")
        if self.memory_bytes % 4 or not 4 <= self.memory_bytes <= MAX_MEMORY_BYTES:
            raise UserError(f"memory of {self.memory_bytes} bytes: give a multiple of 4 from 4 to {MAX_MEMORY_BYTES}")
        if self.memory_base % 4 or not 0 <= self.memory_base <= (1 << 32) - self.memory_bytes:
            raise UserError(f"memory base {self.memory_base:#x}: give a multiple of 4 that keeps memory within 32 bits")
        if self.output_bytes < 0:
            raise UserError(f"output limit {self.output_bytes}: give 0 or more bytes")

    @property
    def registers(self) -> int:
        return REGISTERS[self.isa]


@dataclass(frozen=True)
class Patch:
    """Bytes laid over memory before the run: data `[B, n]` uint8 from `address` on."""

    address: int
    data: np.ndarray


@dataclass(frozen=True)
class Batch:
    """What differs between the instances of a run: registers `[B, R]` uint32; programs `[B]` int, which of the given
    programs each runs (None: the first); memory patches; inputs, the bytes of file descriptor 0 (empty: none).
    """

    registers: np.ndarray
    programs: np.ndarray | None = None
    patches: tuple[Patch, ...] = ()
    inputs: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Execution:
    """What a run left behind.

    registers `[B, R]` uint32; memory `[B, M]` uint8; pc `[B]` uint32 (the next instruction, or the one that trapped);
    retired instructions `[B]` and cycles `[B]` uint64 (the same under flat timing); status `[B]` of Status; cause `[B]`
    of Cause; address `[B]` uint32, what the trap was about (the pc, the jump's target, the byte accessed, the call's number);
    exit_code `[B]` int64 (-1: none); output: bytes written per instance.
    """

    registers: np.ndarray
    memory: np.ndarray
    pc: np.ndarray
    retired: np.ndarray
    cycles: np.ndarray
    status: np.ndarray
    cause: np.ndarray
    address: np.ndarray
    exit_code: np.ndarray
    output: tuple[bytes, ...]


@dataclass(frozen=True)
class SoftProgram:
    """A program as logits, one row per slot; `backends/core/soft.py` says what the columns are.

    op `[L, N]`, rd, rs1, rs2 `[L, R]`, imm `[L, 32]` (the logit that the bit is 1). Slot i lies at address base + 4 i;
    the run starts at slot `start`.
    """

    op: np.ndarray
    rd: np.ndarray
    rs1: np.ndarray
    rs2: np.ndarray
    imm: np.ndarray
    base: int = 0
    start: int = 0


@dataclass(frozen=True)
class SoftExecution:
    """After a soft run: registers `[B, R, 32]` bit expectations (relaxation bits) or `[B, R]` words (value); memory
    `[B, M, 8]` or `[B, M]` likewise; pc `[B, L + 2]`, mass per slot, then halted, then trapped.
    """

    registers: np.ndarray
    memory: np.ndarray
    pc: np.ndarray


@dataclass(frozen=True)
class Capabilities:
    """devices that this backend can use here; relaxations it offers (none: not differentiable); timing models."""

    devices: tuple[str, ...]
    relaxations: tuple[str, ...] = ()
    timings: tuple[str, ...] = ("flat",)


Programs = Program | Sequence[Program]


class Backend(ABC):
    """A machine that runs programs, bit-identical to `reference` for every program."""

    @abstractmethod
    def capabilities(self) -> Capabilities: ...
    @abstractmethod
    def run(self, program: Programs, batch: Batch, config: MachineConfig, max_steps: int) -> Execution:
        """Run every instance until it stops or has retired `max_steps` instructions."""


class DifferentiableBackend(Backend):
    """A machine that also runs soft programs and differentiates through the run."""

    @abstractmethod
    def run_soft(
        self, program: SoftProgram, batch: Batch, config: MachineConfig, temperature: float, steps: int
    ) -> SoftExecution:
        """Run `steps` soft steps; temperature 0 is the hard machine. Raises UserError for NaN or infinite logits."""

    @abstractmethod
    def soft_gradient(
        self, program: SoftProgram, batch: Batch, config: MachineConfig, temperature: float, steps: int,
        cotangent: SoftExecution,
    ) -> SoftProgram:  # fmt: skip
        """Gradient of `sum(cotangent * run_soft(...))` with respect to the logits, shaped as the program."""
