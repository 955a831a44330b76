"""Free operations: transducers with one bit of state that go over the bits of two words from the lowest up.

A transducer is a Mealy machine: an output bit and a next state for each state and pair of bits (8 entries each) and the first
state, 2^17 = 131,072 in all. Minimisation (Moore 1956) tells which are equal: a state that is not reached, or two states with
the same outputs, leave a machine without memory; of the others, each with its first state called 0, no two are equal.
Multiplication is none of them, nor a transducer with any number of states up to the residuals that are counted: after prefixes
of the operands, a machine must be in different states where some continuation tells them apart (Myhill and Nerode 1958).
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np

from experiments.isa_discovery.invention import words
from experiments.isa_discovery.invention.case import Case, Set, either_way
from experiments.isa_discovery.invention.optima import sets

COUNT = 1 << 17
BITS = words.BITS
KNOWN = ("add", "sub", "and", "or", "xor", "andn")
"""Operations on words that are among them; `mul` is not."""
TASKS = (
    "sum", "difference", "both", "either", "one_of_two", "without", "complement", "negative", "next", "previous", "double",
    "lowest_set_bit", "without_lowest_set_bit", "up_to_lowest_set_bit", "trailing_zeros_mask",
)  # fmt: skip
HELD_OUT = ("not_both", "neither", "implied", "lowest_clear_bit", "set_lowest_clear_bit", "set_below_lowest")


class Transducers(NamedTuple):
    """output, following `[N, 8]` uint8: bit and next state for state s and bits x, y at 4 s + 2 x + y. first `[N]` uint8."""

    output: np.ndarray
    following: np.ndarray
    first: np.ndarray

    def take(self, which: np.ndarray) -> "Transducers":
        return Transducers(self.output[which], self.following[which], self.first[which])


def every() -> Transducers:
    """All 131,072, by number: eight bits of output, eight of next state, the first state."""
    bits = (np.arange(COUNT)[:, None] >> np.arange(17) & 1).astype(np.uint8)
    return Transducers(bits[:, :8], bits[:, 8:16], bits[:, 16])


def minimal(machines: Transducers) -> Transducers:
    """Equal machines made the same, `[N]`: the first state is 0; without memory, both states are as state 0."""
    swapped = machines.first[:, None].astype(bool)
    output = np.where(swapped, np.roll(machines.output, 4, 1), machines.output)
    following = np.where(swapped, 1 - np.roll(machines.following, 4, 1), machines.following)
    same = (output[:, :4] == output[:, 4:]).all(1) | ~following[:, :4].any(1)
    output = np.where(same[:, None], np.tile(output[:, :4], 2), output)
    following = np.where(same[:, None], np.uint8(0), following)
    return Transducers(output, following, np.zeros_like(machines.first))


def tables(machines: Transducers) -> np.ndarray:
    """`[N, 256]` uint8: results on all pairs of words of four bits."""
    a, b = np.divmod(np.arange(words.N**2), words.N)
    row, state = np.arange(len(machines.first))[:, None], np.repeat(machines.first[:, None], len(a), 1)
    result = np.zeros(state.shape, np.uint8)
    for bit in range(BITS):
        entry = 4 * state + (2 * (a >> bit & 1) + (b >> bit & 1)).astype(np.uint8)
        result |= machines.output[row, entry] << np.uint8(bit)
        state = machines.following[row, entry]
    return result


def codes(machines: Transducers) -> np.ndarray:
    """`[N]` uint16: of minimal machines, output and next state."""
    return np.packbits(np.hstack((machines.output, machines.following)), axis=1).view(np.uint16)[:, 0]


@cache
def numbers() -> np.ndarray:
    """`[D]`: one number, as in `every`, for each of those that differ by more than an exchange of operands."""
    machines = every()
    exchanged = [0, 2, 1, 3, 4, 6, 5, 7]
    mirrored = Transducers(machines.output[:, exchanged], machines.following[:, exchanged], machines.first)
    either = np.minimum(codes(minimal(machines)), codes(minimal(mirrored)))
    return np.sort(np.unique(either, return_index=True)[1])


@cache
def distinct() -> np.ndarray:
    """`[D, 256]` uint8: the tables of `numbers`."""
    return tables(every().take(numbers()))


def residuals(table: np.ndarray, prefix: int) -> int:
    """How many states a machine has to be in after `prefix` bits of the operands, at least: results on the bits that follow,
    counted where they differ. table `[256]`: an operation whose result bit k depends on bits up to k alone."""
    low = 1 << prefix
    high = np.arange(words.N // low) * low
    grid = table.reshape(words.N, words.N)
    after = {(grid[np.ix_(high + a, high + b)] >> prefix).tobytes() for a in range(low) for b in range(low)}
    return len(after)


def states(table: np.ndarray) -> int:
    """The most that `residuals` gives for any prefix: more than two, and it is no transducer with one bit of state."""
    return max(residuals(table, prefix) for prefix in range(BITS))


@cache
def case(count: int = 1) -> Case:
    """All distinct transducers on a few tasks that transducers can do, and some held out."""
    known = dict(zip(words.TASKS, words.values(words.TASKS, words.pairs()), strict=True))
    tasks, held = (np.array([known[name] for name in names]) for names in (TASKS, HELD_OUT))
    names = tuple(_named(table) or f"transducer {number}" for number, table in zip(numbers(), distinct(), strict=True))
    return replace(
        words.case(count), name=f"transducers_{count}", names=names, tables=distinct(),
        task_names=TASKS, tasks=tasks, held_out_names=HELD_OUT, held_out=held,
    )  # fmt: skip


@dataclass(frozen=True)
class Coverage:
    """What an enumeration saw. covered: sets measured, of `sets`. best: all of least cost among them. executions: applied."""

    covered: int
    sets: int
    cost: int
    best: tuple[Set, ...]
    costs: np.ndarray
    executions: int


@cache
def singles() -> Coverage:
    """Every transducer alone: exhaustive."""
    chosen = sets(case(1))
    return _measured(case(1), chosen, len(chosen))


def pairs(alone: Coverage, first: int) -> Coverage:
    """Pairs with one of the `first` best transducers of `singles`, and any other: no more than these are covered."""
    every = len(alone.costs)
    best = np.argsort(alone.costs, kind="stable")[:first].tolist()
    chosen: list[Set] = sorted({(min(one, other), max(one, other)) for one in best for other in range(every) if other != one})
    return _measured(case(2), chosen, every * (every - 1) // 2)


def _measured(of: Case, chosen: list[Set], total: int) -> Coverage:
    costs, executions = np.zeros(len(chosen), np.int64), 0
    for number, each in enumerate(chosen):
        found = of.shortest(of, of.tables[list(each)])
        costs[number], executions = of.cost(found.lengths), executions + found.executions
    best = tuple(chosen[k] for k in np.flatnonzero(costs == costs.min()))
    return Coverage(len(chosen), total, int(costs.min()), best, costs, executions)


def _named(table: np.ndarray) -> str | None:
    """The operation on words that a table is, or its mirror."""
    return _operations().get(either_way(table))


@cache
def _operations() -> dict[bytes, str]:
    return {either_way(table): name for name, table in zip(words.OPERATIONS, words.tables(), strict=True)}
