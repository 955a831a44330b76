"""The executable specification: one instruction at a time, in plain Python integers. Slow and obvious.

Every other machine must leave the same `Execution`. Source: The RISC-V Instruction Set Manual, volume I.
"""

from functools import lru_cache
from typing import final

import numpy as np

from backends.core import isa, timing
from backends.core.isa.instruction_set import Isa, of
from backends.core.isa.words import Integers
from backends.core.observation import ObservingBackend, Shadow
from backends.core.state import AT_ECALL, AT_FENCE, AT_TOHOST, HALTED, NO_RESERVATION, RUNNING, TRAPPED, instruction_memory
from backends.interface import TIMINGS, Cache, Capabilities, Cause, Session, State
from backends.reference.observer import Observer

WORD = 0xFFFFFFFF
_WORDS = Integers()


@lru_cache(maxsize=1 << 16)
def decode_word(word: int, isa_: Isa) -> tuple[isa.Operation, int, int, int, int] | None:
    """(operation, rd, rs1, rs2, imm), or None for an illegal instruction."""
    d = isa_.decode(np.array([word], np.uint32))
    if d.op[0] == isa.ILLEGAL:
        return None
    return isa_.numbered(int(d.op[0])), int(d.rd[0]), int(d.rs1[0]), int(d.rs2[0]), int(d.imm[0])


class Trap(Exception):
    """Raised inside a step; (cause, address)."""


