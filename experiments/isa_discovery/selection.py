"""The operations that save most: which to add, and where to use them, by integer programming.

Maximise the instructions saved by at most k operations, or by operations within an area, over all ways to use each instruction
in at most one operation. The solver is HiGHS, which `scipy.optimize.milp` calls; what it says is optimal has gap 0. Optimal
means: over the candidates enumerated, in this compiler's output, in its order and with its registers.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

IMMEDIATES = 8
"""Operations with an immediate that there is room for in custom-1, which tells them apart by funct3."""


@dataclass(frozen=True)
class Problem:
    """Uses `[U]`, operations `[O]`.

    saved `[U]` int64: instructions that a use saves in the run. operation `[U]`: of which it is a use. cells: of each use, the
    instructions that it replaces, numbered over the whole corpus. areas `[O]`: of each operation; immediate `[O]` bool: whether
    it has one. costs: for groups of
    uses of which any costs something once, such as a jump over what becomes free: (cost, the uses).
    """

    saved: np.ndarray
    operation: np.ndarray
    cells: tuple[frozenset[int], ...]
    areas: np.ndarray
    immediate: np.ndarray
    costs: tuple[tuple[int, tuple[int, ...]], ...] = ()

    @property
    def operations(self) -> int:
        return len(self.areas)

    @cached_property
    def conflicts(self) -> list[list[int]]:
        """Uses that share an instruction, of each instruction that more than one use could replace."""
        sharing: dict[int, list[int]] = {}
        for use, cells in enumerate(self.cells):
            for cell in cells:
                sharing.setdefault(cell, []).append(use)
        return [list(users) for users in dict.fromkeys(tuple(users) for users in sharing.values() if len(users) > 1)]

    @cached_property
    def _charged(self) -> list[list[int]]:
        """Of each use the numbers of the costs that it brings."""
        found: list[list[int]] = [[] for _ in self.cells]
        for number, (_, group) in enumerate(self.costs):
            for use in set(group):
                found[use].append(number)
        return found

    def _costs_of(self, uses: Iterable[int]) -> list[tuple[int, tuple[int, ...]]]:
        """Those that any of these uses brings."""
        return [self.costs[number] for number in sorted({number for use in uses for number in self._charged[use]})]

    def only(self, uses: np.ndarray) -> "Problem":
        """With these uses `[U']` alone, and the operations of these."""
        kept = {int(use): k for k, use in enumerate(uses)}
        operations, operation = np.unique(self.operation[uses], return_inverse=True)
        costs = tuple((cost, tuple(kept[u] for u in group if u in kept)) for cost, group in self._costs_of(kept))
        cells = tuple(self.cells[use] for use in uses)
        kinds = self.areas[operations], self.immediate[operations]
        return Problem(self.saved[uses], operation, cells, *kinds, costs)

    def value(self, uses: Sequence[int]) -> int:
        """Instructions saved by these uses."""
        return int(self.saved[list(uses)].sum()) - sum(cost for cost, _ in self._costs_of(uses))


@dataclass(frozen=True)
class Selection:
    """operations and uses: chosen. saved: instructions. bound: no selection saves more; the optimum where it equals `saved`."""

    operations: tuple[int, ...]
    uses: tuple[int, ...]
    saved: int
    bound: float

    @property
    def optimal(self) -> bool:
        return self.saved >= self.bound - 0.5


def exact(problem: Problem, count: int, area: float = np.inf, limit_s: float = 600.0) -> Selection:
    """The best selection of at most `count` operations within `area`.

    Where the time ends, the best one found, with the bound that was shown.
    """
    uses, operations = len(problem.saved), problem.operations
    if not uses or not count:
        return Selection((), (), 0, 0.0)
    gain = np.concatenate((problem.saved, np.zeros(operations), [-cost for cost, _ in problem.costs])).astype(float)
    scale = max(1.0, gain.max() / 1e6)  # the solver's tolerances are absolute
    found = milp(
        -gain / scale, integrality=np.ones(len(gain)), bounds=Bounds(0, 1), constraints=_constraints(problem, count, area),
        options={"time_limit": limit_s, "mip_rel_gap": 0.0},
    )  # fmt: skip
    bound = float(-found.mip_dual_bound * scale) if found.mip_dual_bound is not None else float(gain[gain > 0].sum())
    chosen = () if found.x is None else tuple(np.flatnonzero(found.x[:uses] > 0.5).tolist())
    return Selection(tuple(sorted({int(problem.operation[u]) for u in chosen})), chosen, problem.value(chosen), bound)


def _constraints(problem: Problem, count: int, area: float) -> LinearConstraint:
    """Of the variables: uses, operations, costs; all 0 or 1. Each row is at most its limit."""
    uses, operations = len(problem.saved), problem.operations
    in_operation, in_cost = (lambda o: uses + int(o)), (lambda c: uses + operations + c)
    rows: Iterator[tuple[dict[int, float], float]] = chain(
        ((dict.fromkeys(users, 1.0), 1.0) for users in problem.conflicts),
        (({u: 1.0, in_operation(o): -1.0}, 0.0) for u, o in enumerate(problem.operation)),
        (({u: 1.0, in_cost(c): -1.0}, 0.0) for c, (_, group) in enumerate(problem.costs) for u in group),
        [({in_operation(o): 1.0 for o in range(operations)}, float(count))],
        [({in_operation(o): 1.0 for o in np.flatnonzero(problem.immediate)}, float(IMMEDIATES))],
        [({in_operation(o): float(a) for o, a in enumerate(problem.areas)}, area)] if np.isfinite(area) else [],
    )
    entries, limits = [], []
    for row, (coefficients, limit) in enumerate(rows):
        entries += [(row, column, value) for column, value in coefficients.items()]
        limits.append(limit)
    at, columns, values = zip(*entries, strict=True)
    matrix = coo_array((values, (at, columns)), shape=(len(limits), uses + operations + len(problem.costs))).tocsr()
    return LinearConstraint(matrix, -np.inf, np.array(limits))
