"""The last two instructions of a straight-line program whose other values are known, compiled.

Nothing is stored: the value before the last is computed on two examples, and an instruction that makes the output of it is
inverted, or sought among those that the two values leave possible. What fits both examples is then run on all.
"""

from typing import NamedTuple

import numpy as np

from backends.core import isa
from backends.gpu_compute.arithmetic import alu
from backends.gpu_compute.compiling import inlined, inner

QUICK = ("add", "sub", "and", "or", "xor", "sll", "srl", "sra", "slt", "sltu", "mul")
"""Functions that are tried together, before each by itself."""
ADD, SUB, AND, OR, XOR, SLL, SRL, SRA, SLT, SLTU, MUL = (isa.NUMBER[name] for name in QUICK)
DIVU, REMU = isa.NUMBER["divu"], isa.NUMBER["remu"]
BEFORE_LAST = -2
"""Stands for the value before the last, where the place of a value is asked for."""
UNARY = -1
"""In place of a second operand: the row's constant."""
_SIGN = np.uint32(1 << 31)


class Table(NamedTuple):
    """The R instructions of a space.

    function `[R]` int64: the operation of two registers that computes it. constant `[R]` uint32: its second operand. level
    `[R]` int64: how rarely programs hold it. The first `unary` of them take the constant, each function's from first to last
    `[F]`, low levels in front; the others take two values. commutes `[R]` bool. slow: the first of those, which are last, whose
    function is not among QUICK. compares: whether any of them compares.
    """

    function: np.ndarray
    constant: np.ndarray
    level: np.ndarray
    first: np.ndarray
    last: np.ndarray
    commutes: np.ndarray
    unary: int
    slow: int
    compares: bool


class Goal(NamedTuple):
    """wanted `[W]` uint32: the output on each example. hit `[6]` int64: row, left and right of the value before the last, then
    of the last one, as places of values. firsts `[I + n]` uint32: on the first example, the values chosen."""

    wanted: np.ndarray
    hit: np.ndarray
    firsts: np.ndarray


@inlined
def second(table, row, values, right, before, e):
    """The second operand of an instruction on example e."""
    if right == UNARY:
        return table.constant[row]
    return before if right == BEFORE_LAST else values[right, e]


@inner
def _holds(table, values, goal, made, row, left, right):
    """Whether the last instruction gives the output on every example, behind the one before it (`made`: row, left, right)."""
    for e in range(len(goal.wanted)):
        w = alu(table.function[made[0]], values[made[1], e], second(table, made[0], values, made[2], np.uint32(0), e))
        a = w if left == BEFORE_LAST else values[left, e]
        if alu(table.function[row], a, second(table, row, values, right, w, e)) != goal.wanted[e]:
            return False
    goal.hit[0], goal.hit[1], goal.hit[2] = made
    goal.hit[3], goal.hit[4], goal.hit[5] = row, left, right
    return True


@inner
def _parted(table, values, goal, made, function):
    """Whether a comparison with some number may tell the examples on which 1 is wanted from the others."""
    low, high = np.uint32(0), np.uint32(0)  # the greatest value where 1 is wanted, the least where 0 is
    ones, zeros = False, False
    for e in range(len(goal.wanted)):
        w = alu(table.function[made[0]], values[made[1], e], second(table, made[0], values, made[2], np.uint32(0), e))
        if goal.wanted[e] == 1:
            if not ones or alu(function, low, w):
                low, ones = w, True
        elif goal.wanted[e] == 0:
            if not zeros or alu(function, w, high):
                high, zeros = w, True
        else:
            return False
        if ones and zeros and not alu(function, low, high):
            return False
    return True


@inlined
def _constant(table, values, goal, made, w0, w1, spare):
    """Whether an instruction with a constant makes the output of the value before it, which is w0 and w1 on two examples."""
    t0, t1 = goal.wanted[0], goal.wanted[1]
    for function in (ADD, XOR, AND, OR, SLL, SRL, SRA, SLT, SLTU):
        first, last = table.first[function], table.last[function]
        if first == last or not _possible(function, w0, t0) or not _possible(function, w1, t1):
            continue
        if (function == ADD and np.uint32(t0 - w0) != np.uint32(t1 - w1)) or (function == XOR and t0 ^ w0 != t1 ^ w1):
            continue
        if function in (SLT, SLTU) and not _parted(table, values, goal, made, function):
            continue
        for row in range(first, last):
            c = table.constant[row]
            if table.level[row] > spare:
                break
            near = alu(function, w0, c) == t0 and alu(function, w1, c) == t1
            if near and _holds(table, values, goal, made, row, BEFORE_LAST, UNARY):
                return True
    return False


