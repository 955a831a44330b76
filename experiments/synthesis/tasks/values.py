"""Words to try programs with, a mixture of what is random, small, and at a boundary; and the tasks made of them."""

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

from backends.core import isa
from backends.core.isa.words import Arrays, Word, Words
from experiments.program_search.assembly import assemble
from experiments.program_search.problem import Examples, Location, register
from experiments.program_search.space import OP, STRAIGHT, Space
from experiments.synthesis.task import Task

BOUNDARIES = (0, 1, 2, 3, 0xFF, 0x100, 0x7FFFFFFE, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF)
_PAIRED = (0, 1, 2, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_REGISTERS = 5
_SCRATCH = ("t0", "t1", "t2", "t3")


def words(rng: np.random.Generator, shape: int | tuple[int, ...]) -> np.ndarray:
    """`shape` uint32: half of full range, an eighth each of -16 … 16 and of boundaries, a quarter of uniform bit length
    and either sign."""
    full = rng.integers(0, 1 << 32, shape, np.uint32)
    small = rng.integers(-16, 17, shape).astype(np.uint32)
    sized = (full >> rng.integers(0, 32, shape, np.uint32)) * rng.choice(np.array([1, 0xFFFFFFFF], np.uint32), shape)
    kinds = [full, sized, small, rng.choice(np.array(BOUNDARIES, np.uint32), shape)]
    return np.choose(rng.choice(4, shape, p=[1 / 2, 1 / 4, 1 / 8, 1 / 8]), kinds)


def tuples(rng: np.random.Generator, count: int, width: int) -> np.ndarray:
    """`[count, width]` uint32 words; in an eighth of the rows all columns are equal."""
    drawn = words(rng, (count, width))
    return np.where(rng.random((count, 1)) < 1 / 8, drawn[:, :1], drawn)


def registers(names: str) -> tuple[Location, ...]:
    """Of names such as "a0 a1"."""
    return tuple(map(register, names.split()))


def solved(
    solution: str, usual: tuple[str, ...], sources: Sequence[Location], targets: Sequence[Location], scratch: int = 1
) -> tuple[np.ndarray, Space]:
    """The shortest known code, of text such as "lw t0 0 a0; bne t0 zero -4", and the space of codes of one slot more, of usual
    operations and those of the solution, over zero, the task's registers, and scratch registers: at least that many, and as
    many as make five registers together."""
    code = assemble(line.split() for line in solution.split(";"))
    operations = usual + tuple(sorted({isa.OPERATIONS[number].name for number in code[:, OP]} - {*usual}))
    named = sorted({at.number for at in (*sources, *targets) if at.kind == "register"})
    spare = max(scratch, _REGISTERS - 1 - len(named))
    more = [register(name).number for name in _SCRATCH[:spare]]
    return code, Space(operations, (0, *sorted(named + more)), len(code) + 1)


def straight(
    name: str, about: str, inputs: str, outputs: str, computes: Callable[..., Word | tuple[Word, ...]], solution: str,
    group: str = "elementary",
) -> Task:  # fmt: skip
    """A task of words in registers that a program without branches solves; inputs and outputs: names such as "a0 a1"."""
    sources, targets = registers(inputs), registers(outputs)
    code, space = solved(solution, STRAIGHT, sources, targets)

    def meaning(w: Words, *values: Word) -> tuple[Word, ...]:
        made = computes(w, *values)
        return made if isinstance(made, tuple) else (made,)

    def examples(values: np.ndarray) -> Examples:
        made = np.stack(meaning(Arrays(), *np.ascontiguousarray(values.T)), axis=1)
        return Examples(sources, targets, values, made.astype(np.uint32), space.length)

    def draw(rng: np.random.Generator, count: int) -> Examples:
        return examples(tuples(rng, count, len(sources)))

    def edges() -> Examples:
        values = BOUNDARIES if len(sources) == 1 else _PAIRED
        return examples(np.array(list(product(values, repeat=len(sources))), np.uint32))

    return Task(name, about, space, draw, edges, draw, code, meaning, group)
