"""Sketches of loops: codes whose slots have roles, so that few instructions come into question for each.

A loop has a *counter*: a register, how it changes in a round, and the branch that goes back, so that how often the loop runs
depends on nothing else that it does. Counters that end on the examples are found first; of those that change alike and go
round as often, one stands for all. What the rounds compute is a body with a role for each slot. Source of the idea:
Solar-Lezama, Program Synthesis by Sketching (2008).
"""

import math
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np

from backends.core import isa
from backends.gpu_compute.codes import entry, pack_code
from experiments.synthesis.discrete.odometer import Lines, Menu
from experiments.synthesis.evaluate import Evaluator, run_case, scratch
from experiments.synthesis.language import IMM, NOTHING, OP, RS2, Space
from experiments.synthesis.task import Examples

ROLES = {
    "a": "changes a register", "r": "changes a register by registers", "n": "changes a register by a usual step",
    "k": "adds a usual step", "c": "copies a register", "v": "computes the value", "p": "computes the value from registers",
    "l": "loads the value", "t": "changes the value", "w": "changes a register by the value", "s": "stores the value",
    "i": "leaves out the next slot, or not", "j": "does so after a look at the value", "x": "leaves the loop, or not",
    "y": "does so after a look at the value", "b": "goes back, or not", "1": "sets a register to 1 or to another",
    "=": "sets a register", "o": "copies to an output", "f": "computes an output",
}  # fmt: skip
"""What a letter of a sketch stands for. *The value* is a register for what a round needs for itself."""
BODIES = (
    "", "a", "rr", "aa", "rrr", "aaa", "vw", "nvw", "avw", "vwa", "vtw", "lw", "klw", "ltw", "kltw", "ic", "ir", "in", "ia",
    "vjc", "vjr", "vjn", "vja", "vjrn", "ljc", "ljr", "ljn", "lja", "kljc", "kljr", "kljk", "klja", "x", "ax", "vy", "vyn",
    "ly", "kly", "lyk", "ls", "lsk", "kls", "lts", "ltsk", "klts",
)  # fmt: skip
"""Of loops with a counter."""
FREE = ("a", "aa", "va", "vwa", "pcc", "vcc", "kp", "kv")
"""Of loops that end on what they compute."""
BEFORE, AFTER = ("", "1", "=", "1=", "=="), ("", "o", "f")
_PAIRS = ("beq", "bne"), ("blt", "bge"), ("bltu", "bgeu")
_OF_VALUES = frozenset("vpltwsjy")
_OPPOSITE = {isa.NUMBER[a]: isa.NUMBER[b] for pair in _PAIRS for a, b in (pair, pair[::-1])}
_STEPS = 0, 1, 4
"""Usual immediates: none, of counters, and of pointers to words."""
_LOOKED_AT, _COUNTERS = 32, 30
"""Examples that counters are run on, and how many of one register and as many slots are kept."""
_EFFORT = 20_000
"""How many codes could be tried in the time that it takes to lay out a sketch."""


class Counter(NamedTuple):
    """Places among the lines: what sets the register at first and the branch that leaves out the whole loop (-1 where there is
    none), the update, and the branch that goes back."""

    start: int
    guard: int
    update: int
    back: int


class Sketch(NamedTuple):
    """counter: None where what the body computes ends the loop. layout: a letter for each slot, of `ROLES`, or S, G, U, B for
    the parts of the counter. top, end: the slots where a round begins, and behind the branch that goes back."""

    counter: Counter | None
    layout: str
    top: int
    end: int

    @classmethod
    def of(cls, counter: Counter | None, before: str, body: str, after: str, early: bool = False) -> "Sketch":
        """early: whether the counter changes before the body."""
        if not counter:
            return cls(None, before + body + "b" + after, len(before), len(before + body) + 1)
        before = "S" * (counter.start >= 0) + before + "G" * (counter.guard >= 0)
        rounds = before + ("U" + body if early else body + "U") + "B"
        return cls(counter, rounds + after, len(before), len(rounds))

    def target(self, slot: int) -> int:
        """The slot that a branch in this slot goes to."""
        letter = self.layout[slot]
        return slot + 2 if letter in "ij" else self.top if letter in "bB" else self.end


