"""Values that straight-line programs compute, each once: a value is what it is on a few examples (observational equivalence).

New values come from running every instruction on stored ones, many instructions in one packed code, on gpu_compute's step.
Compiled; `bottom_up.py` says in which order.
"""

from typing import NamedTuple

import numpy as np

from backends.core.isa.packing import REGISTER_FILE
from backends.gpu_compute.codes import pack, run_code
from backends.gpu_compute.compiling import entry, inner

LEFT, RIGHT, FIRST_RESULT = 1, 2, 3
RESULTS = 28
"""Instructions of one packed code; their results lie in the registers from FIRST_RESULT on."""
_MIX = np.uint64(0x9E3779B97F4A7C15)
_NO_WORDS = np.zeros(4, np.uint8)


class Bank(NamedTuple):
    """values `[C, F]` uint32; made `[C, 3]` int32, by which instruction (a row of the caller's table, -1: given) from which
    two values; slots `[2^k]` int32, the hash table of places, -1 where empty; stored `[1]` int64, how many there are."""

    values: np.ndarray
    made: np.ndarray
    slots: np.ndarray
    stored: np.ndarray

    @property
    def size(self) -> int:
        return int(self.stored[0])

    @classmethod
    def empty(cls, capacity: int, width: int) -> "Bank":
        slots = 1 << int(np.ceil(np.log2(2 * capacity)))
        return cls(
            np.empty((capacity, width), np.uint32), np.empty((capacity, 3), np.int32), np.full(slots, -1, np.int32),
            np.zeros(1, np.int64),
        )  # fmt: skip


class Batch(NamedTuple):
    """packed `[K + 2]` uint64: K instructions on LEFT and RIGHT that leave their results in the registers FIRST_RESULT on.
    rows `[K]` int32: of each the row of the caller's table."""

    packed: np.ndarray
    rows: np.ndarray

    @classmethod
    def of(cls, instructions: np.ndarray, rows: np.ndarray) -> "Batch":
        """Of instructions `[K, 5]`."""
        code = instructions.copy()
        code[:, 1] = FIRST_RESULT + np.arange(len(code))
        return cls(pack(code[None])[0], rows)


class Pairs(NamedTuple):
    """lefts, rights: (first, last) of the places of values; triangle: only pairs with right >= left."""

    lefts: tuple[int, int]
    rights: tuple[int, int]
    triangle: bool


class Room(NamedTuple):
    """What `extend` works in: registers `[33]`, results `[K, F]`, memory and its words."""

    x: np.ndarray
    results: np.ndarray
    memory: np.ndarray
    words: np.ndarray

    @classmethod
    def of(cls, width: int) -> "Room":
        x, results = np.zeros(REGISTER_FILE, np.uint32), np.zeros((RESULTS, width), np.uint32)
        return cls(x, results, _NO_WORDS, _NO_WORDS.view(np.uint32))


@inner
def _slot(bank, value):
    """The place in the hash table where a value lies or would lie."""
    values, slots = bank.values, bank.slots
    hashed = np.uint64(0)
    for word in value:
        hashed = (hashed ^ np.uint64(word)) * _MIX
        hashed ^= hashed >> np.uint64(29)
    mask = np.uint64(len(slots) - 1)
    at = hashed & mask
    while slots[at] >= 0:
        same = True
        for f in range(len(value)):
            if values[slots[at], f] != value[f]:
                same = False
                break
        if same:
            break
        at = (at + np.uint64(1)) & mask
    return at


@inner
def _store(bank, value, row, left, right):
    """Store a value unless it is there or the bank is full."""
    at, n = _slot(bank, value), bank.stored[0]
    if bank.slots[at] < 0 and n < len(bank.values):
        for f in range(len(value)):
            bank.values[n, f] = value[f]
        bank.made[n, 0], bank.made[n, 1], bank.made[n, 2] = row, left, right
        bank.slots[at] = n
        bank.stored[0] += 1


@entry
def add(bank, values):
    """Store given values `[k, F]`."""
    for k in range(len(values)):
        _store(bank, values[k], -1, k, 0)


@entry
def extend(bank, goals, batch, pairs, room, hits):
    """Run the instructions of a batch on pairs of stored values and store the results.

    goals: a bank of values that are sought. hits `[H, 4]` int32: (goal, row, left, right) of results that are goals; hits[0, 0]
    counts them. Returns pairs.
    """
    x, results, rows, count = room.x, room.results, batch.rows, 0
    for left in range(pairs.lefts[0], pairs.lefts[1]):
        for right in range(max(pairs.rights[0], left) if pairs.triangle else pairs.rights[0], pairs.rights[1]):
            count += 1
            for f in range(bank.values.shape[1]):
                x[LEFT], x[RIGHT] = bank.values[left, f], bank.values[right, f]
                run_code(batch.packed, x[:0], room.memory, room.words, np.uint32(0), np.int64(len(rows)), x)
                for k in range(len(rows)):
                    results[k, f] = x[FIRST_RESULT + k]
            for k in range(len(rows)):
                at = goals.slots[_slot(goals, results[k])]
                if at >= 0:
                    _report(hits, at, rows[k], left, right)
                _store(bank, results[k], rows[k], left, right)
    return count


@inner
def _report(hits, goal, what, left, right):
    if hits[0, 0] + 1 < len(hits):
        hits[0, 0] += 1
        hit = hits[hits[0, 0]]
        hit[0], hit[1], hit[2], hit[3] = goal, what, left, right


@entry
def invert(bank, goals, which, lefts, difference, hits):
    """Goals as the sum, difference or exclusive or of two stored values, one of them among `lefts` (first, last).

    which: goals (first, last). difference `[F]`: room. hits: (goal, kind, left, right), kind 0: left + right, 1: left - right,
    2: right - left, 3: left ^ right.
    """
    for goal in range(which[0], which[1]):
        wanted = goals.values[goal]
        for left in range(lefts[0], lefts[1]):
            for kind in range(4):
                for f in range(len(wanted)):
                    a, g = bank.values[left, f], wanted[f]
                    difference[f] = g - a if kind == 0 else a - g if kind == 1 else g + a if kind == 2 else g ^ a
                right = bank.slots[_slot(bank, difference)]
                if right >= 0:
                    _report(hits, goal, kind, left, right)


@entry
def cover(bank, goals, goal, stored, disjunction, found, hits):
    """Goal as the conjunction (or disjunction) of two stored values out of the first `stored`. found `[n]` int32: room for
    the values that have all bits (no other bits) of the goal. hits: (goal, 4 or 5, left, right). Returns pairs looked at."""
    values, wanted, count = bank.values, goals.values[goal], 0
    for at in range(stored):
        fits = True
        for f in range(len(wanted)):
            g = wanted[f]
            if (values[at, f] | g if disjunction else values[at, f] & g) != g:
                fits = False
                break
        if fits and count < len(found):
            found[count] = at
            count += 1
    for i in range(count):
        for j in range(i + 1, count):
            same = True
            for f in range(len(wanted)):
                a, b = values[found[i], f], values[found[j], f]
                if (a | b if disjunction else a & b) != wanted[f]:
                    same = False
                    break
            if same:
                _report(hits, goal, 5 if disjunction else 4, found[i], found[j])
    return count * (count - 1) // 2
