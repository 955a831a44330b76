"""Scores of all substitutes in a code by the adjoint of the machine (`backends/gpu_compute/adjoint.py`), example by example."""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.adjoint import Room, Scores, State, back, record
from backends.gpu_compute.compiling import inlined, inner
from experiments.program_search.evaluation import IN_MEMORY, WORD_BITS, Cases, output_at
from experiments.program_search.space import Choices, Space, choices

BACKWARD = 2
"""Executions that a backward step counts as."""


class Adjoint(NamedTuple):
    """code `[L, 5]` int32, that of the scores, with something in the fields that its operations do not have; choices: what may
    be substituted."""

    code: np.ndarray
    choices: Choices
    scores: Scores
    room: Room

    @classmethod
    def of(cls, space: Space, cases: Cases) -> "Adjoint":
        table, registers = choices(space), len(space.registers)
        widths = (len(space.operations), registers, registers, registers, table.immediates.shape[2])
        scores = Scores(*(np.zeros((space.length, width), np.float32) for width in widths))
        return cls(np.zeros((space.length, 5), np.int32), table, scores, Room.of(int(cases.steps), cases.memory.shape[1]))


@inlined
def run_taped(packed, e, cases, work, adjoint):
    """Run a packed code on example e; returns the length of its tape and whether it ended. The registers must be cleared."""
    for k in range(len(work.words)):
        work.words[k] = cases.words[e, k]
    return record(packed, cases.starts[e], work.memory, work.words, cases.base, cases.steps, work.x, adjoint.room.tape)


@inner
def clear(adjoint):
    """Set all scores to 0."""
    for field in adjoint.scores:
        field[:] = 0.0


@inlined
def go_back(length, e, off, extra, cases, work, adjoint):
    """Add to the scores what substitutes do to the loss of example e: wrong bits, of which there are `off`, and `extra` where
    it is wrong at all."""
    _seed(e, off, extra, cases, work, adjoint.room)
    back(length, adjoint.code, State(work.x, work.memory, cases.base), adjoint.choices, adjoint.room, adjoint.scores)


@inlined
def _seed(e, off, extra, cases, work, room):
    """The derivative of the loss with respect to the outputs, and zero elsewhere."""
    room.of_registers[:] = 0.0
    room.of_memory[:] = 0.0
    for o in range(len(cases.places)):
        place, wanted = cases.places[o], cases.wanted[e, o]
        differs = output_at(place, work.x, work.memory) ^ wanted
        for k in range(WORD_BITS):
            alone = off == (differs >> np.uint32(k) & np.uint32(1))  # no other bit is wrong
            weight = np.float32(1 + extra * alone)
            g = weight * (np.float32(1) - np.float32(2) * np.float32(wanted >> np.uint32(k) & np.uint32(1)))
            if place < IN_MEMORY:
                room.of_registers[place, k] += g
            else:
                room.of_memory[place - IN_MEMORY + k // 8, k % 8] += g
