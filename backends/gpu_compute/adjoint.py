r"""Reverse mode through the discrete machine: what every single change of a program would do to the bits of its result.

A program that runs hard is a vertex of the soft machine (`backends/core/soft.py`, relaxation `bits`). Let the loss be a sum of
weights times result bits. A run is taped; going back over the tape, every bit of every word that was computed gets its
derivative, the difference that flipping it alone makes, by the multilinear extension of the operation that read it (carries
included). For each field of the instruction the *score* of a substitute is

    sum over the executions of the slot, over the bits k: derivative[k] * (substitute's word[k] - word[k])

so a score is exact for the last instruction to touch a result and first order for those before it, and one backward pass scores
all substitutes of all fields of all slots. What is taken as fixed: the path (a branch's condition has no derivative) and the
addresses that were read and written; a substitute of a load's base or offset reads the memory of its own address.

Source of such scores: Grathwohl et al., Oops I Took a Gradient: Scalable Sampling for Discrete Distributions (2021).
"""

from functools import partial
from typing import NamedTuple

import numba
import numpy as np

from backends.core.isa.packing import REGISTER_FILE, SCRATCH
from backends.core.state import RUNNING
from backends.gpu_compute.arguments import Instance
from backends.gpu_compute.arithmetic import alu
from backends.gpu_compute.codes import NO_TOHOST
from backends.gpu_compute.compiling import OPTIONS, imm_of, inner, op_of, rd_of, rs1_of
from backends.gpu_compute.derivatives import (
    FORM,
    FUNCTION,
    IMMEDIATE,
    LOAD,
    NOTHING,
    REGISTER,
    SIGNED,
    STORE,
    WIDTH,
    WORD_BITS,
    load,
    pull,
    sums,
    weigh,
)
from backends.gpu_compute.launch import advance_cpu

_part = partial(numba.njit, forceinline=True, **OPTIONS)
"""Compile a part of `back` into it: called, they made it a fifth slower, for their many arrays."""


class State(NamedTuple):
    """Registers x `[33]` uint32, and memory `[M]` uint8 from address base (uint32) on."""

    x: np.ndarray
    memory: np.ndarray
    base: np.uint32


class Scores(NamedTuple):
    """float32, of the alternatives of each slot: operations `[L, N]`, destinations, first and second registers `[L, R]`, and
    immediates `[L, C]` of the operation that ran."""

    op: np.ndarray
    rd: np.ndarray
    rs1: np.ndarray
    rs2: np.ndarray
    imm: np.ndarray


class Room(NamedTuple):
    """tape `[steps, 3]` uint32; the derivatives of the state, of_registers `[33, 32]` and of_memory `[M, 8]` float32; table
    `[8, 16]` and operands `[3, 32]` float32 to work in."""

    tape: np.ndarray
    of_registers: np.ndarray
    of_memory: np.ndarray
    table: np.ndarray
    operands: np.ndarray

    @classmethod
    def of(cls, steps: int, memory_bytes: int) -> "Room":
        shapes = (REGISTER_FILE, WORD_BITS), (memory_bytes, 8), (8, 16), (3, WORD_BITS)
        return cls(np.zeros((steps, 3), np.uint32), *(np.zeros(shape, np.float32) for shape in shapes))


class _Computed(NamedTuple):
    """An operation, its operands, and the sum of derivative times bits of the word that it gave."""

    op: np.int64
    a: np.uint32
    b: np.uint32
    imm: np.uint32
    now: float


@inner
def record(packed, registers, memory, words, base, steps, x, tape):
    """Run a packed code as `codes.run_code` does and tape it: `[steps, 3]` uint32, of each instruction that was executed the
    slot, the word that its destination held, and the word that a store overwrote.

    Returns the length of the tape and whether the code ended.
    """
    for r in range(len(registers)):
        x[r] = registers[r]
    pc, status, count = np.uint32(base), RUNNING, 0
    while status == RUNNING and count < steps:
        slot = np.uint32(pc - base) >> np.uint32(2)
        if slot >= len(packed) - 2:
            break
        word = packed[slot]
        to, first, op = rd_of(word), rs1_of(word), np.int64(op_of(word))
        tape[count, 0], tape[count, 1] = slot, x[to]
        if FORM[op] == STORE:
            address = np.uint32(x[first] + imm_of(word))
            _, tape[count, 2] = load(op, address, memory, base)
        instance = Instance(x, memory, words, NO_TOHOST, x[SCRATCH:], pc, np.int64(0), np.int64(0), np.int64(1), base)
        status, pc, _, _, _, _ = advance_cpu(packed, instance, 0, None, None, None, None, None)
        count += status == RUNNING  # what trapped changed nothing
    return count, status == RUNNING and np.uint32(pc - base) >> np.uint32(2) == len(packed) - 2


