"""What operations of two words give, as functions that are compiled; and operations that an instruction set was extended by."""

from functools import lru_cache

import numpy as np

from backends.core.isa import ARITHMETIC, NUMBER, Operation
from backends.core.isa.expressions import CONSTANT, recorded
from backends.core.isa.instruction_set import FIRST_EXTENSION
from backends.gpu_compute.arguments import Extensions
from backends.gpu_compute.compiling import inlined, inner

# Module constants, because Numba freezes those into the code; the order is the table's.
(ADD, SUB, SLL, SLT, SLTU, XOR, SRL, SRA, OR, AND, MUL, MULH, MULHSU, MULHU, DIV, DIVU, REM, REMU) = map(NUMBER.get, ARITHMETIC)
_CONSTANT = 255
EXTENSION = np.uint64(FIRST_EXTENSION)
_ONES = np.uint32(0xFFFFFFFF)


@inlined
def quotient(a, b):
    """Signed, toward zero; all ones by zero."""
    dividend, divisor = np.int64(np.int32(a)), np.int64(np.int32(b))
    if divisor == 0:
        return _ONES
    magnitude = abs(dividend) // abs(divisor)
    return np.uint32(magnitude if (dividend < 0) == (divisor < 0) else -magnitude)


@inlined
def remainder(a, b):
    """With the sign of a; a by zero."""
    dividend, divisor = np.int64(np.int32(a)), np.int64(np.int32(b))
    if divisor == 0:
        return a
    magnitude = abs(dividend) % abs(divisor)
    return np.uint32(-magnitude if dividend < 0 else magnitude)


def result(function, a, b):
    """The word (uint32) that an operation of two registers gives."""
    if function == ADD:
        return np.uint32(a + b)
    if function == SUB:
        return np.uint32(a - b)
    if function == XOR:
        return a ^ b
    if function == OR:
        return a | b
    if function == AND:
        return a & b
    if function == SLT:
        return np.uint32(np.int32(a) < np.int32(b))
    if function == SLTU:
        return np.uint32(a < b)
    if function == SLL:
        return np.uint32(a << (b & np.uint32(31)))
    if function == SRL:
        return np.uint32(a >> (b & np.uint32(31)))
    if function == SRA:
        return np.uint32(np.int32(a) >> np.int32(b & np.uint32(31)))
    if function == MUL:
        return np.uint32(a * b)
    if function == MULHU:
        return np.uint32(np.uint64(a) * np.uint64(b) >> np.uint64(32))
    if function == MULH:
        return np.uint32(np.int64(np.int32(a)) * np.int64(np.int32(b)) >> np.int64(32))
    if function == MULHSU:
        return np.uint32(np.int64(np.int32(a)) * np.int64(b) >> np.int64(32))
    if function == DIVU:
        return np.uint32(a // b) if b != 0 else _ONES
    if function == REMU:
        return np.uint32(a % b) if b != 0 else a
    return quotient(a, b) if function == DIV else remainder(a, b)


alu, _alu = inner(result), inlined(result)


def extensions_of(operations: tuple[Operation, ...], instances: int) -> Extensions | None:
    """What the step needs of the operations beyond the base; None where there are none."""
    if not operations:
        return None
    nodes, lengths, immediate = _tables(operations)
    return Extensions(nodes, lengths, immediate, np.zeros((instances, nodes.shape[1] + 2), np.uint32))


@lru_cache(maxsize=64)
def _tables(operations: tuple[Operation, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """nodes, lengths and immediate of `Extensions`."""
    expressions = [recorded(row.meaning).nodes for row in operations]
    nodes = np.zeros((len(operations), max(map(len, expressions)), 3), np.uint32)
    for k, expression in enumerate(expressions):
        for n, (operation, x, y) in enumerate(expression):
            nodes[k, n] = _CONSTANT if operation == CONSTANT else NUMBER[operation], x, y
    lengths = np.array([len(expression) for expression in expressions])
    return nodes, lengths, np.array([row.format == "I" for row in operations])


@inlined
def extended(extensions, k, op, a, b, imm):
    """The result of an operation beyond the base, of instance k: its expression, one node after another."""
    if extensions is None:
        return imm  # a step without extensions never comes here
    number = np.int64(op) - FIRST_EXTENSION
    values = extensions.values[k]
    values[0], values[1] = a, imm if extensions.immediate[number] else b
    last = extensions.lengths[number]
    for n in range(last):
        operation, x, y = extensions.nodes[number, n]
        values[n + 2] = x if operation == _CONSTANT else _alu(operation, values[x], values[y])
    return values[last + 1]
