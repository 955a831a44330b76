"""Blind proposals between packed codes: those of stochastic superoptimisation (Schkufza, Sharma and Aiken 2013)."""

import numpy as np

from backends.core.isa.packing import IMM_BITS, RD_BITS, RS1_BITS, RS2_BITS
from backends.gpu_compute.compiling import inner
from experiments.program_search.machine_code.instructions import PACKED_NOTHING, random_instruction
from experiments.program_search.random_numbers import below, uniform

_OP = 0xFF
_FIELDS = np.array([RD_BITS, RS1_BITS, RS2_BITS, IMM_BITS], np.uint64)
_SWAPS, _OPCODES, _OPERANDS = 1 / 6, 1 / 3, 5 / 6
"""Proposals up to which share of all are swaps, then changes of an opcode, then of an operand; the rest replaces a whole."""
_BLANKS = 1 / 5
"""How many of those put in the instruction that does nothing."""


@inner
def fill(random, packed, choices):
    """Make every slot of a packed code random."""
    for slot in range(len(packed) - 2):
        packed[slot] = random_instruction(random, slot, below(random, len(choices.numbers)), choices)


@inner
def propose(random, packed, choices):
    """Change a packed code at random, in one or two slots."""
    length = len(packed) - 2
    kind, slot = uniform(random), below(random, length)
    if kind < _SWAPS:
        other = below(random, length)
        packed[slot], packed[other] = packed[other], packed[slot]
    elif kind < _OPERANDS and packed[slot] != PACKED_NOTHING:
        k = choices.place_of[np.int64(packed[slot]) & _OP]
        if kind < _OPCODES:
            peer = choices.peers[k, below(random, choices.peer_counts[k])]
            packed[slot] = packed[slot] & ~np.uint64(_OP) | np.uint64(choices.numbers[peer])
        else:
            mask = _FIELDS[_some_field(random, slot, k, choices)]
            packed[slot] = packed[slot] & ~mask | random_instruction(random, slot, k, choices) & mask
    elif uniform(random) < _BLANKS:
        packed[slot] = PACKED_NOTHING
    else:
        packed[slot] = random_instruction(random, slot, below(random, len(choices.numbers)), choices)


@inner
def _some_field(random, slot, k, choices):
    """One of the fields that the k-th operation has: 0 to 2 rd, rs1 and rs2, 3 the immediate."""
    while True:
        field = below(random, 4)
        if (field < 3 and choices.has[k, field]) or (field == 3 and choices.counts[slot, k] > 1):
            return field
