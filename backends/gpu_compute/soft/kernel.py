"""Runs and their gradients, of many programs on many rows of instances, around the step of a relaxation.

The state before every `interval`-th step is kept; the adjoint runs the steps between again, and computes each once more.
Everything that a row needs stays in the room of one thread.
"""

from typing import NamedTuple

from backends.gpu_compute.soft.compiling import spliced
from backends.gpu_compute.soft.layout import Sizes, Slopes, State, copy, state_at
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
def work(forward, backward, program, plan, initial, ends, rooms):
    """Of every row of instances the steps of a program from the initial state, and the state behind them into ends; or, where
    the plan is to go back, from cotangents of the ends in those, the slopes. States are `[blocks, ...]`.

    There is one place for a step and one for its adjoint: they are large, and every place is compiled for itself.
    """
    intervals = (plan.steps + plan.interval - 1) // plan.interval
    clear_slopes(rooms.slopes)
    for block in range(len(initial.pc)):
        end, last = state_at(ends, block), 0
        copy(state_at(initial, block), state_at(rooms.states, 0))
        if plan.back:
            copy(end, state_at(rooms.cotangent, 0))
        for turn in range(2 * intervals if plan.back else intervals):
            back = turn >= intervals
            number = 2 * intervals - 1 - turn if back else turn
            if back and turn > intervals:
                copy(state_at(rooms.kept, number), state_at(rooms.states, 0))
            elif turn and not back:
                copy(state_at(rooms.states, last), state_at(rooms.states, 0))
            if plan.back and not back:
                copy(state_at(rooms.states, 0), state_at(rooms.kept, number))
            first = number * plan.interval
            last = min(plan.interval, plan.steps - first)
            for i in range(0 if turn == intervals else last - 1 if back else last):
                slot = plan.start + first + i if plan.straight else -1
                forward(program, state_at(rooms.states, i), state_at(rooms.states, i + 1), slot, rooms.step)
            for i in range(last - 1 if back else -1, -1, -1):
                slot = plan.start + first + i if plan.straight else -1
                before, d_state = state_at(rooms.states, i), state_at(rooms.cotangent, 0)
                backward(program, before, slot, d_state, rooms.slopes, rooms.step, rooms.adjoint)
        if not plan.back:
            after = state_at(rooms.states, last)
            memory = after.memory if program.groups[MEMORY] else initial.memory[block]
            copy(State(after.registers, memory, after.pc), end)


@spliced
def clear_slopes(slopes):
    for c in range(slopes.columns.shape[0]):
        for i in range(slopes.columns.shape[1]):
            slopes.columns[c, i] = 0.0
    for j in range(slopes.jumps.shape[0]):
        for i in range(slopes.jumps.shape[1]):
            slopes.jumps[j, i] = 0.0


@spliced
def reduce(slopes, total):
    """Sums over the lanes: slopes `[n, L, K]` into total `[n, S]`."""
    for c in range(slopes.shape[0]):
        for i in range(slopes.shape[1]):
            sum_ = slopes[c, i, 0]
            for lane in range(1, slopes.shape[2]):
                sum_ += slopes[c, i, lane]
            total[c, i] = sum_
