"""What an observer of a run sees beside its result: the trace of addresses, and what of it depends on a secret.

`W` is the number of words of memory: slot w is the instruction at memory_base + 4 w.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np

from backends.core import isa, run, taint
from backends.core.environments import Environment, bare
from backends.core.isa.instruction_set import of
from backends.core.state import AT_ECALL, AT_FENCE, finish
from backends.interface import Backend, Batch, Cause, Execution, MachineConfig, Programs, Session, State, UserError

MULTIPLIER, START = 0x9E3779B97F4A7C15, 1
"""A trace's hash begins with START; every address makes it (hash * MULTIPLIER + address) mod 2^64."""
CALL_DEPTH, CALLERS = 64, 4
"""Return addresses that a machine remembers, and how many of them, innermost first, it keeps of a violation."""
LINK_REGISTERS = (1, 5)
"""A jump that writes one of these is a call; `jalr x0` through one is a return (RISC-V calling convention)."""
VARIABLE_TIME = tuple(row.name for row in isa.OPERATIONS if taint.RULES[row.number] == taint.VARIABLE)


@dataclass(frozen=True)
class Secret:
    """Where a secret lies when the run starts: `size` bytes of memory from `address` on, or the low `size` bytes of
    a register."""

    name: str
    size: int
    address: int | None = None
    register: int | None = None


@dataclass(frozen=True)
class Watch:
    """What to observe: the hashes of the trace; what depends on the secrets (at most 8; none: no taint is tracked); how often
    each instruction runs."""

    trace: bool = False
    secrets: tuple[Secret, ...] = ()
    counts: bool = False

    def __post_init__(self) -> None:
        if len(self.secrets) > taint.MAX_SECRETS:
            raise UserError(f"{len(self.secrets)} secrets: at most {taint.MAX_SECRETS} can be told apart")


@dataclass(frozen=True)
class Observation:
    """What was seen. Without `trace` the hashes are 0, without secrets and without `counts` W is 0 in what these are about.

    pcs `[B]` uint64: hash of the addresses of the instructions fetched, in order, the last one included. accesses `[B]`
    uint64: hash of the data addresses of loads and stores within memory. executed `[B, W]` bool: which slots were fetched.
    leaks `[B, W]` uint8: the secrets, as bits, on which a branch, a jump's target, an address, an operand of a
    variable-time operation, an environment call's number or arguments, or the instruction itself depended. callers
    `[B, W, CALLERS]` uint32: return addresses when a slot first leaked, innermost first, 0 where there are no more. counts
    `[B, W]` int64: how often each slot was executed, and entered: how often by a jump or a branch taken that led there.
    """

    pcs: np.ndarray
    accesses: np.ndarray
    executed: np.ndarray
    leaks: np.ndarray
    callers: np.ndarray
    counts: np.ndarray
    entered: np.ndarray


class ObservingBackend(Backend):
    """A machine whose runs can be observed."""

    @abstractmethod
    def open_observed(self, state: State, shadow: "Shadow") -> Session:
        """`open`, keeping the shadow up to date as well. Raises UserError where runs cannot be observed."""

    @final
    def observe(
        self, program: Programs, batch: Batch, config: MachineConfig, max_steps: int, watch: Watch
    ) -> tuple[Execution, Observation]:
        """`run`, observed. Raises UserError for a program that rewrites its instructions while taint is tracked."""
        state = run.start(self, program, batch, config, max_steps)
        seen = shadow(state, watch)
        run.drive(self.open_observed(state, seen), state, Observed(seen), max_steps)
        return finish(state), seen.finish(state)


