"""Relaxation `value`, as Python calls it."""

from backends.gpu_compute.compiling import entry
from backends.gpu_compute.soft import kernel
from backends.gpu_compute.soft.lanes import rows
from backends.gpu_compute.soft.layout import program_at, state_at
from backends.gpu_compute.soft.value_memory import lead, lead_back
from backends.gpu_compute.soft.value_step import Room, backward, forward

__all__ = ["Room", "lead", "lead_back", "pull", "run"]


@entry
def run(programs, plan, initial, ends, rooms):
    """Writes ends `[P, blocks, ...]`; see `kernel.run_all`."""
    kernel.run_all(forward, programs, plan, rows(initial), rows(ends), rows(rooms))


@entry
def pull(programs, plan, initial, cotangents, totals, rooms):
    """Writes the slopes `[P, n, S]` of programs, totals, given cotangents `[P, blocks, ...]` of the ends."""
    given, room, weights = rows(initial), rows(rooms), rows(cotangents)
    for p in range(len(programs.columns)):
        kernel.pull_program(forward, backward, program_at(programs, p), plan, (given, state_at(weights, p)), room)
        kernel.reduce(rooms.slopes.columns, totals.columns[p])
        kernel.reduce(rooms.slopes.jumps, totals.jumps[p])