@inlined
def _possible(function, w, t):
    """Whether an operation with some constant may make t of w."""
    if function == AND:
        return w & t == t
    if function == OR:
        return w | t == t
    if function in (SLT, SLTU):
        return t <= np.uint32(1)
    if function == SRL:
        return t <= w
    if function == SRA:
        return t <= w if w < _SIGN else t >= w
    if function == SLL:
        return t == 0 or (t & (~t + np.uint32(1))) >= (w & (~w + np.uint32(1)))
    return True


@inlined
def _quick(w, t, firsts, count, compares):
    """Whether any of the quick functions makes t of w and one of the first `count` words of `firsts`, in either order: words
    by which is not branched, for the vector registers. compares: whether comparisons are among them."""
    found = np.uint32(0)
    for k in range(count):
        v = firsts[k]
        a, b = v & np.uint32(31), w & np.uint32(31)
        found |= np.uint32(np.uint32(w + v) == t) | np.uint32(np.uint32(w - v) == t) | np.uint32(np.uint32(v - w) == t)
        found |= np.uint32(np.uint32(w * v) == t) | np.uint32(w ^ v == t) | np.uint32(w & v == t) | np.uint32(w | v == t)
        found |= np.uint32(np.uint32(w << a) == t) | np.uint32(np.uint32(v << b) == t)
        found |= np.uint32(np.uint32(w >> a) == t) | np.uint32(np.uint32(v >> b) == t)
        found |= np.uint32(np.uint32(np.int32(w) >> np.int32(a)) == t) | np.uint32(np.uint32(np.int32(v) >> np.int32(b)) == t)
    return found != 0 or (compares and t <= np.uint32(1))


@inlined
def _gives(function, a, b, t):
    """Whether an operation gives t; of division known by multiplication."""
    if function == DIVU and b:
        product = np.uint64(t) * np.uint64(b)
        return product <= a and a - product < b
    if function == REMU and (t > a or (b and t >= b)):
        return False
    return alu(function, a, b) == t


@inlined
def _operand(table, values, goal, made, w0, w1, right, quick):
    """Whether an instruction on the value before the last and another one, in either order, makes the output. quick: whether a
    quick function may."""
    t0, t1 = goal.wanted[0], goal.wanted[1]
    v0, v1 = (w0, w1) if right == BEFORE_LAST else (values[right, 0], values[right, 1])
    for row in range(table.unary if quick else table.slow, len(table.function)):
        function = table.function[row]
        near = _gives(function, w0, v0, t0) and _gives(function, w1, v1, t1)
        if near and _holds(table, values, goal, made, row, BEFORE_LAST, right):
            return True
        near = not table.commutes[row] and _gives(function, v0, w0, t0) and _gives(function, v1, w1, t1)
        if near and _holds(table, values, goal, made, row, right, BEFORE_LAST):
            return True
    return False


@inlined
def last_one(table, values, goal, path, made, only, spare):
    """Whether one instruction makes the output of the value `made` and those on the path; of that value and `only` one place of
    the path, where that is not -1. spare: what is left of the levels."""
    function = table.function[made[0]]
    w0 = alu(function, values[made[1], 0], second(table, made[0], values, made[2], np.uint32(0), 0))
    w1 = alu(function, values[made[1], 1], second(table, made[0], values, made[2], np.uint32(0), 1))
    quick = only >= 0 or _quick(w0, goal.wanted[0], goal.firsts, len(path), table.compares)
    found = only < 0 and _constant(table, values, goal, made, w0, w1, spare)
    for k in range(-1 if only < 0 else only, len(path) if only < 0 else only + 1):
        if found:
            break
        found = _operand(table, values, goal, made, w0, w1, path[k] if k >= 0 else BEFORE_LAST, quick or k < 0)
    return found