class Sketches:
    """The sketches of a space whose immediates are `constants`; None: all.

    counters: those that end on the examples, each with its rank among those of the same register with as many slots.
    executed: instructions to find them.
    """

    def __init__(self, space: Space, examples: Examples, constants: tuple[int, ...] | None) -> None:
        self.space, self.examples = space, examples
        named = sorted(examples.registers_named())
        spare = [r for r in space.registers if r and r not in named][:2]
        self.value = _bits(spare[-1:])
        self.counting = [1 << r for r in (*named, *spare[:-1])]
        self.inputs, self.outputs = (
            _bits({at.number for at in places if at.kind == "register"})
            for places in (examples.sources, examples.targets)
        )
        lines = Lines.of(space, examples, 0, constants)
        lines = lines.take((lines.reads | lines.writes) & ~_bits([*named, *spare]) == 0)
        self.lines = lines._replace(scratch=np.zeros_like(lines.scratch))
        self.roles, self.parts = cache(self._roles), cache(self._parts)
        self.counters, self.executed = self._counters()

    def menus(self) -> Iterator[Menu]:
        """Small ones first, those of simple counters before those of strange ones."""
        ranked = [
            (rank * (size + _EFFORT), counter, part)
            for rank, counter in [(1, None), *self.counters]
            for part, size, length in self.parts(self._locked(counter), counter is None)
            if length + _own_slots(counter) <= self.space.length
        ]
        for _, counter, part in sorted(ranked, key=lambda one: one[0]):
            sketch = Sketch.of(counter, *part)
            yield Menu.of([self._lines(sketch, slot) for slot in range(len(sketch.layout))], self.examples)

    def _parts(self, locked: int, free: bool) -> list[tuple[tuple, int, int]]:
        """What may stand beside a counter that reads `locked` registers, or make a loop alone: arguments of `Sketch.of`, how
        many codes they stand for, and slots."""
        found = []
        for before, body, after, early in product(BEFORE, FREE if free else BODIES, AFTER, (False, True)):
            roles, letters = self.roles(locked, _valued(body)), before + body + "b" * free + after
            size = math.prod(len(roles[letter]) for letter in letters)
            if size and not (early and (free or not body)):
                found.append(((before, body, after, early), size, len(letters)))
        return found

    def _lines(self, sketch: Sketch, slot: int) -> Lines:
        """What may stand in a slot, with jumps to where they go."""
        lines = self.lines.take(self._places(sketch)[sketch.layout[slot]])
        lines.rows[:, IMM] += 4 * sketch.target(slot) * lines.jumps
        return lines

    def _places(self, sketch: Sketch) -> dict[str, np.ndarray]:
        """By letter the places among the lines that may stand for it."""
        roles = self.roles(self._locked(sketch.counter), _valued(sketch.layout))
        of_counter = {letter: np.array([place]) for letter, place in zip("SGUB", sketch.counter or (), strict=False)}
        return roles | of_counter

    def _locked(self, counter: Counter | None) -> int:
        """Registers that the body must not write, so that the loop runs as often as its counter says."""
        return int(np.bitwise_or.reduce(self.lines.reads[[counter.update, counter.back]])) if counter else 0

    def _counters(self) -> tuple[list[tuple[int, Counter]], int]:
        tried = np.concatenate([self._of_register(register) for register in self.counting])
        codes = np.concatenate([self.lines.rows, [NOTHING]])[tried]  # as in `Counter`; what is not there does nothing
        codes[:, 1, IMM] += 12 * (tried[:, 1] >= 0)  # from the second slot to the end
        codes[:, 3, IMM] -= 4  # from the last one to the update
        evaluator = Evaluator(self.examples.take(slice(_LOOKED_AT)))
        took = np.zeros((len(codes), len(evaluator)), np.int64)
        total = _run(codes, *evaluator.cases.arguments(), *scratch(4, evaluator.cases), took)
        ended = took.all(axis=1) & (np.median(took, axis=1) > 4)  # and goes round twice on half of the examples
        first: dict[tuple[int, int, bytes], tuple[Counter, np.ndarray]] = {}
        for counter, executed in zip(tried[ended].tolist(), took[ended], strict=True):
            first.setdefault((counter[0], counter[2], executed.tobytes()), (Counter(*counter), executed))
        classes: dict[tuple[int, int], list[Counter]] = {}
        for counter, _ in sorted(first.values(), key=_strangeness):
            classes.setdefault((int(self.lines.writes[counter.update]), _own_slots(counter)), []).append(counter)
        return [one for counters in classes.values() for one in enumerate(counters[:_COUNTERS], 1)], int(total)

    def _of_register(self, register: int) -> np.ndarray:
        """`[P, 4]` places among the lines, -1 for none: what may be a counter in a register."""
        lines, of_inputs = self.lines, self.lines.reads & ~(self.inputs | register) == 0
        updates = np.flatnonzero((lines.reads & lines.writes == register) & of_inputs)
        backs = np.flatnonzero(lines.jumps & (lines.reads & register != 0) & of_inputs)
        starts = np.flatnonzero(_sets(lines) & (lines.writes == register) & of_inputs)
        starts = starts if not register & self.inputs else starts[:0]
        place = {tuple(row): k for k, row in enumerate(lines.rows.tolist())}
        pairs = [(-1, back) for back in backs]
        for back, (op, *fields) in zip(backs, lines.rows[backs].tolist(), strict=True):
            pairs += [(place[_OPPOSITE[op], *fields], back)] if (_OPPOSITE[op], *fields) in place else []
        chosen = np.meshgrid([-1, *starts], updates, np.arange(len(pairs)), indexing="ij")
        start, update, pair = (axis.ravel() for axis in chosen)
        guard, back = np.array(pairs, np.int64).reshape(-1, 2)[pair].T
        return np.stack([start, guard, update, back], axis=1)

    def _roles(self, locked: int, valued: bool) -> dict[str, np.ndarray]:
        """Places among the lines by role, where a body must not write `locked` registers. valued: whether it has a value."""
        lines, rows, value = self.lines, self.lines.rows, self.value if valued else 0
        kinds = np.array([isa.OPERATIONS[number].kind for number in rows[:, OP]])
        own, of_value, to_value = lines.reads & lines.writes != 0, lines.reads & value != 0, lines.writes & value != 0
        free, after = lines.writes & ~(locked | value) != 0, lines.writes & self.outputs != 0
        registers = np.array([isa.OPERATIONS[number].format == "R" for number in rows[:, OP]])
        changes, computes = own & free & ~of_value, to_value & ~own
        near = np.isin(abs(rows[:, IMM]), _STEPS)
        step, loads = (
            changes & ~registers & (kinds != "load") & near,
            computes & (kinds == "load") & (lines.reads != 0) & near,
        )
        branch, stores = lines.jumps & (lines.reads != 0), (kinds == "store") & (value >> rows[:, RS2] & 1 == 1) & near
        masks = {
            "a": changes, "r": changes & registers, "n": step, "k": step & (rows[:, OP] == isa.NUMBER["addi"]),
            "c": _copies(lines) & free, "v": computes, "p": computes & registers, "l": loads, "t": to_value & own,
            "w": own & free & of_value, "s": stores, "i": branch & ~of_value, "j": branch & of_value, "x": branch & ~of_value,
            "y": branch & of_value, "b": branch, "1": _sets(lines) & free & (_copies(lines) | (rows[:, IMM] == 1)),
            "=": _sets(lines) & free, "o": _copies(lines) & after, "f": after,
        }  # fmt: skip
        return {letter: np.flatnonzero(mask) for letter, mask in masks.items()}


