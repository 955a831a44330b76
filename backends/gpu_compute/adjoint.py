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

import numpy as np

from backends.core import isa
from backends.core.environment import RUNNING
from backends.gpu_compute import step as machine
from backends.gpu_compute.codes import NO_TOHOST, inner
from backends.gpu_compute.launch import advance_cpu

WORD_BITS, NIBBLES = 32, 8
NOTHING, REGISTER, IMMEDIATE, LOAD, STORE = range(5)
"""What an operation computes from: nothing that is scored, two registers, a register and an immediate, memory, or it stores."""

_KINDS = {"alu": REGISTER, "alu_imm": IMMEDIATE, "load": LOAD, "store": STORE}
FORM = np.array([_KINDS.get(op.kind, NOTHING) for op in isa.OPERATIONS] + [NOTHING])
FUNCTION = np.array([isa.NUMBER[isa.REGISTER_FORM.get(op.name, op.name)] for op in isa.OPERATIONS])
"""Of every operation that computes: the operation of two registers that it is."""
WIDTH = np.array([{"b": 1, "h": 2, "w": 4}[op.name[1]] if op.kind in ("load", "store") else 0 for op in isa.OPERATIONS])
SIGNED = np.array([op.name in ("lb", "lh") for op in isa.OPERATIONS])
_SIGN = np.uint32(1 << 31)
_ONES = np.uint32(0xFFFFFFFF)


