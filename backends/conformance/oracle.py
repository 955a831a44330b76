"""The judge of `reference`: Unicorn (QEMU's RISC-V translator), which nobody here wrote.

Unicorn has no RV32E and its own idea of traps, so it judges what both have: executions of legal instructions inside memory.
"""

from collections import OrderedDict
from typing import final

import numpy as np

from backends.conformance.cases import Case
from backends.core import isa
from backends.core.isa import encode
from backends.core.isa.instruction_set import of
from backends.core.run import active
from backends.core.state import AT_ECALL, AT_TOHOST, HALTED, RUNNING
from backends.core.timing import EMPTY
from backends.interface import TIMINGS, Backend, Cache, Capabilities, Cause, Execution, Session, State, UserError

try:
    import unicorn
    from unicorn import riscv_const
except ImportError:  # an extra of the project; `create` says so
    unicorn = None

_PAGE = 4096


class _Waits:
    """Cycles that the accesses of an instance wait for its cache; an ordered dictionary a set, the oldest line first."""

    def __init__(self, cache: Cache, lines: np.ndarray) -> None:
        """lines: `[sets, ways]`, as `timing.initial_lines` gives them."""
        self.cache, self.cycles = cache, 0
        self.sets = [OrderedDict.fromkeys(n for n in reversed(held) if n != EMPTY) for held in lines.tolist()]

    def hook(self, _machine, _kind, address: int, size: int, _value, _data) -> None:
        """Called by Unicorn before a load or store."""
        for line in range(address // self.cache.line_bytes, (address + size - 1) // self.cache.line_bytes + 1):
            held = self.sets[line % self.cache.sets]
            self.cycles += self.cache.hit_cycles if line in held else self.cache.miss_cycles
            held[line] = None
            held.move_to_end(line)
            if len(held) > self.cache.ways:
                held.popitem(last=False)


@final
class Unicorn(Backend):
    """Runs instances on Unicorn one instruction at a time; environment, traps and endings as the house rules have them."""

    def __init__(self) -> None:
        if unicorn is None:
            raise UserError("unicorn is not installed: pip install unicorn")

    def capabilities(self) -> Capabilities:
        return Capabilities(devices=("cpu",), timings=TIMINGS, atomics=True)

    def open(self, state: State) -> Session:
        return UnicornSession(state)


class UnicornSession(Session):
    def __init__(self, state: State) -> None:
        self.state, config = state, state.config
        self.machine = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
        first = config.memory_base // _PAGE * _PAGE
        last = -(-(config.memory_base + config.memory_bytes) // _PAGE) * _PAGE
        self.machine.mem_map(first, last - first)
        self.registers = [riscv_const.UC_RISCV_REG_X0 + i for i in range(1, config.registers)]
        self.waits = [_Waits(config.cache, lines) for lines in state.lines]

    def advance(self, max_steps: np.ndarray) -> None:
        for b in np.flatnonzero(active(self.state, max_steps)).tolist():
            hooks = unicorn.UC_HOOK_MEM_READ | unicorn.UC_HOOK_MEM_WRITE
            hook = self.machine.hook_add(hooks, self.waits[b].hook) if self.state.config.timing == "cache" else None
            self._advance(b, int(max_steps[b]))
            self.state.stalls[b] = self.waits[b].cycles
            if hook is not None:
                self.machine.hook_del(hook)

    def refresh(self, instances: np.ndarray) -> None:
        """Nothing is kept between advances."""

    def _advance(self, b: int, max_steps: int) -> None:
        state, machine, base = self.state, self.machine, self.state.config.memory_base
        pc, steps, status = int(state.pc[b]), int(state.retired[b]), RUNNING
        machine.mem_write(base, state.memory[b].tobytes())
        machine.ctl_flush_tb()  # it keeps translations of code that mem_write replaced
        for number, value in zip(self.registers, state.registers[b, 1:].tolist(), strict=True):
            machine.reg_write(number, value)
        while status == RUNNING and steps < max_steps:
            status, pc, retired = self._step(b, pc)
            steps += retired
        state.status[b], state.pc[b], state.retired[b] = status, pc, steps
        state.memory[b] = np.frombuffer(machine.mem_read(base, state.config.memory_bytes), np.uint8)
        state.registers[b, 1:] = [machine.reg_read(r) for r in self.registers]

    def _step(self, b: int, pc: int) -> tuple[int, int, int]:
        """(status, pc, instructions retired) after one instruction."""
        machine, tohost = self.machine, int(self.state.tohost[b])
        word = int.from_bytes(machine.mem_read(pc, 4), "little")
        name = _NAMES.get(word)
        if name == "ebreak":
            return HALTED, pc + 4, 1
        if name == "ecall":
            return AT_ECALL, pc, 0
        machine.emu_start(pc, 0xFFFFFFFF, count=1)
        pc = machine.reg_read(riscv_const.UC_RISCV_REG_PC)
        if tohost >= self.state.config.memory_base and any(machine.mem_read(tohost, 4)):
            return AT_TOHOST, pc, 1
        return RUNNING, pc, 1


_NAMES = {encode(name): name for name in ("ecall", "ebreak")}
_RESERVATION = {row.number for row in isa.ATOMICS if row.name in ("lr.w", "sc.w")}


def judgeable(case: Case, result: Execution) -> np.ndarray:
    """`[B]` bool: the instances that Unicorn can judge: those that neither trapped, nor have a counter read among their
    words (Unicorn's clock is its own) or both `lr.w` and `sc.w` (its reservation ends where the word changes), nor changed
    their code (it sees that before `fence.i`); of added operations none."""
    if case.config.extensions:
        return np.zeros(len(result.pc), bool)
    counters = {op.number for op in isa.OPERATIONS if op.kind == "counter"}
    plain, unchanged = [], []
    for program in case.programs:
        words = np.frombuffer(program.image.tobytes() + bytes(-len(program.image) % 4), "<u4")
        decoded = of(case.config).decode(words).op
        used = set(decoded.tolist())
        plain.append(not counters & used and not used >= _RESERVATION)
        unchanged.append(np.repeat(decoded != isa.ILLEGAL, 4)[: len(program.image)])
    good = np.array(plain)[case.index] & (result.cause == Cause.NONE)
    for b in np.flatnonzero(good):
        program, code = case.programs[case.index[b]], unchanged[case.index[b]]
        start = program.base - case.config.memory_base
        good[b] = (result.memory[b, start : start + len(code)][code] == program.image[code]).all()
    return good
