"""A soft step of relaxation `bits` on a row of instances, and its adjoint, which computes the step again first."""

from typing import NamedTuple

from backends.gpu_compute.compiling import inner
from backends.gpu_compute.soft import bit_memory, control, names, registers, shifts, targets, vertex, words
from backends.gpu_compute.soft.bit_memory import Memory
from backends.gpu_compute.soft.compiling import spliced
from backends.gpu_compute.soft.layout import Adjoint, Control, Fetch, Sizes, clear, effects_of, fetched_of
from backends.gpu_compute.soft.names import EQUAL, LESS, LESS_UNSIGNED, MULTIPLY_DIVIDE
from backends.gpu_compute.soft.shifts import Shifts
from backends.gpu_compute.soft.targets import Target
from backends.gpu_compute.soft.vertex import Vertex
from backends.gpu_compute.soft.words import AB, AI, Words


class Room(NamedTuple):
    """What a step works in; or what its adjoint does."""

    fetch: Fetch
    control: Control
    words: Words
    shifts: Shifts
    memory: Memory
    target: Target
    vertex: Vertex

    @classmethod
    def of(cls, sizes: Sizes) -> "Room":
        return cls(
            sizes.fetch(),
            sizes.control(),
            Words.of(sizes),
            Shifts.of(sizes),
            Memory.of(sizes),
            Target.of(sizes),
            Vertex.of(sizes),
        )


@spliced
def execute(program, state, f, e, room):
    """The effects of an instruction."""
    registers.read(state.registers, f)
    words.combine(program, f, room.words)
    words.operate(program, f, room.words, e)
    if program.groups[names.SHIFTS_B] or program.groups[names.SHIFTS_I]:
        shifts.shift(program, f, room.shifts, e)
    if multiplies(program):
        vertex.multiply_divide(program, f, room.vertex, e)
    if program.groups[names.MEMORY]:
        bit_memory.access(program, f, room.words, room.memory, state.memory, e)


@spliced
def multiplies(program):
    some = False
    for n in range(len(MULTIPLY_DIVIDE)):
        some |= program.used[MULTIPLY_DIVIDE[n]]
    return some


@spliced
def jump(program, f, e, room):
    """Conditions of branches, targets of jumps, and what those write."""
    w, c, t = room.words, room.control, room.target
    c.conditions[EQUAL] = w.equal[len(w.equal) - 1]
    c.conditions[LESS], c.conditions[LESS_UNSIGNED] = w.orders[AB, 0], w.orders[AB, 1]
    control.blend_targets(program, room.fetch.q, c)
    if program.groups[names.INDIRECT]:
        targets.even(w.sums[AI], t.word)
        targets.on_slots(t.word, program.addresses, t, c.computed)
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
        bit_memory.store(f, room.memory, state.memory, after.memory)


@spliced
def execute_back(program, state, f, d, room, d_room):
    """The adjoint of `execute` and of the store."""
    if program.groups[names.MEMORY]:
        bit_memory.access_back(program, f, room.words, room.memory, state.memory, d, d_room.words, d_room.memory)
    if multiplies(program):
        vertex.multiply_divide_back(program, f, room.vertex, d)
    if program.groups[names.SHIFTS_B] or program.groups[names.SHIFTS_I]:
        shifts.shift_back(program, f, room.shifts, d, d_room.shifts)
    words.operate_back(program, f, room.words, d, d_room.words)
    words.combine_back(program, f, room.words, d.f, d_room.words)
    registers.read_back(state.registers, f, d.f, d.state.registers)


@spliced
def jump_back(program, f, e, d, room, d_room):
    c, d_c, t, w, d_w = room.control, d_room.control, room.target, room.words, d_room.words
    control.control_back(program, f, e, room.fetch.q, c, d, d_c)
    control.blend_targets_back(program, room.fetch.q, d, d_c)
    if program.groups[names.EQUALITY]:
        words.equal_back(f, w, d_c.conditions[EQUAL], d.f)
    if program.groups[names.DIFFERENCE_AB]:
        d_w.orders[AB, 0] += d_c.conditions[LESS]
        d_w.orders[AB, 1] += d_c.conditions[LESS_UNSIGNED]
    if program.groups[names.INDIRECT]:
        clear(d_room.target.word)
        targets.on_slots_back(t.word, program.addresses, t, d_c.computed, d_room.target.word)
        for k in range(1, len(d_room.target.word)):
            d_w.sums[AI, k] += d_room.target.word[k]


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