class Hart:
    """One instance: reads and writes row `b` of the state, steps until it stops or waits for the environment."""

    def __init__(self, state: State, b: int, observer: Observer | None = None) -> None:
        self.b, self.state, self.observer = b, state, observer
        self.base, self.size = state.config.memory_base, state.config.memory_bytes
        self.isa = of(state.config)
        self.cache = state.config.cache if state.config.timing == "cache" else None
        self.fetch()

    def fetch(self) -> None:
        """Take the memory that instructions come from; it is decoded as it is reached."""
        self.snapshot = instruction_memory(self.state, self.b).tobytes()
        self.decoded: dict[int, tuple] = {}

    def run(self, max_steps: int) -> None:
        state, b, status = self.state, self.b, RUNNING
        self.x, self.memory, self.pc = state.registers[b].tolist(), state.memory[b], int(state.pc[b])
        self.retired, self.stalls = int(state.retired[b]), int(state.stalls[b])
        self.sets = [[n for n in held if n != timing.EMPTY] for held in state.lines[b].tolist()]
        while status == RUNNING and self.retired < max_steps:
            status = self.step()
        state.registers[b], state.pc[b], state.status[b] = self.x, self.pc, status
        state.retired[b], state.stalls[b] = self.retired, self.stalls
        for row, held in zip(state.lines[b], self.sets, strict=True):
            row[: len(held)] = held

    def step(self) -> int:
        try:
            instruction = self.instruction()
            if self.observer:
                self.observer.see(self, *instruction)
            return self.execute(*instruction)
        except Trap as trap:
            self.state.cause[self.b], self.state.address[self.b] = trap.args
            return TRAPPED

    def instruction(self) -> tuple:
        if self.pc not in self.decoded:
            offset = self.pc - self.base
            if not 0 <= offset <= self.size - 4:
                raise Trap(Cause.ACCESS_OUTSIDE_MEMORY, self.pc)
            word = int.from_bytes(self.snapshot[offset : offset + 4], "little")
            decoded = decode_word(word, self.isa)
            if decoded is None:
                raise Trap(Cause.ILLEGAL_INSTRUCTION, self.pc)
            self.decoded[self.pc] = decoded
        return self.decoded[self.pc]

    def execute(self, row: isa.Operation, rd: int, rs1: int, rs2: int, imm: int) -> int:
        a, b, status, target = self.x[rs1], self.x[rs2], RUNNING, self.pc + 4 & WORD
        name, kind, value = row.name, row.kind, None
        if row.computes:
            value = row.meaning(_WORDS, a, b if kind == "alu" else imm)
        elif kind == "load":
            value = self.load(row, a + imm & WORD)
        elif kind == "store":
            status = self.store(row, a + imm & WORD, b)
        elif kind == "atomic":
            value, status = self.atomic(row, a, b)
        elif kind == "branch":
            target = self.target(self.pc + imm) if row.meaning(_WORDS, a, b) else target
        elif kind == "jump":
            value, target = target, self.target(self.pc + imm if name == "jal" else a + imm & ~1)
        elif kind == "upper":
            value = imm if name == "lui" else self.pc + imm
        elif kind == "counter":
            count = self.retired + (0 if name.startswith("rdinstret") else self.stalls)
            value = count >> (32 if name.endswith("h") else 0)
        elif name == "ebreak":
            status = HALTED
        elif name in ("ecall", "fence.i"):
            return AT_ECALL if name == "ecall" else AT_FENCE
        if value is not None and rd:
            self.x[rd] = value & WORD
        self.pc, self.retired = target, self.retired + 1
        return status

    def target(self, address: int) -> int:
        if address & 3:
            raise Trap(Cause.MISALIGNED_FETCH, address & WORD)
        return address & WORD

    def offset(self, address: int, width: int) -> int:
        offset = address - self.base
        if not 0 <= offset <= self.size - width:
            raise Trap(Cause.ACCESS_OUTSIDE_MEMORY, address)
        if self.cache:
            self.stalls += self.wait(self.cache, address, address + width - 1)
        return offset

    def wait(self, cache: Cache, first: int, last: int) -> int:
        """Cycles that an access to the bytes `first` to `last` adds; brings their lines into the cache."""
        cycles = 0
        for line in range(first >> cache.line_shift, (last >> cache.line_shift) + 1):
            hit = timing.touch(self.sets[line % cache.sets], line, cache.ways)
            cycles += cache.hit_cycles if hit else cache.miss_cycles
        return cycles

    def load(self, row: isa.Operation, address: int) -> int:
        offset = self.offset(address, row.width)
        return int.from_bytes(self.memory[offset : offset + row.width].tobytes(), "little", signed=row.signed)

    def atomic(self, row: isa.Operation, address: int, value: int) -> tuple[int, int]:
        """What rd receives, and the status."""
        if address & 3:
            raise Trap(Cause.MISALIGNED_ATOMIC, address)
        old, reserved = self.load(row, address), self.state.reserved
        if row.name == "lr.w":
            reserved[self.b] = address
            return old, RUNNING
        if row.name != "sc.w":
            return old, self.put(row, address, row.meaning(_WORDS, old, value) & WORD)
        failed, reserved[self.b] = reserved[self.b] != address, NO_RESERVATION
        return int(failed), RUNNING if failed else self.put(row, address, value)

    def store(self, row: isa.Operation, address: int, value: int) -> int:
        self.offset(address, row.width)
        return self.put(row, address, value)

    def put(self, row: isa.Operation, address: int, value: int) -> int:
        """A store to where an access was found to lie in memory."""
        offset = address - self.base
        self.memory[offset : offset + row.width] = np.frombuffer(value.to_bytes(4, "little"), np.uint8, row.width)
        return AT_TOHOST if address == self.state.tohost[self.b] else RUNNING


class ReferenceSession(Session):
    def __init__(self, state: State, shadow: Shadow | None = None) -> None:
        self.state = state
        self.harts = [Hart(state, b, Observer(shadow, b) if shadow else None) for b in range(len(state.pc))]

    def advance(self, max_steps: np.ndarray) -> None:
        for b in np.flatnonzero((self.state.status == RUNNING) & (self.state.retired < max_steps)).tolist():
            self.harts[b].run(int(max_steps[b]))

    def refresh(self, instances: np.ndarray) -> None:
        for b in instances.tolist():
            self.harts[b].fetch()


@final
class Reference(ObservingBackend):
    def capabilities(self) -> Capabilities:
        return Capabilities(devices=("cpu",), timings=TIMINGS, extensions=True, atomics=True)

    def open(self, state: State) -> Session:
        return ReferenceSession(state)

    def open_observed(self, state: State, shadow: Shadow) -> Session:
        return ReferenceSession(state, shadow)
