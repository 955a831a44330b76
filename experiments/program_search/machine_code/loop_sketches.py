"""Sketches of loops: codes whose slots have roles, so that few instructions come into question for each.

A loop has a *counter* (`loop_counters.py`), so that how often the loop runs depends on nothing else that it does. What the
rounds compute is a body with a role for each slot. Source of the idea: Solar-Lezama, Program Synthesis by Sketching (2008).
"""

import math
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np

from backends.core import isa
from experiments.program_search.machine_code.instructions import Instructions, SlotChoices
from experiments.program_search.machine_code.loop_counters import Counter, copies, counters, sets
from experiments.program_search.problem import Examples
from experiments.program_search.space import IMM, OP, RS2, Space

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
_OF_VALUES = frozenset("vpltwsjy")
_STEPS = 0, 1, 4
"""Usual immediates: none, of counters, and of pointers to words."""
_EFFORT = 20_000
"""How many codes could be tried in the time that it takes to lay out a sketch."""


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
        counting = [1 << r for r in (*named, *spare[:-1])]
        self.inputs, self.outputs = (
            _bits({at.number for at in places if at.kind == "register"}) for places in (examples.sources, examples.targets)
        )
        lines = Instructions.of(space, examples, 0, constants)
        lines = lines.take((lines.reads | lines.writes) & ~_bits([*named, *spare]) == 0)
        self.lines = lines._replace(scratch=np.zeros_like(lines.scratch))
        self.roles, self.parts = cache(self._roles), cache(self._parts)
        self.counters, self.executed = counters(self.lines, examples, counting, self.inputs)

    def slot_choices(self) -> Iterator[SlotChoices]:
        """Small ones first, those of simple counters before those of strange ones."""
        ranked = [
            (rank * (size + _EFFORT), counter, part)
            for rank, counter in [(1, None), *self.counters]
            for part, size, length in self.parts(self._locked(counter), counter is None)
            if length + (counter.slots if counter else 0) <= self.space.length
        ]
        for _, counter, part in sorted(ranked, key=lambda one: one[0]):
            sketch = Sketch.of(counter, *part)
            yield SlotChoices.of([self._lines(sketch, slot) for slot in range(len(sketch.layout))], self.examples)

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

    def _lines(self, sketch: Sketch, slot: int) -> Instructions:
        """What may stand in a slot, with jumps to where they go."""
        roles = self.roles(self._locked(sketch.counter), _valued(sketch.layout))
        of_counter = {letter: np.array([place]) for letter, place in zip("SGUB", sketch.counter or (), strict=False)}
        lines = self.lines.take((roles | of_counter)[sketch.layout[slot]])
        lines.rows[:, IMM] += 4 * sketch.target(slot) * lines.jumps
        return lines

    def _locked(self, counter: Counter | None) -> int:
        """Registers that the body must not write, so that the loop runs as often as its counter says."""
        return int(np.bitwise_or.reduce(self.lines.reads[[counter.update, counter.back]])) if counter else 0

    def _roles(self, locked: int, valued: bool) -> dict[str, np.ndarray]:
        """Places among the lines by role, where a body must not write `locked` registers. valued: whether it has a value."""
        lines, rows, value = self.lines, self.lines.rows, self.value if valued else 0
        kinds = np.array([isa.OPERATIONS[number].kind for number in rows[:, OP]])
        own, of_value, to_value = lines.reads & lines.writes != 0, lines.reads & value != 0, lines.writes & value != 0
        free, after = lines.writes & ~(locked | value) != 0, lines.writes & self.outputs != 0
        registers = np.array([isa.OPERATIONS[number].format == "R" for number in rows[:, OP]])
        changes, computes = own & free & ~of_value, to_value & ~own
        near = np.isin(abs(rows[:, IMM]), _STEPS)
        step = changes & ~registers & (kinds != "load") & near
        loads = computes & (kinds == "load") & (lines.reads != 0) & near
        branch, stores = lines.jumps & (lines.reads != 0), (kinds == "store") & (value >> rows[:, RS2] & 1 == 1) & near
        masks = {
            "a": changes, "r": changes & registers, "n": step, "k": step & (rows[:, OP] == isa.NUMBER["addi"]),
            "c": copies(lines) & free, "v": computes, "p": computes & registers, "l": loads, "t": to_value & own,
            "w": own & free & of_value, "s": stores, "i": branch & ~of_value, "j": branch & of_value, "x": branch & ~of_value,
            "y": branch & of_value, "b": branch, "1": sets(lines) & free & (copies(lines) | (rows[:, IMM] == 1)),
            "=": sets(lines) & free, "o": copies(lines) & after, "f": after,
        }  # fmt: skip
        return {letter: np.flatnonzero(mask) for letter, mask in masks.items()}


def _valued(letters: str) -> bool:
    """Whether any of these roles needs the value."""
    return not _OF_VALUES.isdisjoint(letters)


def _bits(registers: Iterable[int]) -> int:
    return sum(1 << register for register in registers)
