"""Words of four bits: 32 candidate operations, tasks that a programmer knows, programs of at most three instructions.

The lists of operations and of tasks were written down before anything was run; every third task is held out.
"""

from collections.abc import Callable
from functools import cache

import numpy as np

from experiments.isa_discovery.invention import straight_line
from experiments.isa_discovery.invention.case import Case
from experiments.isa_discovery.invention.word_tasks import TASKS

BITS, N = 4, 16
_MASK, _SIGN = N - 1, N // 2
UNDONE = 6
"""Cost of a task that no program does: twice the longest."""
_STRIDE = 101
"""Rows are visited in this stride, so that the first ones differ in all bits of both inputs."""


def signed(a: np.ndarray) -> np.ndarray:
    """Words as two's complement."""
    return a - N * (a >= _SIGN)


def _rotated(a: np.ndarray, by: np.ndarray) -> np.ndarray:
    return a << by | a >> (BITS - by)


def _leading_zeros(a: np.ndarray) -> np.ndarray:
    return sum((a < 1 << k).astype(int) for k in range(BITS))  # type: ignore[return-value]


Operation = Callable[[np.ndarray, np.ndarray], np.ndarray]
OPERATIONS: dict[str, Operation] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "nand": lambda a, b: ~(a & b),
    "nor": lambda a, b: ~(a | b),
    "xnor": lambda a, b: ~(a ^ b),
    "andn": lambda a, b: a & ~b,
    "orn": lambda a, b: a | ~b,
    "sll": lambda a, b: a << (b & 3),
    "srl": lambda a, b: a >> (b & 3),
    "sra": lambda a, b: signed(a) >> (b & 3),
    "rol": lambda a, b: _rotated(a, b & 3),
    "ror": lambda a, b: _rotated(a, -b & 3),
    "mul": lambda a, b: a * b,
    "mulhu": lambda a, b: a * b >> BITS,
    "sltu": lambda a, b: a < b,
    "slt": lambda a, b: signed(a) < signed(b),
    "seq": lambda a, b: a == b,
    "minu": np.minimum,
    "maxu": np.maximum,
    "min": lambda a, b: np.minimum(signed(a), signed(b)),
    "max": lambda a, b: np.maximum(signed(a), signed(b)),
    "average": lambda a, b: (a + b) >> 1,
    "sh1add": lambda a, b: 2 * a + b,
    "sh2add": lambda a, b: 4 * a + b,
    "distance": lambda a, b: abs(a - b),
    "neg": lambda a, b: -a,
    "increment": lambda a, b: a + 1,
    "halve": lambda a, b: a >> 1,
    "clz": lambda a, b: _leading_zeros(a),
}


def pairs() -> np.ndarray:
    """`[2, 256]` uint8: all operands."""
    rows = np.arange(N * N) * _STRIDE % (N * N)
    return np.stack((rows // N, rows % N)).astype(np.uint8)


def values(functions: dict[str, Operation], inputs: np.ndarray) -> np.ndarray:
    """`[F, R]` uint8: of functions, on inputs `[2, R]`."""
    a, b = inputs.astype(int)
    return np.array([np.broadcast_to(f(a, b), a.shape).astype(int) & _MASK for f in functions.values()], np.uint8)


def tables() -> np.ndarray:
    """`[32, 256]` uint8: of all operations."""
    return values(OPERATIONS, np.stack(np.divmod(np.arange(N * N), N)))


@cache
def case(count: int = 4) -> Case:
    """The case with sets of `count` operations."""
    names, known = list(TASKS), values(TASKS, pairs())
    held = np.arange(len(names)) % 3 == 2
    return made_of(f"words_{count}", count, dict(zip(names, known, strict=True)), {names[k] for k in np.flatnonzero(held)})


def made_of(name: str, count: int, tasks: dict[str, np.ndarray], held_out: set[str]) -> Case:
    """A case over the 32 operations with other tasks, by name their values `[256]` on `pairs()`."""
    trained = {task: v for task, v in tasks.items() if task not in held_out}
    held = {task: v for task, v in tasks.items() if task in held_out}
    arrays = (np.array(list(some.values()), np.uint8).reshape(-1, N * N) for some in (trained, held))
    fields = zip((tuple(trained), tuple(held)), arrays, strict=True)
    (names, known), (held_names, held_known) = fields
    known_tasks, how = (names, known, held_names, held_known), (straight_line.shortest, straight_line.code)
    return Case(name, tuple(OPERATIONS), tables(), pairs(), *known_tasks, count, UNDONE, *how)