@inner
def alu(function, a, b):
    """The word (uint32) that an operation of two registers gives."""
    if function == machine.ADD:
        return np.uint32(a + b)
    if function == machine.SUB:
        return np.uint32(a - b)
    if function == machine.XOR:
        return a ^ b
    if function == machine.OR:
        return a | b
    if function == machine.AND:
        return a & b
    if function == machine.SLT:
        return np.uint32(np.int32(a) < np.int32(b))
    if function == machine.SLTU:
        return np.uint32(a < b)
    if function == machine.SLL:
        return np.uint32(a << (b & np.uint32(31)))
    if function == machine.SRL:
        return np.uint32(a >> (b & np.uint32(31)))
    if function == machine.SRA:
        return np.uint32(np.int32(a) >> np.int32(b & np.uint32(31)))
    if function == machine.MUL:
        return np.uint32(a * b)
    if function == machine.MULHU:
        return np.uint32(np.uint64(a) * np.uint64(b) >> np.uint64(32))
    if function == machine.MULH:
        return np.uint32(np.int64(np.int32(a)) * np.int64(np.int32(b)) >> np.int64(32))
    if function == machine.MULHSU:
        return np.uint32(np.int64(np.int32(a)) * np.int64(b) >> np.int64(32))
    if function == machine.DIVU:
        return np.uint32(a // b) if b != 0 else _ONES
    if function == machine.REMU:
        return np.uint32(a % b) if b != 0 else a
    dividend, divisor = np.int64(np.int32(a)), np.int64(np.int32(b))
    if divisor == 0:
        return _ONES if function == machine.DIV else a
    if function == machine.DIV:
        quotient = abs(dividend) // abs(divisor)
        return np.uint32(quotient if (dividend < 0) == (divisor < 0) else -quotient)
    remainder = abs(dividend) % abs(divisor)
    return np.uint32(-remainder if dividend < 0 else remainder)


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
        to, first = word >> np.uint64(8) & np.uint64(63), word >> np.uint64(14) & np.uint64(31)
        op = np.int64(word & np.uint64(255))
        tape[count, 0], tape[count, 1] = slot, x[to]
        if FORM[op] == STORE:
            address = np.uint32(x[first] + np.uint32(word >> np.uint64(32)))
            _, tape[count, 2] = load(op, address, memory, base)
        status, pc, _, _, _, _ = advance_cpu(
            packed, x, memory, words, base, NO_TOHOST, pc, np.int64(0), np.int64(0), np.int64(1), 0, None, None, None
        )  # fmt: skip
        count += status == RUNNING  # what trapped changed nothing
    return count, status == RUNNING and np.uint32(pc - base) >> np.uint32(2) == len(packed) - 2


@inner
def back(count, code, x, memory, base, tape, menu, of_registers, of_memory, room, scores):
    """Go back over a tape of `count` instructions, from the state `x`, `memory` behind it to the state before it, and add to
    the scores.

    code: `[L, 5]` int32 that ran; a field that its operation does not have is what a substitute of the operation would use.
    menu: what may be substituted: operations `[N]`, index, the place of an operation's number among them, registers `[R]`,
    immediates `[L, N, C]`, of which the first counts `[L, N]` are choices of that slot and operation; all int32 or int64.
    of_registers: `[33, 32]` float32 and of_memory `[M, 8]` float32, the derivatives of the state behind the tape; they become
    those of the state before it. room: `[8, 16]` and `[3, 32]` float32 to work in.
    scores: float32 arrays of operations `[L, N]`, destinations, first and second registers `[L, R]` and immediates `[L, C]`,
    those of the operation that ran.
    """
    operations, index, registers, immediates, counts = menu
    table, operands = room
    g = operands[2]
    to_op, to_rd, to_rs1, to_rs2, to_imm = scores
    for at in range(count - 1, -1, -1):
        slot = np.int64(tape[at, 0])
        op, rd, rs1, rs2 = np.int64(code[slot, 0]), code[slot, 1], code[slot, 2], code[slot, 3]
        imm, form = np.uint32(code[slot, 4]), FORM[op]
        if rd != 0 and form != STORE:
            x[rd] = tape[at, 1]
        a, b = x[rs1], x[rs2]
        if form == NOTHING:
            if rd != 0:  # a constant or a link: nothing before it matters to this register
                of_registers[rd, :] = 0.0
            continue
        operands[:2] = 0.0
        if form == STORE:
            _back_store(op, rs2, np.uint32(a + imm), b, tape[at, 2], x, memory, base, registers, table, operands,
                        of_memory, to_rs2[slot])  # fmt: skip
            _accumulate(of_registers[rs2], operands[1])
            continue
        if form == LOAD:
            _, word = load(op, np.uint32(a + imm), memory, base)
        else:
            word = alu(FUNCTION[op], a, b if form == REGISTER else imm)
        _score_destinations(rd, word, x, registers, of_registers, to_rd[slot])
        if rd == 0:
            continue
        for k in range(WORD_BITS):
            g[k], of_registers[rd, k] = of_registers[rd, k], 0.0
        sums(g, table)
        now = weigh(table, word)
        for n in range(len(operations)):
            other = operations[n]
            if FORM[other] == REGISTER or FORM[other] == IMMEDIATE:
                second = b if FORM[other] == REGISTER else imm
                to_op[slot, n] += weigh(table, alu(FUNCTION[other], a, second)) - now
            elif FORM[other] == LOAD:
                inside, found = load(other, np.uint32(a + imm), memory, base)
                to_op[slot, n] += weigh(table, found) - now if inside else WORD_BITS
        if form == LOAD:
            for r in range(len(registers)):
                inside, found = load(op, np.uint32(x[registers[r]] + imm), memory, base)
                to_rs1[slot, r] += weigh(table, found) - now if inside else WORD_BITS
            for c in range(counts[slot, index[op]]):
                inside, found = load(op, np.uint32(a + np.uint32(immediates[slot, index[op], c])), memory, base)
                to_imm[slot, c] += weigh(table, found) - now if inside else WORD_BITS
            _back_load(op, np.int64(np.uint32(a + imm - base)), g, of_memory)
            continue
        function, second = FUNCTION[op], b if form == REGISTER else imm
        for r in range(len(registers)):
            to_rs1[slot, r] += weigh(table, alu(function, x[registers[r]], second)) - now
        if form == REGISTER:
            for r in range(len(registers)):
                to_rs2[slot, r] += weigh(table, alu(function, a, x[registers[r]])) - now
        else:
            for c in range(counts[slot, index[op]]):
                to_imm[slot, c] += weigh(table, alu(function, a, np.uint32(immediates[slot, index[op], c]))) - now
        pull(function, a, second, g, operands[0], operands[1], table)
        if rs1 != 0:
            _accumulate(of_registers[rs1], operands[0])
        if form == REGISTER and rs2 != 0:
            _accumulate(of_registers[rs2], operands[1])


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


@inner
def _back_store(op, rs2, address, b, old, x, memory, base, registers, table, operands, of_memory, to_rs2):
    """Undo a store of b, score other registers to store, and move the derivative of the bytes to that of the register."""
    offset, width = np.int64(np.uint32(address - base)), WIDTH[op]
    for k in range(width):
        memory[offset + k] = old >> np.uint32(8 * k)
        for bit in range(8):
            operands[1, 8 * k + bit] = of_memory[offset + k, bit]
            of_memory[offset + k, bit] = 0.0
    sums(operands[1], table)
    now = weigh(table, b)
    for r in range(len(registers)):
        to_rs2[r] += weigh(table, x[registers[r]]) - now
    if rs2 == 0:
        operands[1, :] = 0.0
