"""One code on the hard machines of the suite, as an ordinary program: the judge of what searches find."""

import numpy as np

from backends.core import catalog, isa
from backends.interface import Batch, MachineConfig, Patch, Program, Status
from experiments.program_search import assembly
from experiments.program_search.problem import Examples


def correct(examples: Examples, code: np.ndarray, machine: str = "gpu_compute") -> np.ndarray:
    """`[E]` bool, the examples that a code `[L, 5]` gets right on a machine within the examples' steps; none where it
    has no encoding."""
    if not assembly.encodable(code):
        return np.zeros(len(examples), bool)
    image = np.append(assembly.words(code), np.uint32(isa.encode("ebreak"))).astype("<u4").view(np.uint8)
    base, size = examples.window()
    entry = base + size if base + size + len(image) <= 1 << 32 else base - len(image)  # next to the examples' memory
    program = Program(image, entry, entry, name="solution")
    config = MachineConfig(memory_base=min(base, entry), memory_bytes=size + len(image))
    batch = Batch(examples.registers(config.registers), patches=(Patch(base, examples.memory()),))
    ran = catalog.create(machine).run(program, batch, config, examples.steps + 1)  # one for the `ebreak`
    ended = (ran.status == Status.HALTED) & (ran.pc == entry + len(image))
    found = examples.read(ran.registers, ran.memory, config.memory_base)
    return ended & (found == examples.outputs).all(axis=1)