@dataclass(frozen=True)
class Shadow(Observation):
    """What a machine keeps of an observed run beside what was seen; without secrets M is 0.

    registers `[B, R]` uint32 and memory `[B, M]` uint8: taint, as `taint.py` describes it. calls `[B, CALL_DEPTH]` uint32:
    return addresses of the calls not yet returned from, at position depth % CALL_DEPTH. depth `[B]` int64: how many.
    instructions `[W]` uint8: the secrets that lay in each slot at the start, where instructions come from. counts has one slot
    more, and in each the difference from the slot before.
    """

    registers: np.ndarray
    memory: np.ndarray
    calls: np.ndarray
    depth: np.ndarray
    instructions: np.ndarray
    watch: Watch

    def finish(self, state: State) -> Observation:
        """What was seen. A secret that was fetched leaks, also one that turned out to be no instruction."""
        fetched = self.executed.copy()
        if self.leaks.size:
            illegal = np.flatnonzero(state.cause == Cause.ILLEGAL_INSTRUCTION)
            fetched[illegal, (state.pc[illegal].astype(np.int64) - state.config.memory_base) // 4] = True
        leaks = self.leaks | np.where(fetched, self.instructions, 0).astype(np.uint8)
        counts = np.cumsum(self.counts[:, :-1], axis=1)
        return Observation(self.pcs, self.accesses, self.executed, leaks, self.callers, counts, self.entered)


@final
class Observed(Environment):
    """The bare environment of an observed run: what its calls leak, and what they put into memory."""

    def __init__(self, shadow: Shadow) -> None:
        self.shadow, self.inner = shadow, bare.Bare()

    def answer(self, state: State) -> np.ndarray:
        """Raises UserError at a `fence.i`: taint of instructions that change is not tracked."""
        if not self.shadow.leaks.size:
            return self.inner.answer(state)
        if len(fenced := np.flatnonzero(state.status == AT_FENCE)):
            raise UserError(
                f"the program rewrites its instructions (fence.i at {state.pc[fenced[0]]:#x}): such a run cannot be checked"
            )
        shadow, called = self.shadow, np.flatnonzero(state.status == AT_ECALL)
        slots = (state.pc[called].astype(np.int64) - state.config.memory_base) // 4
        shadow.leaks[called, slots] |= call_leaks(state, called, shadow.registers[called])
        reading = called[bare.call_numbers(state, called) == bare.SYSTEM_READ]
        changed = self.inner.answer(state)
        for b in reading:  # what came in is public
            start = int(state.registers[b, bare.ARGUMENTS[1]]) - state.config.memory_base
            count = max(0, int(state.registers[b, bare.ARGUMENTS[0]].astype(np.int32)))  # negative: an error
            shadow.memory[b, start : start + count] = 0
        shadow.registers[called, bare.ARGUMENTS[0]] = 0
        return changed


def shadow(state: State, watch: Watch) -> Shadow:
    """The Shadow with which the observation of a run starts. Raises UserError."""
    size, tracked = len(state.pc), bool(watch.secrets)
    if watch.secrets and (state.config.extensions or of(state.config).atomic):
        raise UserError(
            "what atomic and added operations let through of a secret is not known: watch for secrets on rv32em or rv32im"
        )
    registers, memory = np.zeros(state.config.registers, np.uint32), np.zeros(state.config.memory_bytes, np.uint8)
    for number, secret in enumerate(watch.secrets):
        if secret.register:  # x0 holds no secret
            registers[secret.register] |= np.uint32((1 << 8 * secret.size) // 255 << number)
        if secret.address is not None:
            start = secret.address - state.config.memory_base
            if start < 0 or start + secret.size > len(memory):
                raise UserError(f"secret {secret.name} lies outside memory: give a memory that holds it")
            memory[start : start + secret.size] |= np.uint8(1 << number)
    slots, start = len(memory) // 4 if tracked else 0, START if watch.trace else 0
    counted = state.config.memory_bytes // 4 if watch.counts else 0
    return Shadow(
        np.full(size, start, np.uint64), np.full(size, start, np.uint64), np.zeros((size, slots), bool),
        np.zeros((size, slots), np.uint8), np.zeros((size, slots, CALLERS), np.uint32),
        np.zeros((size, counted + 1), np.int64), np.zeros((size, counted), np.int64), np.tile(registers, (size, 1)),
        np.tile(memory[: 4 * slots], (size, 1)), np.zeros((size, CALL_DEPTH), np.uint32), np.zeros(size, np.int64),
        np.bitwise_or.reduce(memory[: 4 * slots].reshape(-1, 4), axis=1), watch,
    )  # fmt: skip


def call_leaks(state: State, called: np.ndarray, registers: np.ndarray) -> np.ndarray:
    """`[k]` uint8, the secrets on which the environment calls of the instances `called` `[k]` depend.

    registers: their taints `[k, R]` uint32. What counts is the number, and of a read or write the file, the address and the
    length. An exit's code is a result.
    """
    seen = registers[np.arange(len(called)), bare.number_registers(state, called)]
    arguments = np.bitwise_or.reduce(registers[:, list(bare.ARGUMENTS)], axis=1)
    exits = np.isin(bare.call_numbers(state, called), bare.EXITS)
    seen |= np.where(exits, np.uint32(0), arguments)
    return np.bitwise_or.reduce(seen.view(np.uint8).reshape(-1, 4), axis=1)
