"""What the compiled soft step takes: programs, states, and room to work in, as named tuples of arrays.

P is the number of programs, L of slots, R of registers, M of bytes of memory, W of numbers of a word (32 in relaxation
`bits`, 1 in `value`), Y of a byte (8 or 1). Instances lie in blocks of K lanes, on the last axis. C is the number of numbers
that a slot selects: operations, three registers, then the words imm, here and link.
"""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.compiling import inlined
from backends.gpu_compute.soft.lanes import ROW_BYTES
from backends.gpu_compute.soft.names import OPERATIONS

WRITTEN, ONWARD, TRAPPED = range(3)


class State(NamedTuple):
    """registers `[..., R, W, K]`, memory `[..., M, Y, K]`, pc `[..., L + 2, K]`; or their cotangents."""

    registers: np.ndarray
    memory: np.ndarray
    pc: np.ndarray


class Programs(NamedTuple):
    """columns `[P, C, S]`: what slots select, S of them, L rounded up to lanes. jumps `[P, L + 1, S]`: of the jump from each
    slot, the mass on each slot, and the mass on multiples of 4. used `[P, N]`, groups `[P, G]` bool: what is computed.
    temperature `[P]`. addresses `[W, S]`: of slots. minus_base `[W]`: the word that is added to addresses of memory; based:
    whether it is not 0."""

    columns: np.ndarray
    jumps: np.ndarray
    used: np.ndarray
    groups: np.ndarray
    temperature: np.ndarray
    addresses: np.ndarray
    minus_base: np.ndarray
    based: bool


class Program(NamedTuple):
    """One of them: without the first axis."""

    columns: np.ndarray
    jumps: np.ndarray
    used: np.ndarray
    groups: np.ndarray
    temperature: np.ndarray
    addresses: np.ndarray
    minus_base: np.ndarray
    based: bool


class Plan(NamedTuple):
    """Of a run: how many steps, from which slot; straight: whether the slots run one after another; back: whether to its
    gradient; interval: of so many steps one state is kept for the adjoint, which runs those between again."""

    steps: int
    start: int
    straight: bool
    back: bool
    interval: int


class Fetched(NamedTuple):
    """The instruction that runs: all `[C, K]`, and its parts op `[N, K]`, rd, rs1, rs2 `[R, K]`, words imm, here, link
    `[W, K]`; words a, b that it reads; or the cotangents of these."""

    all: np.ndarray
    op: np.ndarray
    rd: np.ndarray
    rs1: np.ndarray
    rs2: np.ndarray
    imm: np.ndarray
    here: np.ndarray
    link: np.ndarray
    a: np.ndarray
    b: np.ndarray


class Effects(NamedTuple):
    """word `[W, K]`: the sum of masses times words to write. masses `[3, K]`: WRITTEN, the mass of what writes; ONWARD, that
    goes on to the next slot; TRAPPED. Or cotangents of these."""

    word: np.ndarray
    masses: np.ndarray


class Fetch(NamedTuple):
    """Room for an instruction: all `[C + 2 W, K]`, with a and b at the end; effects `[W + 3, K]`; q `[L, K]`."""

    all: np.ndarray
    effects: np.ndarray
    q: np.ndarray


class Control(NamedTuple):
    """conditions `[3, K]` of branches; jumped `[L + 1, K]`, where jal and branches lead, and `computed`, where jalr does: mass
    on each slot, and on multiples of 4. next `[L + 2, K]`: the program counter."""

    conditions: np.ndarray
    jumped: np.ndarray
    computed: np.ndarray
    next: np.ndarray


class Access(NamedTuple):
    """weights `[M, K]`: mass of the address on each byte. loaded, stored `[4, M, K]`: of byte k of the word, the mass with
    which it is each byte of memory. Or cotangents."""

    weights: np.ndarray
    loaded: np.ndarray
    stored: np.ndarray


class Slopes(NamedTuple):
    """What a program's gradient is summed up in: columns `[C, L, K]`, jumps `[L + 1, L, K]`."""

    columns: np.ndarray
    jumps: np.ndarray


class Adjoint(NamedTuple):
    """Cotangents of an instruction f and its effects e, of the state, of q `[L, K]`, and the slopes of the program."""

    f: Fetched
    e: Effects
    state: State
    q: np.ndarray
    slopes: Slopes


class Sizes(NamedTuple):
    """The letters at the head of this file."""

    slots: int
    registers: int
    memory: int
    word: int
    byte: int
    dtype: np.dtype

    @property
    def lanes(self) -> int:
        return ROW_BYTES // self.dtype.itemsize

    @property
    def columns(self) -> int:
        return OPERATIONS + 3 * self.registers + 3 * self.word

    def zeros(self, *shape: int) -> np.ndarray:
        return np.zeros((*shape, self.lanes), self.dtype)

    def states(self, *count: int) -> State:
        return State(
            self.zeros(*count, self.registers, self.word),
            self.zeros(*count, self.memory, self.byte),
            self.zeros(*count, self.slots + 2),
        )

    def fetch(self) -> Fetch:
        return Fetch(self.zeros(self.columns + 2 * self.word), self.zeros(self.word + 3), self.zeros(self.slots))

    def control(self) -> Control:
        slots = self.slots
        return Control(self.zeros(3), self.zeros(slots + 1), self.zeros(slots + 1), self.zeros(slots + 2))

    def access(self) -> Access:
        return Access(self.zeros(self.memory), self.zeros(4, self.memory), self.zeros(4, self.memory))

    def slopes(self) -> Slopes:
        return Slopes(self.zeros(self.columns, self.slots), self.zeros(self.slots + 1, self.slots))


@inlined
def fetched_of(all_, state):
    """The parts of an instruction in room `[C + 2 W]` of lanes."""
    registers, word = state.registers.shape[0], state.registers.shape[1]
    rs = OPERATIONS + registers
    imm = rs + 2 * registers
    a = imm + 3 * word
    return Fetched(
        all_[:a],
        all_[:OPERATIONS],
        all_[OPERATIONS:rs],
        all_[rs : rs + registers],
        all_[rs + registers : imm],
        all_[imm : imm + word],
        all_[imm + word : imm + 2 * word],
        all_[imm + 2 * word : a],
        all_[a : a + word],
        all_[a + word : a + 2 * word],
    )


@inlined
def effects_of(row, word):
    return Effects(row[:word], row[word:])


@inlined
def state_at(states, k):
    return State(states.registers[k], states.memory[k], states.pc[k])


@inlined
def program_at(programs, p):
    return Program(
        programs.columns[p],
        programs.jumps[p],
        programs.used[p],
        programs.groups[p],
        programs.temperature[p],
        programs.addresses,
        programs.minus_base,
        programs.based,
    )


@inlined
def copy(state, to):
    """Copies a state."""
    for r in range(state.registers.shape[0]):
        for k in range(state.registers.shape[1]):
            to.registers[r, k] = state.registers[r, k]
    for m in range(state.memory.shape[0]):
        for k in range(state.memory.shape[1]):
            to.memory[m, k] = state.memory[m, k]
    for i in range(len(state.pc)):
        to.pc[i] = state.pc[i]


@inlined
def clear(array):
    """Zeros in an array of one axis of lanes."""
    for k in range(len(array)):
        array[k] = 0.0
