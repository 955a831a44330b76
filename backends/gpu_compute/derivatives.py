"""Derivatives of the words that the discrete machine computes, by the bits of what they are computed from.

An operation of two words has a multilinear extension in their 64 bits; its derivative by a bit is the difference that flipping
this bit alone makes. A derivative of a word is one number a bit, `[32]` float32, lowest bit first.
"""

import numpy as np

from backends.core import isa
from backends.gpu_compute import step as machine
from backends.gpu_compute.arithmetic import alu
from backends.gpu_compute.compiling import inner

WORD_BITS, NIBBLES = 32, 8
NOTHING, REGISTER, IMMEDIATE, LOAD, STORE = range(5)
"""What an operation computes from: nothing that is scored, two registers, a register and an immediate, memory, or it stores."""

_KINDS = {"alu": REGISTER, "alu_imm": IMMEDIATE, "load": LOAD, "store": STORE}
FORM = np.array([_KINDS.get(op.kind, NOTHING) for op in isa.OPERATIONS] + [NOTHING])
FUNCTION = np.array([isa.NUMBER[op.register_form] for op in isa.OPERATIONS])
"""Of every operation that computes: the operation of two registers that it is."""
WIDTH = np.array([op.width for op in isa.OPERATIONS])
SIGNED = np.array([op.signed for op in isa.OPERATIONS])
_SIGN = np.uint32(1 << 31)
_ONES = np.uint32(0xFFFFFFFF)


@inner
def load(op, address, memory, base):
    """(inside, word) that a load finds at an address."""
    width = WIDTH[op]
    offset = np.int64(np.uint32(address - base))
    if offset + width > len(memory):
        return False, np.uint32(0)
    word = np.uint32(0)
    for k in range(width):
        word |= np.uint32(memory[offset + k]) << np.uint32(8 * k)
    if SIGNED[op] and word >> np.uint32(8 * width - 1) & np.uint32(1):
        word |= np.uint32(_ONES << np.uint32(8 * width))
    return True, word


@inner
def sums(derivative, table):
    """Tables `[8, 16]` of what each nibble of a word adds to the sum of derivative `[32]` times bits."""
    for nibble in range(NIBBLES):
        table[nibble, 0] = 0.0
        for value in range(1, 16):
            low = value & -value
            bit = 0 if low == 1 else (1 if low == 2 else (2 if low == 4 else 3))
            table[nibble, value] = table[nibble, value ^ low] + derivative[4 * nibble + bit]


@inner
def weigh(table, word):
    """The sum of derivative times bits of a word."""
    total = np.float32(0.0)
    for nibble in range(NIBBLES):
        total += table[nibble, word >> np.uint32(4 * nibble) & np.uint32(15)]
    return total


@inner
def pull(function, a, b, g, to_a, to_b, table):
    """Add to to_a and to_b `[32]` the derivatives of the operands, given g `[32]`, that of the result, and its table."""
    one = np.uint32(1)
    if function == machine.AND or function == machine.OR or function == machine.XOR:
        for k in range(WORD_BITS):
            bit_a, bit_b = np.float32(a >> np.uint32(k) & one), np.float32(b >> np.uint32(k) & one)
            if function == machine.AND:
                to_a[k] += g[k] * bit_b
                to_b[k] += g[k] * bit_a
            elif function == machine.OR:
                to_a[k] += g[k] * (1 - bit_b)
                to_b[k] += g[k] * (1 - bit_a)
            else:
                to_a[k] += g[k] * (1 - 2 * bit_b)
                to_b[k] += g[k] * (1 - 2 * bit_a)
    elif function == machine.ADD or function == machine.SUB or function == machine.SLT or function == machine.SLTU:
        _pull_chain(function, a, b, g, to_a, to_b)
    elif function == machine.SLL or function == machine.SRL or function == machine.SRA:
        amount = np.int64(b & np.uint32(31))
        for k in range(WORD_BITS):
            source = k - amount if function == machine.SLL else k + amount
            if function == machine.SRA:
                source = min(source, np.int64(31))
            if 0 <= source < WORD_BITS:
                to_a[source] += g[k]
        for k in range(5):
            flag = np.uint32(1 << k)
            to_b[k] += weigh(table, alu(function, a, b | flag)) - weigh(table, alu(function, a, b & ~flag))
    else:
        for k in range(WORD_BITS):
            flag = np.uint32(one << np.uint32(k))
            to_a[k] += weigh(table, alu(function, a | flag, b)) - weigh(table, alu(function, a & ~flag, b))
            to_b[k] += weigh(table, alu(function, a, b | flag)) - weigh(table, alu(function, a, b & ~flag))


@inner
def _pull_chain(function, a, b, g, to_a, to_b):
    """`pull` for what is a sum: a + b, and a + ~b + 1 whose last carry is the comparison."""
    one = np.uint32(1)
    minus = function != machine.ADD
    compares = function == machine.SLT or function == machine.SLTU
    flip = _SIGN if function == machine.SLT else np.uint32(0)
    x, y = a ^ flip, b ^ flip ^ (_ONES if minus else np.uint32(0))
    carries = x ^ y ^ np.uint32(x + y + np.uint32(minus))
    carry = -g[0] if compares else np.float32(0.0)
    for k in range(WORD_BITS - 1, -1, -1):
        bit_x, bit_y = np.float32(x >> np.uint32(k) & one), np.float32(y >> np.uint32(k) & one)
        into = np.float32(carries >> np.uint32(k) & one)
        own = np.float32(0.0) if compares else g[k]
        propagates = bit_x + bit_y - 2 * bit_x * bit_y
        through = own * (1 - 2 * into) + carry * into
        sign = np.float32(-1.0) if k == 31 and flip != 0 else np.float32(1.0)
        to_a[k] += sign * (carry * bit_y + through * (1 - 2 * bit_y))
        to_b[k] += (-sign if minus else sign) * (carry * bit_x + through * (1 - 2 * bit_x))
        carry = own * (1 - 2 * propagates) + carry * propagates
