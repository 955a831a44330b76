"""What counts as a success: the discrete program, run on a hard machine, right on every input that no method saw.

A straight-line program is proven equal to the task's meaning over all inputs besides, or refuted by a counterexample, which
is run on the machine as well. Loops are tested on sizes that were never seen.
"""

from dataclasses import dataclass, replace

import numpy as np

from backends.core import catalog, isa
from backends.interface import Batch, MachineConfig, Patch, Program, Status
from experiments.synthesis import language, prove
from experiments.synthesis.task import Examples, Task

HELD_OUT = 1024
_CONFIRMED = 4
_MARGIN_STEPS = 1  # for the `ebreak` behind the program
_TOP = 1 << 32


@dataclass(frozen=True)
class Verdict:
    """right: on all `tested` held-out examples, and not refuted. proof: "proven" for all inputs, "refuted", "undecided"
    (the solver ran out of time), or "tested" where the task or the program has no formula.

    counterexample: input words on which the program is wrong, in the order of the task's inputs, or None.
    """

    right: bool
    tested: int
    proof: str
    counterexample: tuple[int, ...] | None = None


def judge(
    task: Task, code: np.ndarray, rng: np.random.Generator, machine: str = "gpu_compute", timeout_s: float = 10.0
) -> Verdict:
    """Test a code `[L, 5]` on held-out examples of the task, `_CONFIRMED` of them on `reference` too, and prove it.

    The code may run through once, however long it is; a loop has the steps that the examples give.
    """
    examples = task.held_out(rng, HELD_OUT)
    examples = replace(examples, steps=max(examples.steps, len(code)))
    right = correct(examples, code, machine)
    few = np.concatenate([np.flatnonzero(~right), np.flatnonzero(right)])[:_CONFIRMED]
    confirmed = correct(examples.take(few), code, "reference")
    assert (confirmed == right[few]).all(), f"{machine} and reference disagree on {task.name}"
    if not right.all():
        return Verdict(False, len(right), "refuted", _row(examples, int(np.argmin(right))))
    return _proven(task, examples, code, timeout_s)


def _proven(task: Task, examples: Examples, code: np.ndarray, timeout_s: float) -> Verdict:
    if task.meaning is None:
        return Verdict(True, len(examples), "tested")
    proof, inputs = prove.equal(examples.sources, examples.targets, task.meaning, code, timeout_s)
    if inputs is None:
        return Verdict(True, len(examples), proof)
    wrong = prove.example(examples, task.meaning, inputs)
    assert not correct(wrong, code, "reference").any(), f"{task.name}: a counterexample that the machine does not show"
    return Verdict(False, len(examples), proof, inputs)


def _row(examples: Examples, row: int) -> tuple[int, ...]:
    return tuple(int(word) for word in examples.inputs[row])


def correct(examples: Examples, code: np.ndarray, machine: str = "gpu_compute") -> np.ndarray:
    """`[E]` bool, the examples that a code `[L, 5]` gets right on a machine within the examples' steps; none where it
    has no encoding."""
    if not language.encodable(code):
        return np.zeros(len(examples), bool)
    program, config = placed(examples, code)
    registers = examples.registers(config.registers)
    patches = (Patch(examples.window()[0], examples.memory()),)
    batch = Batch(registers, patches=patches)
    ran = catalog.create(machine).run(program, batch, config, examples.steps + _MARGIN_STEPS)
    ended = (ran.status == Status.HALTED) & (ran.pc == program.base + len(program.image))
    found = examples.read(ran.registers, ran.memory, config.memory_base)
    return ended & (found == examples.outputs).all(axis=1)


def placed(examples: Examples, code: np.ndarray) -> tuple[Program, MachineConfig]:
    """The code with an `ebreak` behind it, next to the examples' window of memory, and a machine that holds both."""
    image = np.append(language.words(code), np.uint32(isa.encode("ebreak"))).astype("<u4").view(np.uint8)
    base, size = examples.window()
    entry = base + size if base + size + len(image) <= _TOP else base - len(image)
    config = MachineConfig(memory_base=min(base, entry), memory_bytes=size + len(image))
    return Program(image, entry, entry, name="solution"), config
