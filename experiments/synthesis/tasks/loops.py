"""Tasks that need a loop, on one number or on an array in memory.

A method sees small sizes only; the held-out examples are of sizes that it never saw. Registers that are no inputs start at 0,
so an accumulator needs no instruction. Arrays start at `ARRAY`; what memory of the examples lies behind an array is random,
and must be left alone where memory is an output. A run may take `PER_ROUND` instructions for each round that a plain loop
needs, and some more: a program that finds its answer by counting up to a word's value is not in time.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from experiments.program_search.problem import Examples, memory
from experiments.synthesis.task import Task
from experiments.synthesis.tasks.values import registers, solved, words

ARRAY = 0x100
LOOP = ("add", "addi", "sub", "and", "andi", "slli", "srli", "beq", "bne", "blt", "bge")
PER_ROUND, _SPARE = 8, 16
_LEAST = 1 << 31

Case = tuple[Sequence[int], Sequence[int]]
"""Input words and output words of one example."""


@dataclass(frozen=True)
class _Loop:
    """How the examples of a loop task are made.

    make: one example of a size. small, large: the sizes of training and of held-out examples. window: words of memory of
    examples whose sizes reach up to a size. rounds: of a plain loop on a size.
    """

    inputs: str
    outputs: str
    make: Callable[[np.random.Generator, int, int], Case]
    small: tuple[int, ...]
    large: tuple[int, ...]
    window: Callable[[int], int] = lambda size: 0
    stores: bool = False
    rounds: Callable[[int], int] = lambda size: size

    def examples(self, rng: np.random.Generator, sizes: Iterable[int], most: int) -> Examples:
        """One example of every given size, none of them above `most`."""
        window = self.window(most)
        cells = tuple(memory(ARRAY + 4 * i) for i in range(window))
        sources = registers(self.inputs) + cells
        targets = registers(self.outputs) + cells * self.stores
        cases = [self.make(rng, int(size), window) for size in sizes]
        inputs, outputs = (np.array([case[i] for case in cases], np.int64).astype(np.uint32) for i in (0, 1))
        steps = PER_ROUND * self.rounds(most) + _SPARE
        return Examples(sources, targets, inputs.reshape(-1, len(sources)), outputs.reshape(-1, len(targets)), steps)

    def draw(self, sizes: tuple[int, ...], rng: np.random.Generator, count: int) -> Examples:
        return self.examples(rng, rng.choice(sizes, count), sizes[-1])

    def edges(self) -> Examples:
        """The least and the greatest size of training, twice each."""
        ends = (self.small[0], self.small[-1]) * 2
        return self.examples(np.random.default_rng(0), ends, self.small[-1])


def _task(name: str, about: str, loop: _Loop, solution: str, scratch: int = 1) -> Task:
    code, space = solved(solution, LOOP, registers(loop.inputs), registers(loop.outputs), scratch)
    draw, held_out = partial(loop.draw, loop.small), partial(loop.draw, loop.large)
    return Task(name, about, space, draw, loop.edges, held_out, code, group="loops")


def tasks() -> Iterator[Task]:
    yield from _of_numbers()
    yield from _of_arrays()


def _of_numbers() -> Iterator[Task]:
    eight, more = tuple(range(1, 9)), tuple(range(9, 513))
    all_bits = tuple(range(9, 33))
    yield _task(
        "sum_to_n", "a1 = 1 + 2 + … + a0, for a0 > 0",
        _Loop("a0", "a1", lambda rng, n, _: ([n], [n * (n + 1) // 2]), eight, more),
        "add a1 a1 a0; addi a0 a0 -1; bne a0 zero -8",
    )  # fmt: skip
    yield _task(
        "fibonacci", "a1 = the Fibonacci number of a0 > 0, from a1 = 0 and a2 = 1",
        _Loop("a0 a2", "a1", lambda rng, n, _: ([n, 1], [_fibonacci(n)]), eight, more),
        "add a1 a1 a2; sub a2 a1 a2; addi a0 a0 -1; bne a0 zero -12",
    )  # fmt: skip
    yield _task(
        "popcount", "a1 = how many bits of a0 are 1", _Loop("a0", "a1", _popcount, eight, all_bits),
        "andi t0 a0 1; add a1 a1 t0; srli a0 a0 1; bne a0 zero -12",
    )  # fmt: skip
    yield _task(
        "multiply", "a2 = the low word of a0 a1, in a round for each bit of a1",
        _Loop("a0 a1", "a2", _multiply, eight, all_bits),
        "andi t0 a1 1; beq t0 zero 8; add a2 a2 a0; slli a0 a0 1; srli a1 a1 1; bne a1 zero -20",
    )  # fmt: skip
    yield _task(
        "gcd", "a0 = the greatest common divisor of a0 > 0 and a1 > 0",
        _Loop("a0 a1", "a0", _gcd, eight, all_bits, rounds=lambda bits: bits + 2),
        "remu t0 a0 a1; add a0 a1 zero; add a1 t0 zero; bne a1 zero -12",
    )  # fmt: skip
    yield _task(
        "factorial", "a1 = the low word of a0!, for a0 > 0, from a1 = 1",
        _Loop("a0 a1", "a1", lambda rng, n, _: ([n, 1], [math.factorial(n) % 2**32]), eight, tuple(range(9, 41))),
        "mul a1 a1 a0; addi a0 a0 -1; bne a0 zero -8",
    )  # fmt: skip


def _of_arrays() -> Iterator[Task]:
    few, many = (1, 2, 3, 4, 5), tuple(range(6, 33))
    yield _task(
        "sum_array", "a2 = the sum of the words from a0 up to a1",
        _Loop("a0 a1", "a2", _reduced(sum), few, many, lambda n: n + 1),
        "lw t0 0 a0; add a2 a2 t0; addi a0 a0 4; bne a0 a1 -12",
    )  # fmt: skip
    yield _task(
        "max_array", "a2 = the greatest of the words from a0 up to a1, unsigned",
        _Loop("a0 a1", "a2", _reduced(max), few, many, lambda n: n + 1),
        "lw t0 0 a0; bltu t0 a2 8; add a2 t0 zero; addi a0 a0 4; bne a0 a1 -16",
    )  # fmt: skip
    yield _task(
        "reverse", "turns the words from a0 up to a1 round",
        _Loop("a0 a1", "", _reverse, few, many, lambda n: n + 1, stores=True),
        "lw t0 0 a0; lw t1 -4 a1; sw t1 0 a0; sw t0 -4 a1; addi a0 a0 4; addi a1 a1 -4; blt a0 a1 -24",
    )  # fmt: skip
    yield _task(
        "linear_search", "a0 = where the first word equal to a2 lies from a0 up to a1, or a1",
        _Loop("a0 a1 a2", "a0", _linear_search, few, many, lambda n: n + 1),
        "lw t0 0 a0; beq t0 a2 12; addi a0 a0 4; bne a0 a1 -12",
    )  # fmt: skip
    yield _task(
        "binary_search", "a0 = where the last word not above a2 lies in sorted words from a0, of which the first is not above "
        "a2; a1 = half their bytes, a power of two, and a3 = 4",
        _Loop("a0 a1 a2 a3", "a0", _binary_search, (2, 4, 8), (16, 32, 64), lambda n: n, rounds=lambda n: n.bit_length()),
        "add t0 a0 a1; lw t1 0 t0; blt a2 t1 8; add a0 t0 zero; srli a1 a1 1; bge a1 a3 -20", scratch=2,
    )  # fmt: skip
    yield _task(
        "bubble_sort", "sorts the words from a0 up to a1, signed, by exchange; the word before them is the least there is",
        _Loop("a0 a1", "", _sort, (1, 2, 3, 4), tuple(range(5, 17)), lambda n: n + 2, stores=True, rounds=lambda n: n * n),
        "lw t0 -4 a0; lw t1 0 a0; bge t1 t0 16; sw t1 -4 a0; sw t0 0 a0; addi a0 a0 -8; addi a0 a0 4; bne a0 a1 -28",
    )  # fmt: skip


def _of_length(rng: np.random.Generator, bits: int) -> int:
    """A number of that many bits, sometimes all ones, a power of two, or 0 in place of 1."""
    top = 1 << bits - 1
    numbers = [top | int(rng.integers(0, top)), 2 * top - 1, top, top if bits > 1 else 0]
    return numbers[rng.choice(4, p=[0.7, 0.1, 0.1, 0.1])]


def _fibonacci(n: int) -> int:
    a, b = 0, 1
    for _ in range(n):
        a, b = b, (a + b) & 0xFFFFFFFF
    return a


def _popcount(rng: np.random.Generator, bits: int, _: int) -> Case:
    x = _of_length(rng, bits)
    return [x], [x.bit_count()]


def _multiply(rng: np.random.Generator, bits: int, _: int) -> Case:
    a, b = int(words(rng, 1)[0]), _of_length(rng, bits)
    return [a, b], [a * b & 0xFFFFFFFF]


def _gcd(rng: np.random.Generator, bits: int, _: int) -> Case:
    """Two numbers of at most so many bits that often share a factor."""
    factor = int(rng.integers(1, 1 << int(rng.integers(1, bits + 1))))
    a, b = (factor * int(rng.integers(1, ((1 << bits) - 1) // factor + 1)) for _ in range(2))
    return [a, b], [math.gcd(a, b)]


def _reduced(reduce: Callable[[list[int]], int]) -> Callable[[np.random.Generator, int, int], Case]:
    def make(rng: np.random.Generator, n: int, window: int) -> Case:
        array = words(rng, window).tolist()
        return [ARRAY, ARRAY + 4 * n, *array], [reduce(array[:n]) & 0xFFFFFFFF]

    return make


def _reverse(rng: np.random.Generator, n: int, window: int) -> Case:
    array = words(rng, window).tolist()
    return [ARRAY, ARRAY + 4 * n, *array], array[:n][::-1] + array[n:]


def _linear_search(rng: np.random.Generator, n: int, window: int) -> Case:
    """The key is in the array three times of four; where it is not, it may lie behind."""
    array = words(rng, window).tolist()
    key = array[rng.integers(n)] if rng.random() < 3 / 4 else array[-1]
    place = array[:n].index(key) if key in array[:n] else n
    return [ARRAY, ARRAY + 4 * n, key, *array], [ARRAY + 4 * place]


def _binary_search(rng: np.random.Generator, n: int, window: int) -> Case:
    array = np.sort(words(rng, n).view(np.int32))
    near = int(rng.choice(array)) + int(rng.integers(-1, 2))
    key = min(max(near, int(array[0])), 2**31 - 1)
    place = int(np.searchsorted(array, key, side="right")) - 1
    behind = words(rng, window - n).tolist()
    return [ARRAY, 2 * n, key, 4, *array.tolist(), *behind], [ARRAY + 4 * place]


def _sort(rng: np.random.Generator, n: int, window: int) -> Case:
    first, array = ARRAY + 4, words(rng, window - 1).view(np.int32)
    made = np.concatenate([np.sort(array[:n]), array[n:]])
    return [first, first + 4 * n, _LEAST, *array.tolist()], [_LEAST, *made.tolist()]
