"""The judge of `reference`: Unicorn (QEMU's RISC-V translator), which nobody here wrote.

Unicorn has no RV32E and its own idea of traps, so it judges what both have: executions of legal instructions inside memory.
"""

from collections import OrderedDict

import numpy as np

from backends.conformance.cases import Case
from backends.core import environment, isa
from backends.core.isa import encode
from backends.core.timing import EMPTY, TIMINGS, Cache
from backends.interface import Backend, Batch, Capabilities, Cause, Execution, MachineConfig, UserError

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


class Unicorn(Backend):
    """Runs instances on Unicorn one instruction at a time; environment, traps and endings as the house rules have them."""

    def __init__(self) -> None:
        if unicorn is None:
            raise UserError("unicorn is not installed: pip install unicorn")
        self.x = [riscv_const.UC_RISCV_REG_X0 + i for i in range(32)]

    def capabilities(self) -> Capabilities:
        return Capabilities(devices=("cpu",), timings=TIMINGS)

    def run(self, program, batch: Batch, config: MachineConfig, max_steps: int) -> Execution:
        state = environment.load(program, batch, config, max_steps)
        machine = self._machine(config)
        for b in np.flatnonzero(state.status == environment.RUNNING):
            waits = _Waits(config.cache, state.lines[b])
            hooks = unicorn.UC_HOOK_MEM_READ | unicorn.UC_HOOK_MEM_WRITE
            hook = machine.hook_add(hooks, waits.hook) if config.timing == "cache" else None
            while state.status[b] == environment.RUNNING and state.retired[b] < max_steps:
                self._until_it_waits(machine, state, int(b), max_steps)
                environment.service(state)
            state.stalls[b] = waits.cycles
            if hook is not None:
                machine.hook_del(hook)
        return environment.finish(state)

    def _machine(self, config: MachineConfig):
        machine = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
        first = config.memory_base // _PAGE * _PAGE
        last = -(-(config.memory_base + config.memory_bytes) // _PAGE) * _PAGE
        machine.mem_map(first, last - first)
        return machine

    def _until_it_waits(self, machine, state: environment.State, b: int, max_steps: int) -> None:
        base, size, pc = state.config.memory_base, state.config.memory_bytes, int(state.pc[b])
        registers, steps, status = self.x[1 : state.config.registers], int(state.retired[b]), environment.RUNNING
        machine.mem_write(base, state.memory[b].tobytes())
        machine.ctl_flush_tb()  # it keeps translations of code that mem_write replaced
        for number, value in zip(registers, state.registers[b, 1:].tolist(), strict=True):
            machine.reg_write(number, value)
        while status == environment.RUNNING and steps < max_steps:
            status, pc, retired = self._step(machine, state, b, pc)
            steps += retired
        state.status[b], state.pc[b], state.retired[b] = status, pc, steps
        state.memory[b] = np.frombuffer(machine.mem_read(base, size), np.uint8)
        state.registers[b, 1:] = [machine.reg_read(r) for r in registers]

    def _step(self, machine, state: environment.State, b: int, pc: int) -> tuple[int, int, int]:
        """(status, pc, instructions retired) after one instruction."""
        word = int.from_bytes(machine.mem_read(pc, 4), "little")
        name = _NAMES.get(word)
        if name == "ebreak":
            return environment.HALTED, pc + 4, 1
        if name == "ecall":
            return environment.AT_ECALL, pc, 0
        machine.emu_start(pc, 0xFFFFFFFF, count=1)
        pc = machine.reg_read(riscv_const.UC_RISCV_REG_PC)
        start = int(state.tohost[b]) - state.config.memory_base
        if start >= 0 and any(machine.mem_read(int(state.tohost[b]), 4)):
            return environment.AT_TOHOST, pc, 1
        return environment.RUNNING, pc, 1


_NAMES = {encode(name): name for name in ("ecall", "ebreak")}


def judgeable(case: Case, result: Execution) -> np.ndarray:
    """`[B]` bool: the instances that Unicorn can judge: those that neither trapped, nor have a counter read among their
    words (Unicorn's clock is its own), nor changed their code (it sees that before `fence.i`)."""
    counters = {op.number for op in isa.OPERATIONS if op.kind == "counter"}
    plain, unchanged = [], []
    index = np.zeros(len(result.pc), int) if case.batch.programs is None else case.batch.programs
    for program in case.programs:
        words = np.frombuffer(program.image.tobytes() + bytes(-len(program.image) % 4), "<u4")
        decoded = isa.decode(words, case.config.registers).op
        plain.append(not counters & set(decoded.tolist()))
        unchanged.append(np.repeat(decoded != isa.ILLEGAL, 4)[: len(program.image)])
    good = np.array(plain)[index] & (result.cause == Cause.NONE)
    for b in np.flatnonzero(good):
        program, code = case.programs[index[b]], unchanged[index[b]]
        start = program.base - case.config.memory_base
        good[b] = (result.memory[b, start : start + len(code)][code] == program.image[code]).all()
    return good
