"""All best sets of a case, by looking at every set; and one by integer programming.

Where programs are short, all of them over all candidates are enumerated once: a task is then done by any set that contains the
operations of one of its programs, and the best set is a facility-location problem. Two ways to solve it must agree: brute force
over all sets, and HiGHS through `scipy.optimize.milp`.
"""

from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from backends.gpu_compute.compiling import entry
from experiments.isa_discovery.invention import straight_line
from experiments.isa_discovery.invention.case import Case, Set
from experiments.isa_discovery.invention.enumeration import LONGEST


@dataclass(frozen=True)
class Optima:
    """best: all sets of least cost. cost: theirs. costs `[S]`: of every set of at most `Case.count` operations.
    executions: operations applied."""

    best: tuple[Set, ...]
    cost: int
    costs: np.ndarray
    executions: int


@dataclass(frozen=True)
class Needs:
    """Which operations suffice for a task. mask `[P]` uint64: bit o, operation o. length `[P]`. first `[T + 1]`: where the rows
    of each task begin. No row of a task has fewer operations and is as short as another. executions: operations applied."""

    mask: np.ndarray
    length: np.ndarray
    first: np.ndarray
    executions: int


def sets(case: Case) -> list[Set]:
    """All sets of one to `count` operations, canonical."""
    return [chosen for size in range(1, case.count + 1) for chosen in combinations(case.distinct, size)]


def exhaustive(case: Case) -> Optima:
    """By measuring every set."""
    found = [case.measure(chosen) for chosen in sets(case)]
    return _optima(case, np.array([case.cost(each.lengths) for each in found]), sum(each.executions for each in found))


def by_masks(case: Case) -> Optima:
    """By enumerating the programs over all candidates once, then looking at every set; at most 64 candidates."""
    known, every = needs(case, len(case.tasks)), sets(case)
    chosen = np.array([_mask(each) for each in every], np.uint64)
    costs = np.zeros(len(chosen), np.int64)
    _costs(chosen, known.mask, known.length, known.first, case.undone, costs)
    return _optima(case, costs, known.executions)


def _optima(case: Case, costs: np.ndarray, executions: int) -> Optima:
    every = sets(case)
    return Optima(tuple(every[k] for k in np.flatnonzero(costs == costs.min())), int(costs.min()), costs, executions)


def _mask(chosen: Set) -> int:
    return sum(1 << number for number in chosen)


@cache
def needs(case: Case, tasks: int) -> Needs:
    """Of the first so many tasks."""
    every = straight_line.programs(case, case.tables, 1 << 20)
    steps = np.where(np.arange(LONGEST) < every.length[:, None], every.steps[:, :, 0], every.steps[:, :1, 0])
    mask = np.bitwise_or.reduce(np.uint64(1) << steps.astype(np.uint64), axis=1)
    kept = [_least(every.length[every.task == task], mask[every.task == task]) for task in range(tasks)]
    rows = np.array([row for its in kept for row in its], np.uint64).reshape(-1, 2)
    first = np.concatenate(([0], np.cumsum([len(its) for its in kept])))
    return Needs(rows[:, 1].copy(), rows[:, 0].astype(np.int64), first, every.executions)


def _least(lengths: np.ndarray, masks: np.ndarray) -> list[tuple[int, int]]:
    """Pairs (length, mask), by length, without those whose mask contains one before."""
    kept: list[tuple[int, int]] = []
    for length in range(1, LONGEST + 1):
        different = np.unique(masks[lengths == length])
        for mask in different[np.argsort(np.bitwise_count(different), kind="stable")].tolist():
            if not any(before & mask == before for _, before in kept):
                kept.append((length, mask))
    return kept


@entry
def _costs(chosen, mask, length, first, undone, costs):
    for s in range(len(chosen)):
        for task in range(len(first) - 1):
            best = undone
            for k in range(first[task], first[task + 1]):  # by length: the first that fits is the shortest
                if mask[k] & ~chosen[s] == 0:
                    best = length[k]
                    break
            costs[s] += best


def by_integer_programming(case: Case) -> tuple[Set, int]:
    """One best set and its cost, proven optimal by the solver (gap 0)."""
    known, operations = needs(case, len(case.tasks)), len(case.tables)
    rows, tasks = len(known.mask), len(case.tasks)
    gain = np.concatenate((np.zeros(operations), case.undone - known.length))
    found = milp(
        -gain, integrality=np.concatenate((np.ones(operations), np.zeros(rows))), bounds=Bounds(0, 1),
        constraints=_constraints(case, known), options={"mip_rel_gap": 0.0},
    )  # fmt: skip
    if not found.success:
        raise ArithmeticError(f"{case.name}: {found.message}")
    chosen = case.canonical(np.flatnonzero(found.x[:operations] > 0.5).tolist())
    return chosen, round(case.undone * tasks + found.fun)


def _constraints(case: Case, known: Needs) -> LinearConstraint:
    """A program of a task needs its operations; a task has one program at most; the operations are at most `count`."""
    operations, rows, tasks = len(case.tables), len(known.mask), len(case.tasks)
    program, operation = np.nonzero(known.mask[:, None] >> np.arange(operations, dtype=np.uint64) & np.uint64(1))
    links = len(program)
    task = np.repeat(np.arange(tasks), np.diff(known.first))
    entries = [
        (np.ones(links), np.arange(links), operations + program), (-np.ones(links), np.arange(links), operation),
        (np.ones(rows), links + task, operations + np.arange(rows)),
        (np.ones(operations), np.full(operations, links + tasks), np.arange(operations)),
    ]  # fmt: skip
    values, at, columns = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    limits = np.concatenate((np.zeros(links), np.ones(tasks), [case.count]))
    matrix = coo_array((values, (at, columns)), shape=(len(limits), operations + rows)).tocsr()
    return LinearConstraint(matrix, -np.inf, limits)
