"""The soft machine `jax_tensor` sums an array: from which temperature on is the sum wrong, and what was predicted before.

`bits`: a choice between n goes wrong with (n - 1) e^-d where d is the sharpness of the logits over the temperature, a bit of an
immediate with e^-d. A step makes four choices and 32 bits. If errors were independent of each other, and as long as no error
at all is more likely than not, each bit of the sum would be nearer to the right one: the predicted temperature is where that
ends. Errors that do no harm would make the measured one higher.

`value`: a load takes the bytes beside the word with the leak of `laws`, half of it each. The byte behind a small word is the
lowest of the next one, and counts 2^24; the bytes before are 0. The sum is wrong where this adds up to one half.

Two programs: a loop, in which an error of a pointer or of the program counter is carried on, and straight code, each of whose
loads has its own address, in which it is not.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from backends.conformance.cases import words_program
from backends.core import catalog
from backends.core.isa import SOFT_OPERATIONS, encode
from backends.core.soft import SoftRun, soften
from backends.interface import REGISTERS, Batch, DifferentiableBackend, MachineConfig, Patch, SoftExecution
from experiments.soft_memory import laws

SHARPNESS = 8.0
RATIO, MOST_TRIED = 1.04, 60
"""Between two temperatures that are tried, from the predicted one up or down; and how many."""
_WORD_BITS, _LARGEST, _BASE = 32, 128, 1 << 16
_SUM, _POINTER, _END, _WORD = 10, 11, 12, 13


def _loop(words: int) -> list[int]:
    return [
        encode("lw", _WORD, _POINTER), encode("add", _SUM, _SUM, _WORD), encode("addi", _POINTER, _POINTER, imm=4),
        encode("bne", 0, _POINTER, _END, -12),
    ]  # fmt: skip


def _straight(words: int, operation: str = "add") -> list[int]:
    return [code for k in range(words) for code in (encode("lw", _WORD, 0, imm=4 * k), encode(operation, _SUM, _SUM, _WORD))]


class Sum(NamedTuple):
    """instructions: for so many words, with `steps` a word. meant: of the words."""

    instructions: Callable[[int], list[int]]
    steps: int
    meant: np.ufunc


PROGRAMS = {
    "loop": Sum(_loop, 4, np.add), "straight": Sum(_straight, 2, np.add),
    "exclusive_or": Sum(partial(_straight, operation="xor"), 2, np.bitwise_xor),
}  # fmt: skip
PROGRAMS_OF = {"bits": tuple(PROGRAMS), "value": ("loop", "straight")}
"""What is asked of a relaxation: carries are taken out where there are any."""


def predicted(relaxation: str, program: str, words: int) -> float:
    """The temperature at which the sum of so many words is first wrong."""
    if relaxation == "bits":
        choices = len(SOFT_OPERATIONS) - 1 + 3 * (REGISTERS["rv32em"] - 1) + _WORD_BITS
        return float(SHARPNESS / np.log(choices * PROGRAMS[program].steps * words / np.log(2)))
    beside = 0.5 * words * (_LARGEST / 2) * 2.0**24  # of a leak of 1, in the sum
    return 1 / laws.needed("value", 4 * words, 0.5 / beside)


def measured(relaxation: str, program: str, words: int, seed: int) -> tuple[float, float]:
    """The highest temperature tried at which the sum is right, and the lowest at which it is wrong, next to it."""
    run, wanted = _run(relaxation, program, words, seed)
    begin = predicted(relaxation, program, words)
    right = _is_right(replace(run, temperature=begin), wanted)
    for k in range(1, MOST_TRIED):
        at = begin * RATIO ** (k if right else -k)
        if _is_right(replace(run, temperature=at), wanted) != right:
            before = begin * RATIO ** (k - 1 if right else 1 - k)
            return (before, at) if right else (at, before)
    return (at, np.inf) if right else (0.0, at)


def _run(relaxation: str, program: str, words: int, seed: int) -> tuple[SoftRun, int]:
    numbers = np.random.default_rng([seed, words]).integers(0, _LARGEST, words, dtype=np.uint32)
    config = MachineConfig(memory_bytes=4 * words, relaxation=relaxation)
    registers = np.zeros((1, config.registers), np.uint32)
    registers[0, _END] = 4 * words
    batch = Batch(registers, patches=(Patch(0, numbers.astype("<u4").view(np.uint8)[None]),))
    chosen = PROGRAMS[program]
    code = words_program([*chosen.instructions(words), encode("ebreak")], base=_BASE)
    wanted = int(chosen.meant.reduce(numbers.astype(np.int64)))
    return SoftRun(soften(code, config, SHARPNESS), batch, config, 0.0, chosen.steps * words + 1), wanted


def _is_right(run: SoftRun, wanted: int) -> bool:
    machine = catalog.create("jax_tensor")
    assert isinstance(machine, DifferentiableBackend)
    return _sum(machine.run_soft(run), run.config.relaxation) == wanted


def _sum(found: SoftExecution, relaxation: str) -> int:
    word = found.registers[0, _SUM]
    return int(((word > 0.5) << np.arange(_WORD_BITS)).sum()) if relaxation == "bits" else round(float(word))


def row(relaxation: str, program: str, words: int, seed: int) -> tuple:
    """Of the table `sums`."""
    right, wrong = measured(relaxation, program, words, seed)
    steps = PROGRAMS[program].steps * words + 1
    return relaxation, program, 4 * words, steps, predicted(relaxation, program, words), right, wrong