def _valued(letters: str) -> bool:
    """Whether any of these roles needs the value."""
    return not _OF_VALUES.isdisjoint(letters)


def _strangeness(one: tuple[Counter, np.ndarray]) -> tuple[int, int]:
    """Of a counter and what it executed on each example: that tells few examples apart, and then that takes many rounds."""
    return -len(np.unique(one[1])), int(one[1].sum())


def _own_slots(counter: Counter | None) -> int:
    """Slots that it takes itself."""
    return sum(place >= 0 for place in counter or ())


def _bits(registers: Iterable[int]) -> int:
    return sum(1 << register for register in registers)


def _copies(lines: Lines) -> np.ndarray:
    """`[M]` bool, whether an instruction copies one register to another."""
    add = lines.rows[:, OP] == isa.NUMBER["add"]
    return add & (lines.rows[:, RS2] == 0) & (lines.reads != 0) & (lines.reads & lines.writes == 0)


def _sets(lines: Lines) -> np.ndarray:
    """`[M]` bool, whether it sets a register to a constant or another's value."""
    return _copies(lines) | (lines.rows[:, OP] == isa.NUMBER["addi"]) & (lines.reads == 0)


@entry
def _run(codes, registers, memory, words, base, places, wanted, steps, packed, x, own_memory, own_words, took):
    """Instructions that each code `[P, L, 5]` executes on each example, into took `[P, E]`; 0 from the first on that it does
    not end on. Returns how many were executed."""
    total = np.int64(0)
    for p in range(len(codes)):
        pack_code(codes[p], packed)
        for e in range(len(registers)):
            ended, executed, _ = run_case(
                packed, False, e, registers, memory, words, base, steps, x, own_memory, own_words
            )
            total += executed
            if not ended:
                break
            took[p, e] = executed
    return total