@inner
def back(count, code, state, alternatives, room, scores):
    """Go back over the tape of `count` instructions, from the state behind it to the state before it, and add to the scores.

    code: `[L, 5]` int32 that ran; a field that its operation does not have is what a substitute of the operation would use.
    alternatives: a named tuple of what may be substituted: numbers of operations `[N]`, place_of, that of an operation's
    number among them, registers `[R]`, immediates `[L, N, C]`, of which the first counts `[L, N]` are choices of that slot and
    operation; all int32 or int64. The room's derivatives, of the state behind the tape, become those of the state before it.
    """
    for at in range(count - 1, -1, -1):
        slot, x = np.int64(room.tape[at, 0]), state.x
        op, rd = np.int64(code[slot, 0]), code[slot, 1]
        form = FORM[op]
        if rd != 0 and form != STORE:
            x[rd] = room.tape[at, 1]
        if form == STORE:
            _back_store(code[slot], room.tape[at, 2], state, alternatives.registers, room, scores.rs2[slot])
        elif form != NOTHING:
            _back_word(slot, code[slot], state, alternatives, room, scores)
        elif rd != 0:  # a constant or a link: nothing before it matters to this register
            room.of_registers[rd, :] = 0.0


@_part
def _back_word(slot, instruction, state, alternatives, room, scores):
    """`back` through an instruction that computes or loads a word."""
    op, rd, imm, x = np.int64(instruction[0]), instruction[1], np.uint32(instruction[4]), state.x
    a, b = x[instruction[2]], x[instruction[3]]
    if FORM[op] == LOAD:
        _, word = load(op, np.uint32(a + imm), state.memory, state.base)
    else:
        word = alu(FUNCTION[op], a, b if FORM[op] == REGISTER else imm)
    _score_destinations(rd, word, x, alternatives.registers, room.of_registers, scores.rd[slot])
    if rd == 0:
        return
    g = room.operands[2]
    for k in range(WORD_BITS):
        g[k], room.of_registers[rd, k] = room.of_registers[rd, k], 0.0
    sums(g, room.table)
    here = _Computed(op, a, b, imm, weigh(room.table, word))
    _score_operations(here, state, alternatives.numbers, room.table, scores.op[slot])
    k = alternatives.place_of[op]
    immediates = alternatives.immediates[slot, k, : alternatives.counts[slot, k]]
    if FORM[op] == LOAD:
        _score_loads(here, state, alternatives.registers, immediates, room.table, scores.rs1[slot], scores.imm[slot])
        _back_load(op, np.int64(np.uint32(a + imm - state.base)), g, room.of_memory)
    else:
        _score_operands(here, x, alternatives.registers, immediates, room.table, scores, slot)
        _back_operands(here, instruction, room)


@_part
def _score_operations(here, state, operations, table, to_op):
    """What another operation of the same operands would do."""
    for n in range(len(operations)):
        other = operations[n]
        if FORM[other] == REGISTER or FORM[other] == IMMEDIATE:
            second = here.b if FORM[other] == REGISTER else here.imm
            to_op[n] += weigh(table, alu(FUNCTION[other], here.a, second)) - here.now
        elif FORM[other] == LOAD:
            inside, found = load(other, np.uint32(here.a + here.imm), state.memory, state.base)
            to_op[n] += weigh(table, found) - here.now if inside else WORD_BITS


