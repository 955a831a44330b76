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
    steps = np.where(np.arange(straight_line.LONGEST) < every.length[:, None], every.steps[:, :, 0], every.steps[:, :1, 0])
    mask = np.bitwise_or.reduce(np.uint64(1) << steps.astype(np.uint64), axis=1)
    masks, lengths, first = [], [], [0]
    for task in range(tasks):
        its = every.task == task
        kept = _least(np.unique(np.column_stack((every.length[its].astype(np.uint64), mask[its])), axis=0))
        masks += [m for _, m in kept]
        lengths += [length for length, _ in kept]
        first.append(len(masks))
    return Needs(np.array(masks, np.uint64), np.array(lengths, np.int64), np.array(first), every.executions)


def _least(rows: np.ndarray) -> list[tuple[int, int]]:
    """Rows (length, mask), by length, without those whose mask contains one before."""
    kept: list[tuple[int, int]] = []
    ones = np.zeros(0, np.uint64)
    for length, mask in sorted(rows.tolist(), key=lambda row: (row[0], row[1].bit_count())):
        if not ((ones & np.uint64(mask)) == ones).any():
            kept.append((length, mask))
            ones = np.append(ones, np.uint64(mask))
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
