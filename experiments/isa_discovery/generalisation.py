"""What operations are worth to programs that had no part in their selection.

Selected on training families, they are used in held-out ones; selected on all training families but one, in that one (leave one
out, as Stone 1974 validates predictions). Within a family every program counts alike. The ceiling is what a family saves with
operations selected on itself, without conditions. Every cover is the best one: of the uses of given operations, found exactly.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import pandas as pd

from experiments.isa_discovery import discovery
from experiments.isa_discovery.baselines import Covers
from experiments.isa_discovery.candidates import Limits
from experiments.isa_discovery.discovery import Corpus, Subject
from experiments.isa_discovery.selection import Selection, exact

TRAINING, SHARED, OTHERS = "training", "training, operations of two programs or more", "all other families"
COLUMNS = ("family", "programs", "count", "trained_on", "reduction_percent", "all_percent", "own_optimum_percent", "optimal")


@dataclass(frozen=True, eq=False)
class Families:
    """corpus: of all programs. training, held_out: of each family, the numbers of its subjects."""

    corpus: Corpus
    training: Mapping[str, tuple[int, ...]]
    held_out: Mapping[str, tuple[int, ...]]

    @cached_property
    def covers(self) -> Covers:
        return Covers(self.corpus.problem)

    @property
    def members(self) -> dict[str, tuple[int, ...]]:
        return {**self.training, **self.held_out}


def collect(
    training: Mapping[str, Sequence[Subject]], held_out: Mapping[str, Sequence[Subject]], limits: Limits | None = None
) -> Families:
    """What could be replaced in all of them; operations that compute the same in several families are one."""
    members: dict[str, tuple[int, ...]] = {}
    subjects: list[Subject] = []
    for family, some in (*training.items(), *held_out.items()):
        members[family] = tuple(range(len(subjects), len(subjects) + len(some)))
        subjects += some
    corpus = discovery.collect(subjects, limits or Limits(), even=True)
    return Families(corpus, {f: members[f] for f in training}, {f: members[f] for f in held_out})


@cache
def selected(families: Families, names: tuple[str, ...], count: int, limit_s: float = 600.0, shared_by: int = 1) -> Selection:
    """The best `count` operations of these families alone, and their uses there, numbered as in the whole corpus.

    shared_by: programs of these families that have a use of an operation, at least. More than 1 keeps out what is made for one
    program, as a description length would.
    """
    problem = families.corpus.problem
    members = {k for name in names for k in families.members[name]}
    placed = [(u, k, int(problem.operation[u])) for u, (k, _) in enumerate(families.corpus.places) if k in members]
    spread = Counter(operation for _, operation in {(k, operation) for _, k, operation in placed})
    uses = np.array([u for u, _, operation in placed if spread[operation] >= shared_by], np.int64)
    found = exact(problem.only(uses), count, limit_s=limit_s)
    chosen = tuple(uses[list(found.uses)].tolist())
    return Selection(tuple(sorted({int(problem.operation[u]) for u in chosen})), chosen, found.saved, found.bound)


@cache
def reductions(families: Families, selection: Selection) -> np.ndarray:
    """`[programs]`, in percent: executed instructions fewer with the chosen operations, each program covered as best can be."""
    saved = families.corpus.saved(families.covers.selection(selection.operations))
    return 100 * np.array(saved) / [subject.instructions for subject in families.corpus.subjects]


def from_training(families: Families, count: int, limit_s: float = 600.0, shared_by: int = 1) -> pd.DataFrame:
    """Operations selected on all training families, used in each family: a row each, columns `COLUMNS`."""
    answer = selected(families, tuple(families.training), count, limit_s, shared_by)
    trained_on = TRAINING if shared_by == 1 else SHARED
    return _table(_row(families, family, count, trained_on, answer, limit_s) for family in families.members)


def leave_one_out(families: Families, count: int, limit_s: float = 600.0, shared_by: int = 1) -> pd.DataFrame:
    """Operations selected on all training families but one, used in that one: a row each, columns `COLUMNS`."""
    others = {family: tuple(f for f in families.training if f != family) for family in families.training}
    answers = ((family, selected(families, names, count, limit_s, shared_by)) for family, names in others.items() if names)
    return _table(_row(families, family, count, OTHERS, answer, limit_s) for family, answer in answers)


def mean_percent(table: pd.DataFrame, families: Sequence[str]) -> float:
    """The mean reduction over the programs of these families."""
    rows = table[table.family.isin(families)]
    return float(np.average(rows.reduction_percent, weights=rows.programs))


def _row(families: Families, family: str, count: int, trained_on: str, answer: Selection, limit_s: float) -> tuple:
    members, own = list(families.members[family]), selected(families, (family,), count, limit_s)
    reduced, ceiling = (reductions(families, some)[members] for some in (answer, own))
    in_all = np.average(reduced, weights=[families.corpus.subjects[k].instructions for k in members])
    means = float(reduced.mean()), float(in_all), float(ceiling.mean())
    return family, len(members), count, trained_on, *means, answer.optimal and own.optimal


def _table(rows: Iterator[tuple]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(COLUMNS))
