"""Many codes on many examples: which are right, how far off the others are, and what it cost to know.

Everything is computed beside the run itself, in compiled code on all cores; nothing of a run is kept but what is asked for.
"""

from dataclasses import dataclass

import numpy as np

from backends.core import cores
from backends.core.isa.packing import REGISTER_FILE
from backends.gpu_compute.codes import entry, inner, pack_code, run_code
from experiments.synthesis.task import Examples

WORD_BITS = 32
_CHUNKS_PER_THREAD = 8  # codes of unequal cost even out
IN_MEMORY = 64
"""Output places at and above this number are offsets into memory, below it registers."""


@dataclass(frozen=True)
class Scores:
    """Of P codes: right `[P]` int64, examples whose outputs are all right and whose run ended; distance `[P]` int64, bits
    that differ over all examples and outputs, all of them where a run did not end; executed: instructions in all."""

    right: np.ndarray
    distance: np.ndarray
    executed: int


@dataclass(frozen=True)
class Cases:
    """Examples as compiled code takes them.

    registers `[E, 16]` uint32; memory `[E, M]` uint8 and words `[E, M / 4]` uint32, the same bytes, from address `base` on;
    places `[O]` int64, register numbers, or 64 + offset in memory; wanted `[E, O]` uint32; steps.
    """

    registers: np.ndarray
    memory: np.ndarray
    words: np.ndarray
    base: np.uint32
    places: np.ndarray
    wanted: np.ndarray
    steps: np.int64

    @classmethod
    def of(cls, examples: Examples) -> "Cases":
        base, size = examples.window()
        start, end = base & ~3, base + size + 3 & ~3
        memory = np.zeros((len(examples), end - start), np.uint8)
        memory[:, base - start : base - start + size] = examples.memory()
        places = [at.number if at.kind == "register" else IN_MEMORY + at.number - start for at in examples.targets]
        return cls(
            examples.registers(), memory, memory.view(np.uint32), np.uint32(start), np.array(places, np.int64),
            np.ascontiguousarray(examples.outputs, np.uint32), np.int64(examples.steps),
        )  # fmt: skip

    def arguments(self) -> tuple:
        return self.registers, self.memory, self.words, self.base, self.places, self.wanted, self.steps


class Evaluator:
    """Runs codes on these examples."""

    def __init__(self, examples: Examples) -> None:
        self.cases = Cases.of(examples)

    def __len__(self) -> int:
        return len(self.cases.registers)

    def score(self, codes: np.ndarray) -> Scores:
        """Score codes `[P, L, 5]` int32."""
        return self._run(codes, None, None)

    def outputs(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Outputs `[P, E, O]` uint32 of codes `[P, L, 5]`, and whether each run ended without a trap `[P, E]` bool."""
        found = np.empty((len(codes), *self.cases.wanted.shape), np.uint32)
        ended = np.empty(found.shape[:2], np.bool_)
        self._run(codes, found, ended)
        return found, ended

    def failures(self, code: np.ndarray) -> tuple[np.ndarray, int]:
        """The examples `[k]` int64 that a code `[L, 5]` gets wrong, and the instructions executed to know."""
        found, ended = np.empty((1, *self.cases.wanted.shape), np.uint32), np.empty((1, len(self)), np.bool_)
        executed = self._run(code[None], found, ended).executed
        return np.flatnonzero(~ended[0] | (found[0] != self.cases.wanted).any(axis=1)), executed

    def _run(self, codes: np.ndarray, found: np.ndarray | None, ended: np.ndarray | None) -> Scores:
        codes = np.ascontiguousarray(codes, np.int32)
        right, distance = np.empty(len(codes), np.int64), np.empty(len(codes), np.int64)

        def work(part: slice) -> int:
            return _score_range(
                part.start, part.stop, codes, *self.cases.arguments(), *scratch(codes.shape[1], self.cases),
                right, distance, found, ended,
            )  # fmt: skip

        threads = cores.threads()
        pieces = max(1, min(len(codes), threads * _CHUNKS_PER_THREAD)) if threads > 1 else 1
        return Scores(right, distance, sum(cores.share(work, len(codes), pieces)))


def scratch(length: int, cases: Cases) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What one thread runs a code of `length` in: the packed code, registers, memory and its words."""
    memory = np.zeros(cases.memory.shape[1], np.uint8)
    return np.zeros(length + 2, np.uint64), np.zeros(REGISTER_FILE, np.uint32), memory, memory.view(np.uint32)


@inner
def popcount(word):
    """Bits set in a word."""
    word = np.uint32(word)
    word -= word >> np.uint32(1) & np.uint32(0x55555555)
    word = (word & np.uint32(0x33333333)) + (word >> np.uint32(2) & np.uint32(0x33333333))
    word = word + (word >> np.uint32(4)) & np.uint32(0x0F0F0F0F)
    return np.int64(np.uint32(word * np.uint32(0x01010101)) >> np.uint32(24))


@inner
def output_at(place, x, memory):
    """The word at an output's place (see `Cases`) after a run."""
    if place < IN_MEMORY:
        return np.uint32(x[place])
    word = np.uint32(0)
    for byte in range(4):
        word |= np.uint32(memory[place - IN_MEMORY + byte]) << np.uint32(8 * byte)
    return word


@inner
def run_case(packed, stores, e, registers, memory, words, base, steps, x, own_memory, own_words):
    """Run a packed code on example e; in memory of its own where it can store. Returns (ended, executed, that memory)."""
    after, after_words = memory[e], words[e]
    if stores:
        for k in range(len(own_words)):
            own_words[k] = words[e, k]
        after, after_words = own_memory, own_words
    ended, executed = run_code(packed, registers[e], after, after_words, base, steps, x)
    return ended, executed, after


@entry
def _score_range(
    first, last, codes, registers, memory, words, base, places, wanted, steps, packed, x, own_memory, own_words,
    right, distance, found, ended_,
):  # fmt: skip
    total = 0
    for p in range(first, last):
        stores = pack_code(codes[p], packed)
        right[p] = distance[p] = 0
        for e in range(len(registers)):
            ended, executed, after = run_case(
                packed, stores, e, registers, memory, words, base, steps, x, own_memory, own_words
            )
            total += executed
            off = 0
            for o in range(len(places)):
                value = output_at(places[o], x, after)
                off += popcount(value ^ wanted[e, o])
                if found is not None:
                    found[p, e, o] = value
            if found is not None:
                ended_[p, e] = ended
            right[p] += ended and off == 0
            distance[p] += off if ended else WORD_BITS * len(places)
    return total