@_part
def _score_loads(here, state, registers, immediates, table, to_rs1, to_imm):
    """What a load would do from another base or with another offset."""
    for r in range(len(registers)):
        inside, found = load(here.op, np.uint32(state.x[registers[r]] + here.imm), state.memory, state.base)
        to_rs1[r] += weigh(table, found) - here.now if inside else WORD_BITS
    for c in range(len(immediates)):
        inside, found = load(here.op, np.uint32(here.a + np.uint32(immediates[c])), state.memory, state.base)
        to_imm[c] += weigh(table, found) - here.now if inside else WORD_BITS


@_part
def _score_operands(here, x, registers, immediates, table, scores, slot):
    """What an operation of two registers, or of a register and an immediate, would do with other operands."""
    function, second = FUNCTION[here.op], here.b if FORM[here.op] == REGISTER else here.imm
    to_rs1, to_rs2, to_imm = scores.rs1[slot], scores.rs2[slot], scores.imm[slot]
    for r in range(len(registers)):
        to_rs1[r] += weigh(table, alu(function, x[registers[r]], second)) - here.now
    if FORM[here.op] == REGISTER:
        for r in range(len(registers)):
            to_rs2[r] += weigh(table, alu(function, here.a, x[registers[r]])) - here.now
    else:
        for c in range(len(immediates)):
            to_imm[c] += weigh(table, alu(function, here.a, np.uint32(immediates[c]))) - here.now


@_part
def _back_operands(here, instruction, room):
    """Move the derivative of a word that was computed to its operands."""
    rs1, rs2, operands = instruction[2], instruction[3], room.operands
    operands[:2] = 0.0
    second = here.b if FORM[here.op] == REGISTER else here.imm
    pull(FUNCTION[here.op], here.a, second, operands[2], operands[0], operands[1], room.table)
    if rs1 != 0:
        _accumulate(room.of_registers[rs1], operands[0])
    if FORM[here.op] == REGISTER and rs2 != 0:
        _accumulate(room.of_registers[rs2], operands[1])


@inner
def _accumulate(total, more):
    for k in range(WORD_BITS):
        total[k] += more[k]


@inner
def _score_destinations(rd, word, x, registers, of_registers, to_rd):
    """What it would do to write `word` to another register than rd; x holds what the registers held before."""
    kept = np.float32(0.0)
    for k in range(WORD_BITS):
        bit = np.float32(word >> np.uint32(k) & np.uint32(1))
        old = np.float32(x[rd] >> np.uint32(k) & np.uint32(1)) if rd != 0 else bit
        kept += of_registers[rd, k] * (old - bit)
    for n in range(len(registers)):
        r = registers[n]
        if r == rd:
            continue
        moved = np.float32(0.0)
        if r != 0:
            for k in range(WORD_BITS):
                bit, old = word >> np.uint32(k) & np.uint32(1), x[r] >> np.uint32(k) & np.uint32(1)
                moved += of_registers[r, k] * (np.float32(bit) - np.float32(old))
        to_rd[n] += kept + moved


@inner
def _back_load(op, offset, g, of_memory):
    width = WIDTH[op]
    for k in range(WORD_BITS):
        if k < 8 * width:
            of_memory[offset + k // 8, k % 8] += g[k]
        elif SIGNED[op]:
            of_memory[offset + width - 1, 7] += g[k]


@_part
def _back_store(instruction, old, state, registers, room, to_rs2):
    """Undo a store, score other registers to store, and move the derivative of the bytes to that of the register."""
    x, of_memory, table = state.x, room.of_memory, room.table
    op, rs2, of_stored = np.int64(instruction[0]), instruction[3], room.operands[1]
    offset = np.int64(np.uint32(x[instruction[2]] + np.uint32(instruction[4]) - state.base))
    of_stored[:] = 0.0
    for k in range(WIDTH[op]):
        state.memory[offset + k] = old >> np.uint32(8 * k)
        for bit in range(8):
            of_stored[8 * k + bit] = of_memory[offset + k, bit]
            of_memory[offset + k, bit] = 0.0
    sums(of_stored, table)
    now = weigh(table, x[rs2])
    for r in range(len(registers)):
        to_rs2[r] += weigh(table, x[registers[r]]) - now
    if rs2 != 0:
        _accumulate(room.of_registers[rs2], of_stored)
