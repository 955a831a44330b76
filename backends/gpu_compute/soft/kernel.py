"""Runs and their gradients, of many programs on many rows of instances, around the step of a relaxation.

The state before every `interval`-th step is kept; the adjoint runs the steps between again, and computes each once more.
Everything that a row needs stays in the room of one thread.
"""

from typing import NamedTuple

from backends.gpu_compute.soft.compiling import spliced
from backends.gpu_compute.soft.layout import Sizes, Slopes, State, copy, program_at, state_at
from backends.gpu_compute.soft.names import MEMORY


class Rooms(NamedTuple):
    """What one thread works in. step, adjoint: rooms of the relaxation. states `[interval + 1, ...]`, kept `[k, ...]`: before
    each interval (k = 0: none is kept). cotangent `[1, ...]`. slopes: of one program."""

    step: NamedTuple
    adjoint: NamedTuple
    states: State
    kept: State
    cotangent: State
    slopes: Slopes

    @classmethod
    def of(cls, room: type, sizes: Sizes, interval: int, kept: int) -> "Rooms":
        states = sizes.states(interval + 1), sizes.states(kept), sizes.states(1)
        return cls(room.of(sizes), room.of(sizes), *states, sizes.slopes())  # type: ignore[attr-defined]


@spliced
def advance(forward, program, plan, first, count, rooms):
    """So many steps from number `first` on, from states[0] into those behind it."""
    for i in range(count):
        slot = plan.start + first + i if plan.straight else -1
        forward(program, state_at(rooms.states, i), state_at(rooms.states, i + 1), slot, rooms.step)


@spliced
def run_row(forward, program, plan, initial, rooms):
    """All steps of a row; returns which of `states` is the last."""
    copy(initial, state_at(rooms.states, 0))
    done = last = 0
    while done < plan.steps:
        if done:
            copy(state_at(rooms.states, last), state_at(rooms.states, 0))
        if len(rooms.kept.pc):
            copy(state_at(rooms.states, 0), state_at(rooms.kept, done // plan.interval))
        last = min(plan.interval, plan.steps - done)
        advance(forward, program, plan, done, last, rooms)
        done += last
    return last


@spliced
def pull_row(forward, backward, program, plan, rooms):
    """The adjoint of `run_row`, which must have run: rooms.cotangent becomes that of the initial state."""
    segments = (plan.steps + plan.interval - 1) // plan.interval
    for s in range(segments):
        first = (segments - 1 - s) * plan.interval
        count = min(plan.interval, plan.steps - first)
        if s:
            copy(state_at(rooms.kept, segments - 1 - s), state_at(rooms.states, 0))
            advance(forward, program, plan, first, count - 1, rooms)
        for j in range(count):
            i = count - 1 - j
            slot = plan.start + first + i if plan.straight else -1
            before, d_state = state_at(rooms.states, i), state_at(rooms.cotangent, 0)
            backward(program, before, slot, d_state, rooms.slopes, rooms.step, rooms.adjoint)


@spliced
def run_all(forward, programs, plan, initial, ends, rooms):
    """Writes the states after the steps, ends `[P, blocks, ...]`, from initial ones `[blocks, ...]`."""
    for p in range(len(programs.columns)):
        program = program_at(programs, p)
        for block in range(len(initial.pc)):
            last = state_at(rooms.states, run_row(forward, program, plan, state_at(initial, block), rooms))
            memory = last.memory if program.groups[MEMORY] else initial.memory[block]
            end = State(ends.registers[p, block], ends.memory[p, block], ends.pc[p, block])
            copy(State(last.registers, memory, last.pc), end)


@spliced
def pull_program(forward, backward, program, plan, given, rooms):
    """The slopes of a program, summed up over rows: given initial states and cotangents of the ends, both `[blocks, ...]`."""
    initial, cotangent = given
    for c in range(rooms.slopes.columns.shape[0]):
        for i in range(rooms.slopes.columns.shape[1]):
            rooms.slopes.columns[c, i] = 0.0
    for j in range(rooms.slopes.jumps.shape[0]):
        for i in range(rooms.slopes.jumps.shape[1]):
            rooms.slopes.jumps[j, i] = 0.0
    for block in range(len(initial.pc)):
        run_row(forward, program, plan, state_at(initial, block), rooms)
        copy(state_at(cotangent, block), state_at(rooms.cotangent, 0))
        pull_row(forward, backward, program, plan, rooms)


@spliced
def reduce(slopes, total):
    """Sums over the lanes: slopes `[n, L, K]` into total `[n, S]`."""
    for c in range(slopes.shape[0]):
        for i in range(slopes.shape[1]):
            sum_ = slopes[c, i, 0]
            for lane in range(1, slopes.shape[2]):
                sum_ += slopes[c, i, lane]
            total[c, i] = sum_
