"""Relaxation `value`, as Python calls it."""

from backends.gpu_compute.compiling import entry
from backends.gpu_compute.soft import kernel
from backends.gpu_compute.soft.lanes import rows
from backends.gpu_compute.soft.layout import program_at, state_at
from backends.gpu_compute.soft.value_memory import lead, lead_back
from backends.gpu_compute.soft.value_step import Room, backward, forward

__all__ = ["Room", "lead", "lead_back", "work"]


@entry
def work(programs, plan, initial, ends, totals, rooms):
    """Writes the ends `[P, blocks, ...]` of programs; or, where the plan is to go back, from cotangents there, the slopes
    totals `[P, n, S]`."""
    first, last, room = rows(initial), rows(ends), rows(rooms)
    for p in range(len(programs.columns)):
        kernel.work(forward, backward, program_at(programs, p), plan, first, state_at(last, p), room)
        if plan.back:
            kernel.reduce(rooms.slopes.columns, totals.columns[p])
            kernel.reduce(rooms.slopes.jumps, totals.jumps[p])
