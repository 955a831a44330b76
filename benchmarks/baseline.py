"""Baselines that nobody tuned for us: a C switch interpreter built with `-O3`, and Unicorn."""

import ctypes
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from backends.core import toolchain
from backends.core.isa.instruction_set import named
from backends.core.isa.packing import SCRATCH, pack
from backends.interface import Program

HERE = Path(__file__).parent


@cache
def _interpreter() -> ctypes.CDLL:
    folder = Path(tempfile.mkdtemp(prefix="interpreter-"))
    library = folder / "interpreter.so"
    options = ("-O3", "-march=native", "-fno-sanitize=all", "-shared", "-fPIC")
    toolchain.clang(options, [HERE / "native" / "interpreter.c"], library).check_returncode()
    return ctypes.CDLL(str(library))


def c_interpreter(program: Program, isa: str, registers: dict[int, int], max_steps: int) -> tuple[np.ndarray, int]:
    """Run until the first environment call; registers `[33]` uint32 and instructions retired."""
    config = toolchain.machine_for(program, isa)
    memory = np.zeros(config.memory_bytes, np.uint8)
    memory[: len(program.image)] = program.image
    code = pack(memory.view(np.uint32)[: len(program.image) // 4], config.memory_base, named(isa))
    x = np.zeros(SCRATCH + 1, np.uint32)
    x[: config.registers] = toolchain.initial_registers(config, registers)[0]
    slot, cycles = ctypes.c_uint32((program.entry - program.base) // 4), ctypes.c_uint64(0)
    _interpreter().interpret(
        code.ctypes.data_as(ctypes.c_void_p), ctypes.c_uint32(len(code) - 1), x.ctypes.data_as(ctypes.c_void_p),
        memory.ctypes.data_as(ctypes.c_void_p), ctypes.c_uint32(len(memory)), ctypes.c_uint32(config.memory_base),
        ctypes.byref(slot), ctypes.byref(cycles), ctypes.c_uint64(max_steps),
    )  # fmt: skip
    return x, cycles.value


def on_unicorn(program: Program, isa: str, registers: dict[int, int], stop: int) -> None:
    """Run to the address `stop` on Unicorn, without hooks, as fast as it can."""
    import unicorn
    from unicorn import riscv_const

    config = toolchain.machine_for(program, isa)
    machine = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
    first = config.memory_base & ~4095
    machine.mem_map(first, (config.memory_base + config.memory_bytes - first + 4095) & ~4095)
    machine.mem_write(program.base, program.image.tobytes())
    for number, value in enumerate(toolchain.initial_registers(config, registers)[0].tolist()):
        if number:
            machine.reg_write(riscv_const.UC_RISCV_REG_X0 + number, value)
    machine.emu_start(program.entry, stop)
