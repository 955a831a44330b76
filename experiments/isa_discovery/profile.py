"""A program on a machine, and how often each of its instructions runs."""

import io
from pathlib import Path

import numpy as np
from elftools.elf.elffile import ELFFile

from backends.core import catalog, elf, toolchain
from backends.core.isa import NUMBER
from backends.core.observation import ObservingBackend, Watch
from backends.interface import Batch, Cause, Status, UserError
from experiments.isa_discovery.discovery import Subject
from experiments.isa_discovery.machine_code import Text

MACHINE = "gpu_compute"
_EXECUTABLE = 4  # of sections, and in other flags 1 of segments


def profiled(path: Path, flags: tuple[str, ...], given: bytes, max_steps: int) -> tuple[Subject, bytes]:
    """A C, assembly or ELF file after a run, and its bytes as an ELF file. given: what it reads as its standard input.

    Raises UserError for a program that does not end, traps, or rewrites its instructions.
    """
    data, program, isa = _built(path, flags)
    config = toolchain.machine_for(program, isa)
    batch = Batch(toolchain.initial_registers(config), inputs=(given,))
    machine = catalog.create(MACHINE)
    assert isinstance(machine, ObservingBackend)
    run, seen = machine.observe(program, batch, config, max_steps, Watch(counts=True))
    if run.status[0] == Status.OUT_OF_STEPS:
        raise UserError(f"{path} does not end within {max_steps} instructions: give it more with --max-steps")
    if run.status[0] == Status.TRAPPED:
        raise UserError(f"{path} traps: {Cause(run.cause[0]).name.lower().replace('_', ' ')} at {int(run.pc[0]):#x}")
    words = (len(program.image) + 3) // 4
    text = Text(program, tuple(_ranges(data)), seen.counts[0, :words], seen.entered[0, :words])
    _check_kept(path, text, run.memory[0])
    return Subject(text, config, batch, run), data


def _built(path: Path, flags: tuple[str, ...]):
    if path.suffix in (".c", ".S", ".s"):
        data = toolchain.compile_source(path, "rv32em", flags)
    else:
        data = toolchain.read(path)
    return data, *elf.parse(data, path.name)


def _ranges(data: bytes):
    """(first address, end) of what holds instructions: sections, or segments where sections are stripped."""
    file = ELFFile(io.BytesIO(data))
    sections = [s.header for s in file.iter_sections() if s.header.sh_flags & _EXECUTABLE and s.header.sh_size]
    if sections:
        yield from ((h.sh_addr, h.sh_addr + h.sh_size) for h in sections)
    else:
        segments = [s.header for s in file.iter_segments() if s.header.p_type == "PT_LOAD" and s.header.p_flags & 1]
        yield from ((h.p_vaddr, h.p_vaddr + h.p_filesz) for h in segments)


def _check_kept(path: Path, text: Text, memory: np.ndarray) -> None:
    """Raise UserError where a program fetches anew, or has stored into its instructions."""
    fetched = np.flatnonzero((text.code.op == NUMBER["fence.i"]) & (text.counts > 0))
    after = memory[: 4 * len(text.words)].view("<u4")
    slots = np.array(text.slots, int)
    changed = slots[after[slots] != text.words[slots]]
    for found, what in ((fetched, "fetches its instructions anew"), (changed, "stores into its instructions")):
        if len(found):
            raise UserError(f"{path} {what} at {text.address(int(found[0])):#x}: code that changes cannot be rewritten")
