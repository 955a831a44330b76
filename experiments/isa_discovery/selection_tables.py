"""The tables about what is selected on the programs of some families, run and proven; `schema` says what they are.

Each function makes one of them. What all begin with, the programs' runs and the candidates, is computed once in a process.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
import yaml

from backends.conformance.cases import words_program
from backends.core import catalog
from backends.core.isa import encode
from backends.core.isa.words import Arrays
from backends.interface import Batch, MachineConfig
from experiments.isa_discovery import controls, corpus, discovery, ratified, second_solver, suggest
from experiments.isa_discovery.baselines import BASELINES
from experiments.isa_discovery.candidates import Limits
from experiments.isa_discovery.discovery import Corpus, Subject
from experiments.isa_discovery.profile import profiled
from experiments.isa_discovery.proof import unproven
from experiments.isa_discovery.schema import TABLES
from experiments.isa_discovery.selection import Problem, Selection, exact

DEPENDS_ON = ("experiments/isa_discovery/reachable.yaml",)
DECLARED = Path(__file__).parent / "reachable.yaml"
CONTROL = corpus.PROGRAMS / "ratified" / "operations.c"
SHOWN = 8
"""Operations that are shown, run on every machine and counted."""
_PAIRS = 256
Families = tuple[str, ...]


_USUAL = Limits()


@cache
def programs_of(family: str) -> tuple[Subject, ...]:
    """The programs of a family after a run each."""
    return tuple(corpus.subjects(family))


@cache
def collected(families: Families, limits: Limits = _USUAL) -> Corpus:
    """What could be replaced in the programs of some families, each of which counts alike."""
    return discovery.collect([*chain.from_iterable(map(programs_of, families))], limits, even=True)


@cache
def selected(families: Families, count: int) -> Selection:
    return exact(collected(families).problem, count)


def named_files(families: Families) -> list[tuple[str, Path]]:
    """(family, file) of each program, in the order of a corpus."""
    return [(family, file) for family in families for file in (corpus.TRAINING | corpus.HELD_OUT)[family]]


def programs(families: Families) -> pd.DataFrame:
    rows = []
    subjects = chain.from_iterable(map(programs_of, families))
    for (family, file), subject in zip(named_files(families), subjects, strict=True):
        ran = sum(b.count > 0 for b in subject.text.blocks)
        rows.append((file.stem, family, family in corpus.HELD_OUT, subject.instructions, len(subject.text.slots), ran))
    return TABLES["programs"].frame(rows)


def selections(families: Families, method: str, count: int, seeds: Sequence[int]) -> pd.DataFrame:
    """So many operations, chosen once for each seed; by `exact` also so that each instruction counts alike."""
    of, rows = collected(families), []
    cases = [("program", of), ("instruction", _each_instruction(of))] if method == "exact" else [("program", of)]
    for alike, weighted in cases:
        for seed in seeds:
            begun = perf_counter()
            answer = _method(method)(weighted.problem, count, seed)
            spent, proven = perf_counter() - begun, answer.optimal and method in ("exact", "second_solver")
            rows.append((method, alike, count, seed, answer.saved, *percent(weighted, answer), proven, spent))
    return TABLES["selections"].frame(rows)


def _each_instruction(of: Corpus) -> Corpus:
    """A corpus in which a program counts as much as it runs."""
    problem, weight = of.problem, np.array([of.weights[k] for k, _ in of.places])
    costs = tuple((cost // int(weight[group[0]]), group) for cost, group in problem.costs)
    problem = replace(problem, saved=problem.saved // weight, costs=costs)
    return replace(of, problem=problem, weights=(1,) * len(of.subjects))


def _method(name: str) -> Callable[[Problem, int, int], Selection]:
    if name in ("exact", "second_solver"):
        solver = exact if name == "exact" else second_solver.exact
        return lambda problem, count, seed: solver(problem, count)
    return lambda problem, count, seed: BASELINES[name](problem, count, np.random.default_rng(seed))


def percent(of: Corpus, answer: Selection) -> tuple[float, float]:
    """Instructions saved: the mean over programs, and of all together."""
    before, saved = np.array([s.instructions for s in of.subjects]), np.array(of.saved(answer))
    return float(100 * (saved / before).mean()), float(100 * saved.sum() / before.sum())


def operations(families: Families) -> pd.DataFrame:
    """The best few together."""
    of, answer = collected(families), selected(families, SHOWN)
    rows, shown = [], suggest.suggested(of, answer, suggest.named(of, answer))
    for row, k in zip(shown, suggest.by_saving(of, answer), strict=True):
        uses = [u for u in answer.uses if of.problem.operation[u] == k]
        saved = np.zeros(len(of.subjects))
        for u in uses:
            saved[of.places[u][0]] += of.problem.saved[u] / of.weights[of.places[u][0]]
        percent = 100 * (saved / [s.instructions for s in of.subjects]).mean()
        where = len({of.places[u][0] for u in uses})
        rows.append((row.name, row.expression, row.immediate, len(of.operations[k].expression.nodes), row.uses, where, percent))
    return TABLES["operations"].frame(rows)


def measured(families: Families, backend: str, most: int) -> pd.DataFrame:
    """The rewritten programs that take at most so many instructions, run."""
    of, answer = collected(families), selected(families, SHOWN)
    layouts, machine = discovery.rewrite(of, answer, suggest.named(of, answer)), catalog.create(backend)
    rows = []
    for (_, file), subject, layout, saved in zip(named_files(families), of.subjects, layouts, of.saved(answer), strict=True):
        if subject.instructions <= most:
            ran = suggest.measure(file.name, subject, layout, saved, machine)
            rows.append((backend, file.stem, ran.before, ran.predicted, ran.after))
    return TABLES["measured"].frame(rows)


def proven(families: Families) -> pd.DataFrame:
    of, answer = collected(families), selected(families, SHOWN)
    rows = []
    for (_, file), layout in zip(named_files(families), discovery.rewrite(of, answer, suggest.named(of, answer)), strict=True):
        changed = {
            k for r in layout.replacements.values() for k, b in enumerate(layout.text.blocks) if b.first <= r.root < b.end
        }
        rows.append((file.stem, len(changed), len(changed) - sum(1 for _ in unproven(layout, layout.words))))
    return TABLES["proofs"].frame(rows)


def machines(families: Families, backend: str, seed: int) -> pd.DataFrame:
    """Every selected operation, run alone on random words and on corners."""
    of, answer = collected(families), selected(families, SHOWN)
    names = suggest.named(of, answer)
    extended, machine = discovery.extended(of, answer, names, "rv32em"), catalog.create(backend)
    rng = np.random.default_rng(seed)
    corners = np.array([0, 1, 31, 32, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF], np.uint32)
    a, b = np.hstack((np.stack(np.meshgrid(corners, corners)).reshape(2, -1), rng.integers(0, 1 << 32, (2, _PAIRS), np.uint32)))
    registers = np.zeros((len(a), 16), np.uint32)
    registers[:, 10], registers[:, 11] = a, b
    rows = []
    for k in suggest.by_saving(of, answer):
        operation, immediate = of.operations[k], 7
        second = np.full_like(a, immediate) if operation.immediate else b
        word = extended.encode(names[k], 10, 10, 0 if operation.immediate else 11, immediate if operation.immediate else 0)
        config = MachineConfig(extensions=extended.extensions, memory_bytes=64)
        run = machine.run(words_program([word, encode("ebreak")]), Batch(registers), config, 4)
        with np.errstate(over="ignore", divide="ignore"):
            wrong = run.registers[:, 10] != operation.expression(Arrays(), a, second)
        rows.append((backend, names[k], len(a), int(wrong.sum())))
    return TABLES["machines"].frame(rows)


def found_again(families: Families) -> pd.DataFrame:
    """Ratified operations among the candidates of the corpus, of the control, and among those selected."""
    control, _ = profiled(CONTROL, ("-O2",), b"", corpus.MAX_STEPS)
    of = collected(families)
    chosen = [of.operations[k] for k in selected(families, 2 * SHOWN).operations]
    found = [_names(some) for some in (of.operations, discovery.collect([control], Limits()).operations, chosen)]
    declared = yaml.safe_load(DECLARED.read_text(encoding="utf-8"))
    why = dict.fromkeys(declared["reachable"], "reachable") | {o: w for w, os in declared["unreachable"].items() for o in os}
    return TABLES["ratified"].frame([(o, w, *(o in names for names in found)) for o, w in why.items()])


def _names(some: Sequence[discovery.Operation]) -> set[str]:
    return {ratified.name_of(operation.expression) for operation in some} - {""}


def refused(families: Families, seed: int) -> pd.DataFrame:
    """The controls."""
    of, answer = collected(families), selected(families, SHOWN)
    return controls.controls(of, answer, suggest.named(of, answer), seed)
