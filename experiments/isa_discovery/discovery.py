"""From programs that ran to the operations that would have paid, and to the programs that use them.

`collect` enumerates what could be replaced, `Corpus.problem` is what selection solves, and `rewrite` makes the executables of
an answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from backends.core.isa.instruction_set import Isa, named
from backends.interface import Batch, Execution, MachineConfig
from experiments.isa_discovery.candidates import Limits, candidates
from experiments.isa_discovery.checker import faults
from experiments.isa_discovery.dataflow import Flow, flow_of, known_words
from experiments.isa_discovery.layout import Layout, Replacement, fall_costs
from experiments.isa_discovery.machine_code import Text
from experiments.isa_discovery.operations import Operation, Use, operations, uses
from experiments.isa_discovery.selection import Problem, Selection

EVEN = 10**9


@dataclass(frozen=True)
class Subject:
    """A program, on a machine, and what it did there."""

    text: Text
    config: MachineConfig
    batch: Batch
    run: Execution

    @property
    def instructions(self) -> int:
        return int(self.run.retired.sum())

    @cached_property
    def flows(self) -> Mapping[int, Flow]:
        """By the first slot of the block, what each block computes that ran."""
        blocks = zip(self.text.blocks, known_words(self.text), strict=True)
        return {b.first: flow_of(self.text, b, known) for b, known in blocks if b.count}


@dataclass(frozen=True)
class Corpus:
    """subjects: programs. flows: of each, by the first slot of the block, what each block computes that ran. places: of each
    use, the subject and the block. uses, operations: what could be replaced, and by what; exchanged: of each use, whether its
    operands change places. weights: what an instruction of each subject counts."""

    subjects: tuple[Subject, ...]
    flows: tuple[Mapping[int, Flow], ...]
    places: tuple[tuple[int, int], ...]
    uses: tuple[Use, ...]
    operations: tuple[Operation, ...]
    exchanged: np.ndarray
    problem: Problem
    weights: tuple[int, ...] = field(default=())

    def saved(self, selection: Selection) -> list[int]:
        """Of each subject, the instructions that it executes fewer."""
        chosen = [[u for u in selection.uses if self.places[u][0] == k] for k in range(len(self.subjects))]
        return [self.problem.value(some) // weight for some, weight in zip(chosen, self.weights, strict=True)]


def collect(subjects: Sequence[Subject], limits: Limits, even: bool = False) -> Corpus:
    """Everything that could be replaced. even: every subject counts as much as every other, not as long as it runs."""
    weights = [max(1, EVEN // s.instructions) if even else 1 for s in subjects]
    found: list[Use] = []
    places, saved, cells, costs = [], [], [], []
    for k, subject in enumerate(subjects):
        begun = len(found)
        for first, flow in subject.flows.items():
            for candidate in candidates(flow, limits):
                for use in uses(flow, candidate):
                    places.append((k, first))
                    found.append(use)
                    saved.append(flow.block.count * candidate.saved * weights[k])
                    cells.append(frozenset((k << 32) + slot for slot in candidate.slots))
        for run, cost in fall_costs(subject.text):
            group = tuple(u for u in range(begun, len(found)) if found[u].candidate.root in run)
            costs += [(cost * weights[k], group)] if group and cost else []
    made = operations(found)
    number = {id(use): (k, exchanged) for k, o in enumerate(made) for use, exchanged in o.uses}
    of, exchanged = np.array([number[id(use)] for use in found], np.int64).reshape(-1, 2).T
    kinds = np.ones(len(made)), np.array([o.immediate for o in made], bool)
    problem = Problem(np.array(saved, np.int64), of, tuple(cells), *kinds, tuple(costs))
    flows, swapped = tuple(subject.flows for subject in subjects), exchanged.astype(bool)
    return Corpus(tuple(subjects), flows, tuple(places), tuple(found), tuple(made), swapped, problem, tuple(weights))


def extended(corpus: Corpus, selection: Selection, names: Mapping[int, str], isa: str) -> Isa:
    """The instruction set with the chosen operations; names: of each."""
    found = named(isa)
    for k in selection.operations:
        operation = corpus.operations[k]
        found = found.extended(names[k], operation.expression, format="I" if operation.immediate else "R")
    return found


def rewrite(corpus: Corpus, selection: Selection, names: Mapping[int, str]) -> list[Layout]:
    """The subjects, with the chosen operations in place of what they replace."""
    isa = extended(corpus, selection, names, corpus.subjects[0].config.isa)
    chosen: list[dict[int, Replacement]] = [{} for _ in corpus.subjects]
    for u in selection.uses:
        replacement = _replacement(corpus, u, names)
        chosen[corpus.places[u][0]][replacement.root] = replacement
    return [Layout(subject.text, isa, some) for subject, some in zip(corpus.subjects, chosen, strict=True)]


def _replacement(corpus: Corpus, u: int, names: Mapping[int, str]) -> Replacement:
    use, (subject, first) = corpus.uses[u], corpus.places[u]
    flow, candidate = corpus.flows[subject][first], use.candidate
    operation = int(corpus.problem.operation[u])
    rs1, rs2 = [*(flow.register(v) for v in candidate.inputs), 0][:2]
    if corpus.exchanged[u]:
        rs1, rs2 = rs2, rs1
    rd = int(flow.text.code.rd[candidate.root])
    if use.immediate is not None:
        return Replacement(candidate.root, candidate.slots, candidate.place, names[operation], rd, rs1, 0, use.immediate)
    return Replacement(candidate.root, candidate.slots, candidate.place, names[operation], rd, rs1, rs2)


def wrong(corpus: Corpus, selection: Selection, inputs: int) -> Iterator[str]:
    """What the checker finds wrong with a selection, a line each."""
    by_block: dict[tuple[int, int], list[int]] = {}
    for u in selection.uses:
        by_block.setdefault(corpus.places[u], []).append(u)
        if int(corpus.problem.operation[u]) not in selection.operations:
            yield f"use {u} is of an operation that is not chosen"
    for (k, first), some in by_block.items():
        yield from faults(corpus.flows[k][first], [corpus.uses[u].candidate for u in some], inputs)
    added = sum(
        corpus.weights[k] * corpus.flows[k][first].block.count * (len(corpus.uses[u].candidate.slots) - 1)
        for (k, first), some in by_block.items()
        for u in some
    )
    jumps = sum(cost for cost, group in corpus.problem.costs if set(group) & set(selection.uses))
    if added - jumps != selection.saved:
        yield f"{selection.saved} instructions are said to be saved, {added - jumps} are"
