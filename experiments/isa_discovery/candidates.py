"""Subgraphs of a block's data flow that one operation could replace.

A candidate is a set of arithmetic instructions with one result, whose other values nobody else takes, so that it is convex, and
with at most two (or three) values from outside. It is determined by its last instruction, the root, and its inputs; all are
found by deciding, from the root upwards, whether a value is made inside or comes from outside (as Bonzini and Pozzi 2007 and
Atasu et al. 2003 enumerate convex subgraphs). The operation runs in the root's place, so the registers of the inputs must still
hold them there. Loads, stores, branches, jumps and auipc are barriers. Words that are always the same are built in and are no
inputs.
"""

from collections.abc import Iterator
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
    """root: the slot of its last instruction. slots: all of its instructions. inputs: values from outside, in the order in
    which its instructions take them."""

    root: int
    slots: frozenset[int]
    inputs: tuple[int, ...]

    @property
    def saved(self) -> int:
        """Instructions fewer at every execution."""
        return len(self.slots) - 1


def candidates(flow: Flow, limits: Limits) -> Iterator[Candidate]:
    """All of a block, of two instructions or more."""
    for root in flow.slots:
        if flow.replaceable(root) and root not in flow.constants:
            for slots, inputs in _grown(flow, limits, frozenset((root,)), frozenset()):
                whole = _with_constants(flow, slots)
                if len(whole) > 1 and inputs and all(not flow.overwritten(v, root, whole) for v in inputs):
                    yield Candidate(root, whole, _ordered(flow, slots, inputs))


def _grown(
    flow: Flow, limits: Limits, inside: frozenset[int], outside: frozenset[int]
) -> Iterator[tuple[frozenset[int], frozenset[int]]]:
    """Every way to make the values that `inside` takes inside or outside; the latest is decided first, so that who takes it
    is known."""
    if len(outside) > limits.inputs or len(inside) > (limits.nodes_of_one if len(outside) <= 1 else limits.nodes):
        return
    open_ = _taken(flow, inside) - inside - outside
    if not open_:
        yield inside, outside
        return
    value = max(open_)
    if flow.replaceable(value) and value not in flow.alive and flow.users[value] <= inside:
        yield from _grown(flow, limits, inside | {value}, outside)
    yield from _grown(flow, limits, inside, outside | {value})


def _taken(flow: Flow, slots: frozenset[int]) -> frozenset[int]:
    """The values that vary, of those that the slots take."""
    taken = {value for slot in slots for value in flow.takes[slot] if value is not None}
    return frozenset(taken - flow.constants.keys())


def _with_constants(flow: Flow, slots: frozenset[int]) -> frozenset[int]:
    """And the instructions that make constants for these alone."""
    found, before = slots, None
    while found != before:
        before = found
        made = {
            value
            for slot in found
            for value in flow.takes[slot]
            if value is not None and value != ZERO and value in flow.constants
        }
        found |= {v for v in made if flow.replaceable(v) and v not in flow.alive and flow.users[v] <= found}
    return found


def _ordered(flow: Flow, slots: frozenset[int], inputs: frozenset[int]) -> tuple[int, ...]:
    taken = (value for slot in sorted(slots) for value in flow.takes[slot] if value in inputs)
    return tuple(dict.fromkeys(value for value in taken if value is not None))
