"""A soft step of relaxation `value` on a row of instances, and its adjoint, which computes the step again first."""

from typing import NamedTuple

from backends.gpu_compute.compiling import inner
from backends.gpu_compute.soft import control, names, registers, value_memory
from backends.gpu_compute.soft import value_words as words
from backends.gpu_compute.soft.compiling import spliced
from backends.gpu_compute.soft.layout import Adjoint, Control, Fetch, Sizes, clear, effects_of, fetched_of
from backends.gpu_compute.soft.names import EQUAL, LESS, LESS_UNSIGNED
from backends.gpu_compute.soft.value_memory import Memory, even, on_slots, on_slots_back
from backends.gpu_compute.soft.value_words import AB, AI, Words


class Room(NamedTuple):
    """What a step works in; or what its adjoint does."""

    fetch: Fetch
    control: Control
    words: Words
    memory: Memory

    @classmethod
    def of(cls, sizes: Sizes) -> "Room":
        return cls(sizes.fetch(), sizes.control(), Words.of(sizes), Memory.of(sizes))


@spliced
def execute(program, state, f, e, room):
    """The effects of an instruction."""
    registers.read(state.registers, f)
    words.combine(program, f, room.words)
    words.operate(program, f, room.words, e)
    if program.groups[names.MEMORY]:
        value_memory.access(program, f, room.words, room.memory, state.memory, e)


@spliced
def jump(program, f, e, room):
    """Conditions of branches, targets of jumps, and what those write."""
    w, c = room.words, room.control
    c.conditions[EQUAL] = w.equal[0]
    c.conditions[LESS], c.conditions[LESS_UNSIGNED] = w.orders[AB, 0], w.orders[AB, 1]
    control.blend_targets(program, room.fetch.q, c)
    if program.groups[names.INDIRECT]:
        on_slots(even(w.sums[AI]), program.addresses, program.temperature, c.computed)
    else:
        clear(c.computed)
    control.link(f, c, e)


@inner
def compute(program, state, slot, room):
    """All of a step that lies in the room. slot: the one that runs; -1: what the program counter says. Returns the mass that
    runs."""
    f, e, q = fetched_of(room.fetch.all, state), effects_of(room.fetch.effects, state.registers.shape[1]), room.fetch.q
    mass = state.pc[max(slot, 0)]
    if slot < 0:
        mass = registers.share_out(state.pc, q)
        registers.fetch(program, state.pc, q, f)
    else:
        registers.fetch_slot(program, slot, mass, f)
    execute(program, state, f, e, room)
    if slot < 0:
        jump(program, f, e, room)
    return mass


@spliced
def forward(program, state, after, slot, room):
    """One step of a state, which `after` becomes. Memory is left out where nothing uses it."""
    compute(program, state, slot, room)
    f, e = fetched_of(room.fetch.all, state), effects_of(room.fetch.effects, state.registers.shape[1])
    if slot < 0:
        control.go_on(f, e, room.fetch.q, room.control, state.pc, after.pc)
    else:
        control.next_slot(slot, e, state.pc, after.pc)
    registers.write(state.registers, f, e, after.registers)
    if program.groups[names.MEMORY]:
        value_memory.store(f, room.memory, state.memory, after.memory)


@spliced
def execute_back(program, state, f, d, room, d_room):
    """The adjoint of `execute` and of the store."""
    if program.groups[names.MEMORY]:
        value_memory.access_back(program, f, room.words, room.memory, state.memory, d, d_room.words, d_room.memory)
    words.operate_back(program, f, room.words, d, d_room.words)
    words.combine_back(program, f, room.words, d.f, d_room.words)
    registers.read_back(state.registers, f, d.f, d.state.registers)


@spliced
def jump_back(program, f, e, d, room, d_room):
    c, d_c, w, d_w = room.control, d_room.control, room.words, d_room.words
    control.control_back(program, f, e, room.fetch.q, c, d, d_c)
    control.blend_targets_back(program, room.fetch.q, d, d_c)
    if program.groups[names.EQUALITY]:
        d_distance = d_c.conditions[EQUAL] * w.equal[1]
        d.f.a[0] += d_distance
        d.f.b[0] -= d_distance
    if program.groups[names.DIFFERENCE_AB]:
        d_w.orders[AB, 0] += d_c.conditions[LESS]
        d_w.orders[AB, 1] += d_c.conditions[LESS_UNSIGNED]
    if program.groups[names.INDIRECT]:
        d_w.sums[AI] += on_slots_back(even(w.sums[AI]), program.addresses, program.temperature, d_c.computed)


@spliced
def backward(program, state, slot, d_state, slopes, room, d_room):
    """The adjoint of a step: d_state, the cotangent of the state after it, becomes that of the state before; adds to slopes."""
    mass, word = compute(program, state, slot, room), state.registers.shape[1]
    f, e, q = fetched_of(room.fetch.all, state), effects_of(room.fetch.effects, word), room.fetch.q
    d = Adjoint(fetched_of(d_room.fetch.all, state), effects_of(d_room.fetch.effects, word), d_state, d_room.fetch.q, slopes)
    clear(d_room.fetch.all)
    clear(d_room.fetch.effects)
    clear(d_room.fetch.q)
    words.clear_words(d_room.words)
    registers.write_back(state.registers, f, e, d)
    if slot < 0:
        jump_back(program, f, e, d, room, d_room)
    else:
        control.next_slot_back(slot, d)
    execute_back(program, state, f, d, room, d_room)
    if slot < 0:
        registers.fetch_back(program, state, q, mass, d)
    else:
        registers.fetch_slot_back(program, slot, mass, d)
