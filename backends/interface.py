"""The one interface of all machines. A backend is a package in `backends/`, found by its name, whose `__init__.py` has a
function `create() -> Backend`. What crosses the interface is NumPy; what every machine does alike is in `backends/core/run.py`.

`B` is the number of instances, `R` of registers (16 or 32), `M` of bytes of memory, `L` of soft slots, `N` of soft operations.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple, final

import numpy as np

if TYPE_CHECKING:
    from backends.core.environments import Environment
    from backends.core.isa import Operation
    from backends.core.soft import SoftRun

REGISTERS = {"rv32em": 16, "rv32im": 32, "rv32ima": 32}
TIMINGS = ("flat", "cache")
_CHOICES = {"isa": tuple(REGISTERS), "timing": TIMINGS, "relaxation": ("bits", "value"), "dtype": ("float32", "float64")}
MAX_MEMORY_BYTES = 1 << 28
Array = Any  # NumPy's where it crosses the interface, a machine's own within it


class UserError(Exception):
    """A mistake of the user: one line that names the thing and how to fix it. Commands exit with 2."""


class Status(IntEnum):
    """How a run ended. Behind TRAPPED: what only a State has, an instance that waits for its environment."""

    OUT_OF_STEPS = RUNNING = 0
    EXITED = 1  # ecall exit
    HALTED = 2  # ebreak, or a store to `tohost` of a word whose bit 0 is set
    TRAPPED = 3
    AT_ECALL = 4  # pc is the instruction's, which is not yet counted
    AT_FENCE = 5  # fence.i; likewise
    AT_TOHOST = 6  # pc is behind the store, which is counted
    SUSPENDED = 7  # by the environment, which may resume it


class Cause(IntEnum):
    """Why an instance trapped."""

    NONE = 0
    ILLEGAL_INSTRUCTION = 1
    MISALIGNED_FETCH = 2
    ACCESS_OUTSIDE_MEMORY = 3
    UNKNOWN_ENVIRONMENT_CALL = 4
    OUTPUT_LIMIT = 5
    MISALIGNED_ATOMIC = 7
    UNKNOWN_DEVICE_COMMAND = 6  # a store to `tohost` of a non-zero word whose bit 0 is clear; the store is done


@dataclass(frozen=True)
class Program:
    """A program as it lies in memory: image `[n]` uint8 from address `base` on.

    syscall_register: where an environment call's number lies: 17 (a7), or 5 (t0) in the embedded calling convention.
    """

    image: np.ndarray
    base: int
    entry: int
    symbols: Mapping[str, int] = field(default_factory=dict)
    syscall_register: int = 17
    name: str = "program"


@dataclass(frozen=True)
class Cache:
    """A data cache: set-associative, the least recently used line of a set is replaced, loads and stores alike allocate.

    A line's number is address // line_bytes, its set the number modulo `sets`. An access that straddles two lines touches
    the lower one first. Instruction fetch and environment calls pass the cache by. Before every run the lines of the
    `resident` ranges (address, bytes) are read in order (none: the cache is flushed); then `evictions` places, drawn for each
    instance from `seed`, are emptied; then the `background` addresses are read, which may lie outside memory. Raises UserError.
    """

    line_bytes: int = 64
    sets: int = 64
    ways: int = 8
    hit_cycles: int = 1
    miss_cycles: int = 30
    resident: tuple[tuple[int, int], ...] = ()
    evictions: int = 0
    background: tuple[int, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("line_bytes", 4), ("sets", 1), ("ways", 1)):
            value = getattr(self, name)
            if value < least or value & (value - 1):
                raise UserError(f"cache of {name}={value}: give a power of two, {least} or more")
        if self.sets * self.ways > 1 << 16:
            raise UserError(f"cache of {self.sets} sets x {self.ways} ways: give at most {1 << 16} lines")
        for name in ("hit_cycles", "miss_cycles", "evictions"):
            if not 0 <= getattr(self, name) < 1 << 16:
                raise UserError(f"cache with {name}={getattr(self, name)}: give a number from 0 to 65535")

    @property
    def line_shift(self) -> int:  # log2 of the line's bytes
        return self.line_bytes.bit_length() - 1


@dataclass(frozen=True)
class MachineConfig:
    """What the machine is built of; memory spans `[memory_base, memory_base + memory_bytes)`.

    extensions: operations beyond those of `isa`. cache: of timing `cache`. dtype, relaxation: of soft runs. output_bytes: at
    most, of an instance, on both its streams together. Raises UserError.
    """

    isa: str = "rv32em"
    extensions: "tuple[Operation, ...]" = ()
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
    programs each runs (None: the first); memory patches; inputs, the bytes of file descriptor 0 (empty: none)."""

    registers: np.ndarray
    programs: np.ndarray | None = None
    patches: tuple[Patch, ...] = ()
    inputs: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Execution:
    """What a run left behind: registers `[B, R]` uint32; memory `[B, M]` uint8; pc `[B]` uint32 (the next instruction, or the
    one that trapped); retired instructions `[B]` and cycles `[B]` uint64 (the same under flat timing); status, cause `[B]`
    uint8 (Status, Cause); address `[B]` uint32, what the trap was about (pc, jump's target, byte, call's number, device
    command); exit_code `[B]` int64 (-1: none); output, errors: bytes that each instance wrote to file descriptors 1 and 2.
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
    errors: tuple[bytes, ...]


@dataclass
class State:
    """Everything of a run in progress, on the host, writable. Arrays as in `Execution`, also their types; programs, index
    `[B]`, patches: what was loaded, as in `Batch`. stalls `[B]` uint64: cycles beyond one per instruction. lines `[B, sets,
    ways]` uint32: of the caches, the most recently used first. tohost, reserved `[B]` int64: addresses, of that symbol and what
    `lr.w` reserved, -1 for none. fetched: by instance, the memory `[M]` uint8 of instructions, where it is not what was loaded.
    """

    config: MachineConfig
    programs: tuple[Program, ...]
    index: np.ndarray
    patches: tuple[Patch, ...]
    registers: np.ndarray
    memory: np.ndarray
    pc: np.ndarray
    retired: np.ndarray
    stalls: np.ndarray
    lines: np.ndarray
    status: np.ndarray
    cause: np.ndarray
    address: np.ndarray
    exit_code: np.ndarray
    tohost: np.ndarray
    reserved: np.ndarray
    output: list[bytearray]
    errors: list[bytearray]
    inputs: list[bytes]
    fetched: dict[int, np.ndarray] = field(default_factory=dict)


class Logits(NamedTuple):
    """One row a slot; `core/soft.py` says what columns are. op `[L, N]`, rd, rs1, rs2 `[L, R]`, imm `[L, 32]` (bits are 1)."""

    op: Array
    rd: Array
    rs1: Array
    rs2: Array
    imm: Array


@dataclass(frozen=True)
class SoftProgram:
    """A program as logits. Slot i lies at address base + 4 i; the run starts at slot `start`."""

    logits: Logits
    base: int = 0
    start: int = 0


class SoftExecution(NamedTuple):
    """After a soft run: registers `[B, R, 32]` bit expectations (relaxation bits) or `[B, R]` words (value); memory
    `[B, M, 8]` or `[B, M]` likewise; pc `[B, L + 2]`, mass per slot, then halted, then trapped.
    """

    registers: Array
    memory: Array
    pc: Array


@dataclass(frozen=True)
class Capabilities:
    """devices that this backend can use here; relaxations it offers (none: not differentiable); timing models; whether it runs
    operations that extend the ISA; devices for soft runs, if they are others (none: they are not); whether it has atomics."""

    devices: tuple[str, ...]
    relaxations: tuple[str, ...] = ()
    timings: tuple[str, ...] = ("flat",)
    extensions: bool = False
    soft_devices: tuple[str, ...] = ()
    atomics: bool = False


Programs = Program | Sequence[Program]


class Session(ABC):
    """A machine at work on a State, which it keeps up to date. All that a new machine writes."""

    @abstractmethod
    def advance(self, max_steps: np.ndarray) -> None:
        """Run every instance whose status is RUNNING until it stops, waits for its environment, or has retired its own of
        the limits `max_steps` `[B]` uint64 in all. pc, `retired` and status may have changed since the last call."""

    @abstractmethod
    def refresh(self, instances: np.ndarray) -> None:
        """The host changed registers, memory or `fetched` of the instances `[k]`. Read copies of them again."""


class Backend(ABC):
    """A machine that runs programs, bit-identical to `reference` for every program."""

    @abstractmethod
    def capabilities(self) -> Capabilities: ...
    @abstractmethod
    def open(self, state: State) -> Session:
        """Begin to work on a state, which may be in the middle of a run: `retired`, `fetched` and all else are as found."""

    @final
    def run(
        self, program: Programs, batch: Batch, config: MachineConfig, max_steps: int, environment: "Environment | None" = None,
    ) -> Execution:  # fmt: skip
        """Run every instance until it stops or has retired `max_steps` instructions, in an environment (None: `Bare`). Raises
        UserError for what does not fit the machine."""
        from backends.core import run

        return run.run(self, program, batch, config, max_steps, environment)


class DifferentiableBackend(Backend):
    """A machine that also runs soft programs and differentiates through the run."""

    @abstractmethod
    def run_soft(self, run: "SoftRun") -> SoftExecution:
        """What is there after the run's steps. Raises UserError for what this machine does not have."""

    @abstractmethod
    def soft_gradient(self, run: "SoftRun", cotangent: SoftExecution) -> Logits:
        """Gradient of `sum(cotangent * run_soft(run))` with respect to the logits."""
