"""The executable specification: one instruction at a time, in plain Python integers. Slow and obvious.

Every other machine must leave the same `Execution`. Source: The RISC-V Instruction Set Manual, volume I.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from backends.core import environment, isa, observation, timing
from backends.core.environment import AT_ECALL, AT_FENCE, AT_TOHOST, HALTED, RUNNING, TRAPPED, State
from backends.core.observation import Observation, ObservingBackend, Watch
from backends.core.timing import Cache
from backends.interface import Batch, Capabilities, Cause, Execution, MachineConfig, Programs
from backends.reference.observer import Observer

WORD = 0xFFFFFFFF


def signed(word: int) -> int:
    """The two's complement value of a word."""
    return word - (1 << 32) if word >> 31 else word


def _divide(a: int, b: int) -> int:
    return -1 if b == 0 else abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def _remainder(a: int, b: int) -> int:
    return a if b == 0 else a - b * _divide(a, b)


# Arithmetic on words; results are taken modulo 2^32 by the caller.
ALU: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "sll": lambda a, b: a << (b & 31),
    "slt": lambda a, b: int(signed(a) < signed(b)),
    "sltu": lambda a, b: int(a < b),
    "xor": lambda a, b: a ^ b,
    "srl": lambda a, b: a >> (b & 31),
    "sra": lambda a, b: signed(a) >> (b & 31),
    "or": lambda a, b: a | b,
    "and": lambda a, b: a & b,
    "mul": lambda a, b: a * b,
    "mulh": lambda a, b: signed(a) * signed(b) >> 32,
    "mulhsu": lambda a, b: signed(a) * b >> 32,
    "mulhu": lambda a, b: a * b >> 32,
    "div": lambda a, b: _divide(signed(a), signed(b)),
    "divu": _divide,
    "rem": lambda a, b: _remainder(signed(a), signed(b)),
    "remu": _remainder,
}

BRANCH: dict[str, Callable[[int, int], bool]] = {
    "beq": lambda a, b: a == b,
    "bne": lambda a, b: a != b,
    "blt": lambda a, b: signed(a) < signed(b),
    "bge": lambda a, b: signed(a) >= signed(b),
    "bltu": lambda a, b: a < b,
    "bgeu": lambda a, b: a >= b,
}

ACCESS = {
    "lb": (1, True),
    "lh": (2, True),
    "lw": (4, False),
    "lbu": (1, False),
    "lhu": (2, False),
    "sb": (1, False),
    "sh": (2, False),
    "sw": (4, False),
}
"""Bytes accessed and whether the value is sign-extended."""


@lru_cache(maxsize=1 << 16)
def decode_word(word: int, registers: int) -> tuple[isa.Operation, int, int, int, int] | None:
    """(operation, rd, rs1, rs2, imm), or None for an illegal instruction."""
    d = isa.decode(np.array([word], np.uint32), registers)
    if d.op[0] == isa.ILLEGAL:
        return None
    return isa.OPERATIONS[d.op[0]], int(d.rd[0]), int(d.rs1[0]), int(d.rs2[0]), int(d.imm[0])


class Trap(Exception):
    """Raised inside a step; (cause, address)."""


class Hart:
    """One instance: reads and writes row `b` of the state, steps until it stops or waits for the environment."""

    def __init__(self, state: State, b: int, observer: Observer | None = None) -> None:
        self.b, self.state, self.observer = b, state, observer
        self.base, self.size = state.config.memory_base, state.config.memory_bytes
        self.x = state.registers[b].tolist()
        self.memory = state.memory[b]
        self.pc, self.retired, self.stalls = int(state.pc[b]), int(state.retired[b]), 0
        self.cache = state.config.cache if state.config.timing == "cache" else None
        self.sets = [[int(n) for n in held if n != timing.EMPTY] for held in state.lines[b]]
        self.fetch()

    def fetch(self) -> None:
        """Take the snapshot of memory that instructions come from; it is decoded as it is reached."""
        self.snapshot = self.memory.tobytes()
        self.decoded: dict[int, tuple] = {}

    def run(self, max_steps: int) -> None:
        self.x, self.pc = self.state.registers[self.b].tolist(), int(self.state.pc[self.b])
        self.retired, status = int(self.state.retired[self.b]), RUNNING
        while status == RUNNING and self.retired < max_steps:
            status = self.step()
        self.state.registers[self.b], self.state.pc[self.b], self.state.status[self.b] = self.x, self.pc, status
        self.state.retired[self.b], self.state.stalls[self.b] = self.retired, self.stalls

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
            decoded = decode_word(word, len(self.x))
            if decoded is None:
                raise Trap(Cause.ILLEGAL_INSTRUCTION, self.pc)
            self.decoded[self.pc] = decoded
        return self.decoded[self.pc]

    def execute(self, row: isa.Operation, rd: int, rs1: int, rs2: int, imm: int) -> int:
        a, b, status, target = self.x[rs1], self.x[rs2], RUNNING, self.pc + 4 & WORD
        name, kind, value = row.name, row.kind, None
        if kind == "alu":
            value = ALU[name](a, b)
        elif kind == "alu_imm":
            value = ALU[isa.REGISTER_FORM[name]](a, imm)
        elif kind == "load":
            value = self.load(name, a + imm & WORD)
        elif kind == "store":
            status = self.store(name, a + imm & WORD, b)
        elif kind == "branch":
            target = self.target(self.pc + imm) if BRANCH[name](a, b) else target
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

    def load(self, name: str, address: int) -> int:
        width, extend = ACCESS[name]
        offset = self.offset(address, width)
        return int.from_bytes(self.memory[offset : offset + width].tobytes(), "little", signed=extend)

    def store(self, name: str, address: int, value: int) -> int:
        width = ACCESS[name][0]
        offset = self.offset(address, width)
        self.memory[offset : offset + width] = np.frombuffer(value.to_bytes(4, "little"), np.uint8, width)
        return AT_TOHOST if address == self.state.tohost[self.b] else RUNNING


class Reference(ObservingBackend):
    def capabilities(self) -> Capabilities:
        return Capabilities(devices=("cpu",), timings=timing.TIMINGS)

    def run(self, program: Programs, batch: Batch, config: MachineConfig, max_steps: int) -> Execution:
        state = environment.load(program, batch, config, max_steps)
        _run(state, [Hart(state, b) for b in range(len(state.pc))], max_steps, environment.service)
        return environment.finish(state)

    def observe(
        self, program: Programs, batch: Batch, config: MachineConfig, max_steps: int, watch: Watch
    ) -> tuple[Execution, Observation]:
        state = environment.load(program, batch, config, max_steps)
        shadow = observation.shadow(state, watch)
        harts = [Hart(state, b, Observer(shadow, b, watch)) for b in range(len(state.pc))]
        _run(state, harts, max_steps, shadow.service)
        return environment.finish(state), shadow.finish(state)


def _run(state: State, harts: list[Hart], max_steps: int, service: Callable[[State], np.ndarray]) -> None:
    active = [b for b in range(len(harts)) if state.status[b] == RUNNING]
    while active:
        for b in active:
            harts[b].run(max_steps)
        for b in service(state):
            harts[b].fetch()
        active = [b for b in active if state.status[b] == RUNNING and state.retired[b] < max_steps]
