"""Many codes on many examples: which are right, how far off the others are, and what it cost to know.

Everything is computed beside the run itself, in compiled code on one thread; nothing else of a run is kept.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from backends.core.isa.packing import REGISTER_FILE
from backends.gpu_compute.codes import pack_code, run_code
from backends.gpu_compute.compiling import entry, inlined, inner
from experiments.program_search.problem import Examples

WORD_BITS = 32
IN_MEMORY = 64
"""Output places at and above this number are offsets into memory, below it registers."""


@dataclass(frozen=True)
class Tally:
    """Of P codes: right `[P]` int64, examples whose outputs are all right and whose run ended; distance `[P]` int64, bits
    that differ over all examples and outputs, all of them where a run did not end; executed: instructions in all."""

    right: np.ndarray
    distance: np.ndarray
    executed: int


class Cases(NamedTuple):
    """Examples as compiled code takes them.

    starts `[E, 16]` uint32, registers at the start; memory `[E, M]` uint8 and words `[E, M / 4]` uint32, the same bytes, from
    address `base` on; places `[O]` int64, register numbers, or 64 + offset in memory; wanted `[E, O]` uint32; steps that a
    run may take.
    """

    starts: np.ndarray
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


class Workspace(NamedTuple):
    """What codes run in: x `[33]` uint32, the registers, zeros before a run; memory `[M]` uint8 and its words, for codes that
    store."""

    x: np.ndarray
    memory: np.ndarray
    words: np.ndarray

    @classmethod
    def of(cls, cases: Cases) -> "Workspace":
        memory = np.zeros(cases.memory.shape[1], np.uint8)
        return cls(np.zeros(REGISTER_FILE, np.uint32), memory, memory.view(np.uint32))


class Evaluator:
    """Runs codes on these examples."""

    def __init__(self, examples: Examples) -> None:
        self.cases = Cases.of(examples)

    def __len__(self) -> int:
        return len(self.cases.starts)

    def outputs(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Outputs `[P, E, O]` uint32 of codes `[P, L, 5]`, and whether each run ended without a trap `[P, E]` bool."""
        found = np.empty((len(codes), *self.cases.wanted.shape), np.uint32)
        ended = np.empty(found.shape[:2], np.bool_)
        self.score(codes, found, ended)
        return found, ended

    def failures(self, code: np.ndarray) -> tuple[np.ndarray, int]:
        """The examples `[k]` int64 that a code `[L, 5]` gets wrong, and the instructions executed to know."""
        found, ended = np.empty((1, *self.cases.wanted.shape), np.uint32), np.empty((1, len(self)), np.bool_)
        executed = self.score(code[None], found, ended).executed
        return np.flatnonzero(~ended[0] | (found[0] != self.cases.wanted).any(axis=1)), executed

    def score(self, codes: np.ndarray, outputs: np.ndarray | None = None, ended: np.ndarray | None = None) -> Tally:
        """Score codes `[P, L, 5]` int32; where they are given, outputs and ended become what `outputs` returns."""
        codes = np.ascontiguousarray(codes, np.int32)
        right, distance = np.zeros((2, len(codes)), np.int64)
        packed = np.zeros(codes.shape[1] + 2, np.uint64)
        executed = _score(codes, packed, self.cases, Workspace.of(self.cases), right, distance, outputs, ended)
        return Tally(right, distance, executed)


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


@inlined
def wrong_bits(x, memory, e, cases):
    """Bits that differ from the outputs wanted of example e, after a run."""
    wrong = np.int64(0)
    for o in range(len(cases.places)):
        wrong += popcount(output_at(cases.places[o], x, memory) ^ cases.wanted[e, o])
    return wrong


@inlined
def run_case(packed, stores, e, cases, work):
    """Run a packed code on example e; in memory of its own where it can store. Returns (ended, executed, that memory)."""
    after, after_words = cases.memory[e], cases.words[e]
    if stores:
        for k in range(len(work.words)):
            work.words[k] = cases.words[e, k]
        after, after_words = work.memory, work.words
    ended, executed = run_code(packed, cases.starts[e], after, after_words, cases.base, cases.steps, work.x)
    return ended, executed, after


@inner
def cost_of(packed, stores, order, cases, work, wrong, limit):
    """Wrong bits of a packed code over the examples of an order, `wrong` more for each that is wrong at all, and instructions
    executed; stops above the limit.

    The example that crossed the limit moves one place forward, so that those which tell codes apart come first.
    """
    cost, total = np.int64(0), np.int64(0)
    for t in range(len(order)):
        e = order[t]
        ended, executed, after = run_case(packed, stores, e, cases, work)
        total += executed
        if ended:
            off = wrong_bits(work.x, after, e, cases)
            cost += off + wrong * (off > 0)
        else:
            cost += WORD_BITS * len(cases.places) + wrong
        if cost > limit:
            if t:
                order[t], order[t - 1] = order[t - 1], order[t]
            break
    return cost, total


@entry
def _score(codes, packed, cases, work, right, distance, outputs, all_ended):
    total = 0
    for p in range(len(codes)):
        stores = pack_code(codes[p], packed)
        for e in range(len(cases.starts)):
            ended, executed, after = run_case(packed, stores, e, cases, work)
            total += executed
            off = 0
            for o in range(len(cases.places)):
                value = output_at(cases.places[o], work.x, after)
                off += popcount(value ^ cases.wanted[e, o])
                if outputs is not None:
                    outputs[p, e, o] = value
            if all_ended is not None:
                all_ended[p, e] = ended
            right[p] += ended and off == 0
            distance[p] += off if ended else WORD_BITS * len(cases.places)
    return total
