"""Other ways to choose operations, each with the best uses of those that it chooses.

frequency_greedy: those that would save most if each were alone. marginal_greedy: always the one that adds most. annealing: by
exchanges that are accepted as Metropolis et al. 1953 do, under a falling temperature. drawn: at random.
"""

from collections.abc import Callable, Iterable
from functools import cached_property

import numpy as np

from experiments.isa_discovery.selection import Problem, Selection, exact

PROPOSALS = 2000
_FIRST, _LAST = 0.3, 1e-4  # temperatures, as parts of what the frequent ones save


class Covers:
    """The best uses of chosen operations, one independent piece of the corpus after another, each looked up where it was asked
    for before."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.known: dict[tuple[int, frozenset[int]], tuple[int, tuple[int, ...]]] = {}

    @cached_property
    def pieces(self) -> list[np.ndarray]:
        """Uses that share instructions or costs, and those that these share some with, and so on."""
        parent = list(range(len(self.problem.saved)))

        def root(use: int) -> int:
            while parent[use] != use:
                parent[use] = use = parent[parent[use]]
            return use

        for group in (*self.problem.conflicts, *(group for _, group in self.problem.costs)):
            for use in group[1:]:
                parent[root(use)] = root(group[0])
        roots = np.array([root(use) for use in range(len(parent))])
        return [np.flatnonzero(roots == r) for r in np.unique(roots)]

    @cached_property
    def within(self) -> list[frozenset[int]]:
        """The operations of each piece."""
        return [frozenset(self.problem.operation[piece].tolist()) for piece in self.pieces]

    @cached_property
    def where(self) -> list[list[int]]:
        """The pieces of each operation."""
        found: list[list[int]] = [[] for _ in range(self.problem.operations)]
        for k, operations in enumerate(self.within):
            for operation in operations:
                found[operation].append(k)
        return found

    def of(self, piece: int, chosen: Iterable[int]) -> tuple[int, tuple[int, ...]]:
        """(instructions saved in a piece by the chosen operations, the uses)."""
        key = piece, self.within[piece] & set(chosen)
        if key not in self.known:
            uses = self.pieces[piece][np.isin(self.problem.operation[self.pieces[piece]], list(key[1]))]
            found = exact(self.problem.only(uses), len(key[1]))
            self.known[key] = found.saved, tuple(uses[list(found.uses)].tolist())
        return self.known[key]

    def saved(self, chosen: Iterable[int], pieces: Iterable[int] | None = None) -> int:
        chosen = set(chosen)
        return sum(self.of(k, chosen)[0] for k in (self._touched(chosen) if pieces is None else pieces))

    def _touched(self, chosen: set[int]) -> list[int]:
        """The pieces that have a use of one of these operations."""
        return sorted({k for operation in chosen for k in self.where[operation]})

    def selection(self, chosen: Iterable[int]) -> Selection:
        chosen = set(chosen)
        uses = [use for k in self._touched(chosen) for use in self.of(k, chosen)[1]]
        return Selection(tuple(sorted(chosen)), tuple(uses), self.problem.value(uses), np.inf)


def _alone(problem: Problem) -> np.ndarray:
    """`[O]`, at most what an operation saves."""
    return np.bincount(problem.operation, problem.saved, problem.operations)


def frequency_greedy(problem: Problem, count: int, rng: np.random.Generator) -> Selection:
    return Covers(problem).selection(np.argsort(-_alone(problem), kind="stable")[:count].tolist())


def marginal_greedy(problem: Problem, count: int, rng: np.random.Generator) -> Selection:
    covers, alone = Covers(problem), _alone(problem)
    chosen: list[int] = []
    for _ in range(min(count, problem.operations)):
        best, gain = None, 0
        for operation in np.argsort(-alone, kind="stable").tolist():
            if alone[operation] <= gain:
                break
            if operation not in chosen:
                pieces = covers.where[operation]
                added = covers.saved([*chosen, operation], pieces) - covers.saved(chosen, pieces)
                best, gain = (operation, added) if added > gain else (best, gain)
        if best is None:
            break
        chosen.append(best)
    return covers.selection(chosen)


def annealing(problem: Problem, count: int, rng: np.random.Generator) -> Selection:
    covers, count = Covers(problem), min(count, problem.operations)
    chosen = rng.choice(problem.operations, count, replace=False).tolist()
    now = best = covers.saved(chosen)
    found, scale = list(chosen), float(np.sort(_alone(problem))[-count:].mean())
    for temperature in scale * np.geomspace(_FIRST, _LAST, PROPOSALS):
        place, operation = int(rng.integers(count)), int(rng.integers(problem.operations))
        if operation in chosen:
            continue
        other = [*chosen[:place], operation, *chosen[place + 1 :]]
        pieces = {*covers.where[operation], *covers.where[chosen[place]]}
        gain = covers.saved(other, pieces) - covers.saved(chosen, pieces)
        if gain >= 0 or rng.random() < np.exp(gain / temperature):
            chosen, now = other, now + gain
            if now > best:
                best, found = now, list(chosen)
    return covers.selection(found)


def drawn(problem: Problem, count: int, rng: np.random.Generator) -> Selection:
    return Covers(problem).selection(rng.choice(problem.operations, min(count, problem.operations), replace=False).tolist())


BASELINES: dict[str, Callable[[Problem, int, np.random.Generator], Selection]] = {
    "frequency_greedy": frequency_greedy, "marginal_greedy": marginal_greedy, "annealing": annealing, "random": drawn,
}  # fmt: skip
