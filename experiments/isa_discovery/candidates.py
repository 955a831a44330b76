"""Subgraphs of a block's data flow that one operation could replace.

A candidate is a set of instructions that lead to one result, the root's, with at most two (or three) values from outside. It is
determined by its root and its inputs; all are found by deciding, from the root upwards, whether a value is made inside or comes
from outside (as Bonzini and Pozzi 2007 and Atasu et al. 2003 enumerate convex subgraphs). Inner values that others need are
made by their own instructions too, which stay. The operation runs in the root's place, or earlier, where a register of its
inputs is about to be written again. Loads of words that the block has stored or loaded itself are inside like any copy; other
loads, stores, branches, jumps and auipc are barriers. Words that are always the same are built in and are no inputs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from experiments.isa_discovery.dataflow import ZERO, Flow


class Limits(NamedTuple):
    """inputs: from outside, at most. nodes: instructions of a candidate, at most; of one with one input."""

    inputs: int = 2
    nodes: int = 6
    nodes_of_one: int = 24


@dataclass(frozen=True)
class Candidate:
    """root: the slot of its last instruction. slots: the instructions that it replaces. inputs: values from outside, in the
    order in which its instructions take them. kept: instructions that it does as well, and that stay. place: the slot before
    which, or instead of which, the operation runs."""

    root: int
    slots: frozenset[int]
    inputs: tuple[int, ...]
    kept: frozenset[int]
    place: int

    @property
    def saved(self) -> int:
        """Instructions fewer at every execution."""
        return len(self.slots) - 1


def candidates(flow: Flow, limits: Limits) -> Iterator[Candidate]:
    """All of a block, in place of two instructions or more."""
    taken = {slot: _taken(flow, slot) for slot in flow.slots if flow.replaceable(slot)}
    for root in taken:
        if root not in flow.constants:
            for inside, inputs in _grown(taken, limits, frozenset((root,)), frozenset(), taken[root]):
                slots = _replaced(flow, root, inside)
                place = _place(flow, root, slots, inputs)
                if len(slots) > 1 and inputs and place is not None and all(_stays(flow, v, slots) for v in inputs):
                    yield Candidate(root, slots, _ordered(flow, inside, inputs), inside - slots, place)


def _grown(
    taken: Mapping[int, frozenset[int]], limits: Limits, inside: frozenset[int], outside: frozenset[int], open_: frozenset[int]
) -> Iterator[tuple[frozenset[int], frozenset[int]]]:
    """Every way to make the values that `inside` takes inside or outside; the latest is decided first, so that who takes it
    is known. taken: of each value that can be inside. open_: not decided yet; those that can only be outside count already."""
    least = len(outside) + sum(value not in taken for value in open_)
    if least > limits.inputs or len(inside) > (limits.nodes_of_one if least <= 1 else limits.nodes):
        return
    if not open_:
        yield inside, outside
        return
    value = max(open_)
    others = open_ - {value}
    if value in taken:
        yield from _grown(taken, limits, inside | {value}, outside, others | taken[value])
    yield from _grown(taken, limits, inside, outside | {value}, others)


def _taken(flow: Flow, slot: int) -> frozenset[int]:
    """The values that vary, of those that a slot takes: all made before it."""
    return frozenset(value for value in flow.needs(slot) if value is not None and value not in flow.constants)


def _replaced(flow: Flow, root: int, inside: frozenset[int]) -> frozenset[int]:
    """The root, and what is needed for these alone: instructions inside, and those that make constants."""
    found, before = frozenset((root,)), frozenset[int]()
    while found != before:
        before = found
        needed = {v for slot in found for v in flow.needs(slot) if v is not None and v != ZERO}
        alone = {v for v in needed if v not in flow.alive and flow.users.get(v, set()) <= found}
        found |= {v for v in alone if v in inside or (v in flow.constants and flow.replaceable(v))}
    return found


def _stays(flow: Flow, value: int, slots: frozenset[int]) -> bool:
    """Whether an input is there whatever else is replaced: one of these slots takes it, or what no operation replaces does."""
    return any(user in slots or not flow.replaceable(user) for user in flow.users.get(value, ()))


def _place(flow: Flow, root: int, slots: frozenset[int], inputs: frozenset[int]) -> int | None:
    """The last place from which all inputs are in their registers; None where the result may not be there as early."""
    place = min((s for v in inputs for s in flow.writers(v, root) if s not in slots), default=root)
    if place == root:
        return root
    rd = flow.register(root)
    between = [s for s in range(place, root) if s not in slots]
    touched = any((flow.text.reads(s) | flow.text.writes(s)) >> rd & 1 for s in between)
    late = any(value >= place for value in inputs)
    return None if touched or late or flow.users.get(flow.held(rd, place), set()) - slots else place


def _ordered(flow: Flow, inside: frozenset[int], inputs: frozenset[int]) -> tuple[int, ...]:
    taken = (value for slot in sorted(inside) for value in flow.needs(slot) if value in inputs)
    return tuple(dict.fromkeys(value for value in taken if value is not None))
