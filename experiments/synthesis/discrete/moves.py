"""Moves between packed codes: those of stochastic superoptimisation (Schkufza, Sharma and Aiken 2013).

Jumps in packed codes name their target's slot, so a moved branch still goes where it went.
"""

from dataclasses import dataclass, replace

import numpy as np

from backends.core import isa
from backends.gpu_compute.codes import inner, pack, pack_slot
from experiments.synthesis.discrete.chance import below, uniform
from experiments.synthesis.language import NOTHING, Choices, Space, choices

_OP = 0xFF
_FIELDS = np.array([63 << 8, 31 << 14, 31 << 19, 0xFFFFFFFF << 32], np.uint64)
"""Bits of a packed instruction that are rd, rs1, rs2, and the immediate."""
_SWAPS, _OPCODES, _OPERANDS = 1 / 6, 1 / 3, 5 / 6
"""Moves up to which share of all are swaps, then changes of an opcode, then of an operand; the rest replaces a whole."""
_BLANKS = 1 / 5
"""How many of those put in the instruction that does nothing."""
_POWER = 3.0
"""The last of the immediates of an operation is drawn a third as often as if they were drawn uniformly."""
_LEAST = 2.0**-50
_SHIFTS = (31, 1, 2, 16, 8, 4, 24)
_NOTHING = pack(np.array([[NOTHING]], np.int32))[0, 0]


@dataclass(frozen=True)
class Tables:
    """`choices` of a space, and for its operations (N): peers `[N, N]` int64, of which the first peer_counts `[N]` take the
    same operands; index: from an operation's number to its place among the N; powers `[N]`, see
    `_powers`; written `[D]` int32: the registers that may be written."""

    choices: Choices
    peers: np.ndarray
    peer_counts: np.ndarray
    index: np.ndarray
    powers: np.ndarray
    written: np.ndarray

    @classmethod
    def of(cls, space: Space) -> "Tables":
        """Of a space."""
        table = choices(space)
        forms = [(isa.OPERATIONS[n].format, isa.OPERATIONS[n].kind) for n in table.numbers]
        groups = [[k for k, other in enumerate(forms) if other == form] for form in forms]
        peers = np.zeros((len(groups), len(groups)), np.int64)
        for k, group in enumerate(groups):
            peers[k, : len(group)] = group
        index = np.zeros(len(isa.OPERATIONS), np.int64)
        index[table.numbers] = np.arange(len(table.numbers))
        counts = np.array([len(group) for group in groups])
        return cls(_plain_first(table), peers, counts, index, _powers(table), table.registers[table.registers != 0])

    def arguments(self) -> tuple:
        c = self.choices
        return (
            c.numbers, c.fields, c.registers, c.counts, c.immediates, self.peers, self.peer_counts, self.index, self.powers,
            self.written,
        )  # fmt: skip


def _plain_first(table: Choices) -> Choices:
    """The tables with the immediates that programs are full of in front: those near 0, shifts by powers of two and 31."""
    immediates = table.immediates.copy()
    for k, number in enumerate(table.numbers):
        shift = isa.OPERATIONS[number].format == "shift"
        for slot in range(len(immediates)):
            row = immediates[slot, k, : table.counts[slot, k]]
            rank = [_SHIFTS.index(c) if c in _SHIFTS else c + 32 for c in row] if shift else np.abs(row)
            row[:] = row[np.argsort(rank, kind="stable")]
    return replace(table, immediates=immediates)


def _powers(table: Choices) -> np.ndarray:
    """`[N]` float64: a uniform number to this power, times their count, is the place of the immediate to draw."""
    return np.array([1.0 if isa.OPERATIONS[n].format in "BJ" else _POWER for n in table.numbers])


@inner
def instruction(random, slot, k, tables):
    """A random packed instruction for a slot, with the k-th operation of the space."""
    numbers, fields, registers, counts, immediates = tables[:5]
    written, count = tables[9], len(registers)
    rd = np.int64(written[below(random, len(written))]) if fields[k, 0] else 0
    rs1 = np.int64(registers[below(random, count)]) if fields[k, 1] else 0
    rs2 = np.int64(registers[below(random, count)]) if fields[k, 2] else 0
    place = uniform(random) ** tables[8][k] * (1 - _LEAST)
    imm = np.int64(immediates[slot, k, np.int64(place * counts[slot, k])])
    return pack_slot(np.int64(numbers[k]), rd, rs1, rs2, imm, slot)


@inner
def fill(random, packed, tables):
    """Make every slot of a packed code random."""
    for slot in range(len(packed) - 2):
        packed[slot] = instruction(random, slot, below(random, len(tables[0])), tables)


@inner
def move(random, packed, tables):
    """Change a packed code at random, in one or two slots."""
    length = len(packed) - 2
    kind, slot = uniform(random), below(random, length)
    if kind < _SWAPS:
        other = below(random, length)
        packed[slot], packed[other] = packed[other], packed[slot]
    elif kind < _OPERANDS and packed[slot] != _NOTHING:
        k = tables[7][np.int64(packed[slot]) & _OP]
        if kind < _OPCODES:
            peer = tables[5][k, below(random, tables[6][k])]
            packed[slot] = packed[slot] & ~np.uint64(_OP) | np.uint64(tables[0][peer])
        else:
            mask = _FIELDS[_some_field(random, slot, k, tables)]
            packed[slot] = packed[slot] & ~mask | instruction(random, slot, k, tables) & mask
    elif uniform(random) < _BLANKS:
        packed[slot] = _NOTHING
    else:
        packed[slot] = instruction(random, slot, below(random, len(tables[0])), tables)


@inner
def _some_field(random, slot, k, tables):
    """One of the fields that the k-th operation has: 0 to 2 rd, rs1 and rs2, 3 the immediate."""
    while True:
        field = below(random, 4)
        if (field < 3 and tables[1][k, field]) or (field == 3 and tables[3][slot, k] > 1):
            return field
