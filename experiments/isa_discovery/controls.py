"""Controls of selection: what must lose, what must find nothing, and what must be refused.

Each goes through the code that makes the results. A control gives a number, and what it has to be.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from backends.conformance.cases import words_program
from backends.core import catalog
from backends.core.isa import encode
from backends.core.observation import ObservingBackend, Watch
from backends.interface import Batch, MachineConfig
from experiments.isa_discovery import discovery
from experiments.isa_discovery.baselines import marginal_greedy
from experiments.isa_discovery.candidates import Candidate, Limits
from experiments.isa_discovery.checker import faults
from experiments.isa_discovery.dataflow import ZERO, Flow
from experiments.isa_discovery.discovery import Corpus, Subject
from experiments.isa_discovery.machine_code import Text
from experiments.isa_discovery.proof import unproven
from experiments.isa_discovery.schema import TABLES
from experiments.isa_discovery.selection import Problem, Selection, exact

_BLOCKS, _LENGTH = 60, 16
_NAMES = ("add", "sub", "xor", "or", "and", "sll", "srl", "sltu", "mul", "slt")
Row = tuple[str, str, float, str, bool]
"""Control, statement, number, what it has to be, whether it is."""


def controls(of: Corpus, answer: Selection, names: dict[int, str], seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return TABLES["controls"].frame(
        [*_planted(), _random(of, answer, rng), *_covers(of, answer), _operations(of, answer, names)]
    )


def planted(copies: int) -> Problem:
    """Two operations cover two blocks each in whole; a third, which saves most alone, overlaps half of both."""
    cells = [frozenset(4 * c + s for s in some) for c in range(copies) for some in ((0, 1), (2, 3), (0, 2), (1, 3))]
    saved, operation = np.tile([10, 10, 12, 1], copies), np.tile([0, 1, 2, 2], copies)
    return Problem(saved, operation, tuple(cells), np.ones(3), np.zeros(3, bool))


def _planted() -> Iterator[Row]:
    problem = planted(25)
    best, greedy = exact(problem, 2), marginal_greedy(problem, 2, np.random.default_rng(0))
    lost = 100 * (1 - greedy.saved / best.saved)
    yield "planted corpus", "what marginal_greedy loses, in percent", lost, "at least 10", lost >= 10
    short = 100 * (1 - best.saved / (25 * 20))
    yield "planted corpus", "what the exact method loses, in percent", short, "0", best.optimal and short == 0


def _random(of: Corpus, answer: Selection, rng: np.random.Generator) -> Row:
    """Nothing is common to random code but what is common to all code."""
    subject = random_subject(rng)
    code = discovery.collect([subject], Limits())
    drawn = 100 * exact(code.problem, len(answer.operations)).saved / subject.instructions
    real = float(np.mean([100 * saved / s.instructions for saved, s in zip(of.saved(answer), of.subjects, strict=True)]))
    return (
        "random code",
        "instructions saved by as many operations, in percent",
        drawn,
        f"under {real / 2:.1f}, half of the corpus",
        drawn < real / 2,
    )


def random_subject(rng: np.random.Generator) -> Subject:
    """A program of blocks of random arithmetic, each of which runs once."""
    words = []
    for _ in range(_BLOCKS):
        words += [encode(str(rng.choice(_NAMES)), *map(int, rng.integers(5, 16, 3))) for _ in range(_LENGTH)]
        words.append(encode("beq", 0, 0, 0, 4))
    program, config = words_program([*words, encode("ebreak")], 0x1000), MachineConfig(memory_base=0x1000, memory_bytes=1 << 14)
    batch, machine = Batch(rng.integers(0, 1 << 32, (1, 16), np.uint32)), catalog.create("gpu_compute")
    assert isinstance(machine, ObservingBackend)
    run, seen = machine.observe(program, batch, config, 1 << 20, Watch(counts=True))
    size = len(words) + 1
    text = Text(program, ((0x1000, 0x1000 + 4 * size),), seen.counts[0, :size], seen.entered[0, :size])
    return Subject(text, config, batch, run)


def _covers(of: Corpus, answer: Selection) -> Iterator[Row]:
    """Covers made wrong in one way each: the checker has to refuse all."""
    blocks: dict[tuple[int, int], list[Candidate]] = {}
    for u in answer.uses:
        blocks.setdefault(of.places[u], []).append(of.uses[u].candidate)
    for kind, spoil in (
        ("an instruction in two uses", _overlapping),
        ("an input too few", _lacking),
        ("a value that others need", _hiding),
    ):
        made = refused = 0
        for (k, first), cover in blocks.items():
            for place, candidate in enumerate(cover):
                for wrong in spoil(of.flows[k][first], candidate):
                    made += 1
                    refused += any(faults(of.flows[k][first], [*cover[:place], *wrong, *cover[place + 1 :]], 2))
        yield "wrong covers", f"with {kind}: refused of {made:,}", refused, f"{made:,}", made == refused > 0


def _overlapping(flow: Flow, one: Candidate) -> Iterator[list[Candidate]]:
    yield [one, replace(one, slots=frozenset((one.root,)), kept=one.slots | one.kept - {one.root})]


def _lacking(flow: Flow, one: Candidate) -> Iterator[list[Candidate]]:
    for value in one.inputs:
        yield [replace(one, inputs=tuple(v for v in one.inputs if v != value))]


def _hiding(flow: Flow, one: Candidate) -> Iterator[list[Candidate]]:
    """With an instruction replaced that makes a constant or an inner value of which others need the word."""
    needed = {v for slot in one.slots for v in flow.needs(slot) if v is not None and v != ZERO and v not in one.slots}
    for value in sorted(v for v in needed if flow.replaceable(v) and v not in one.inputs):
        yield [replace(one, slots=one.slots | {value}, kept=one.kept - {value})]


def _operations(of: Corpus, answer: Selection, names: dict[int, str]) -> Row:
    """Each rewritten program with one bit of an operand of its first added instruction turned: the proof has to refuse all."""
    made = refused = 0
    for layout in discovery.rewrite(of, answer, names):
        words = layout.words.copy()
        added = np.flatnonzero(np.isin(words & 0x7F, (0x0B, 0x2B)) & (words != layout.text.words))
        if len(added):
            words[added[0]] ^= 1 << 15
            made, refused = made + 1, refused + any(True for _ in unproven(layout, words))
    return (
        "wrong operations",
        f"programs with a wrong operand: not proven of {made:,}",
        refused,
        f"{made:,}",
        made == refused > 0,
    )
