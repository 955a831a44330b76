"""Timing models: how many cycles an instruction takes.

`flat`: one cycle each. `cache`: one cycle each, and for every line of the data cache that a load or store touches
`hit_cycles` or `miss_cycles` more. What a cache holds when a run starts is declared, laid out here once for all machines.
"""

from dataclasses import dataclass

import numpy as np

from backends.core.errors import UserError

TIMINGS = ("flat", "cache")
EMPTY = 0xFFFFFFFF
"""In place of a line number: nothing is cached here. No line has it, because lines are at least 4 bytes long."""
_MAX_LINES = 1 << 16


@dataclass(frozen=True)
class Cache:
    """A data cache: set-associative, the least recently used line of a set is replaced, loads and stores alike allocate.

    A line's number is address // line_bytes, its set the number modulo `sets`. An access that straddles two lines touches
    the lower one first. Instruction fetch and environment calls pass the cache by.

    Before every run, in this order: the lines of the `resident` ranges (address, bytes) are read one after another
    (none: the cache is flushed); `evictions` places, drawn for each instance from `seed`, are emptied; the `background`
    addresses are read, which somebody else owns and which may lie outside memory. Raises UserError.
    """

    line_bytes: int = 64
    sets: int = 64
    ways: int = 8
    hit_cycles: int = 1
    miss_cycles: int = 30
    resident: tuple[tuple[int, int], ...] = ()
    evictions: int = 0
    background: tuple[int, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("line_bytes", 4), ("sets", 1), ("ways", 1)):
            value = getattr(self, name)
            if value < least or value & (value - 1):
                raise UserError(f"cache of {name}={value}: give a power of two, {least} or more")
        if self.sets * self.ways > _MAX_LINES:
            raise UserError(f"cache of {self.sets} sets x {self.ways} ways: give at most {_MAX_LINES} lines")
        for name in ("hit_cycles", "miss_cycles", "evictions"):
            if not 0 <= getattr(self, name) < 1 << 16:
                raise UserError(f"cache with {name}={getattr(self, name)}: give a number from 0 to 65535")

    @property
    def line_shift(self) -> int:
        """log2 of the line's bytes."""
        return self.line_bytes.bit_length() - 1


def initial_lines(cache: Cache, size: int) -> np.ndarray:
    """What the caches of `size` instances hold when a run starts.

    Returns `[size, sets, ways]` uint32 line numbers, the most recently used first, EMPTY places last.
    """
    read = [
        line
        for address, length in cache.resident
        for line in range(address >> cache.line_shift, (address + length - 1 >> cache.line_shift) + 1)
    ]
    lines = np.full((1, cache.sets, cache.ways), EMPTY, np.uint32)
    _read(lines, read)
    if cache.evictions:
        lines = np.repeat(lines, size, axis=0)
        places = np.random.default_rng(cache.seed).integers(0, cache.sets * cache.ways, (size, cache.evictions))
        np.put_along_axis(lines.reshape(size, -1), places, EMPTY, axis=1)
        lines = np.take_along_axis(lines, np.argsort(lines == EMPTY, axis=2, kind="stable"), axis=2)
    _read(lines, [address >> cache.line_shift for address in cache.background])
    return lines if len(lines) == size else np.repeat(lines, size, axis=0)


def touch(held: list[int], line: int, ways: int) -> bool:
    """Access `line` in a set that holds the lines `held`, most recently used first. Returns whether it was there."""
    hit = line in held
    if hit:
        held.remove(line)
    held.insert(0, line)
    del held[ways:]
    return hit


def _read(lines: np.ndarray, numbers: list[int]) -> None:
    """`touch` the lines of the given numbers, one after another, in every cache of `[size, sets, ways]`, in place."""
    if not numbers:
        return
    for cache in lines:
        sets = [[n for n in held if n != EMPTY] for held in cache.tolist()]
        for number in numbers:
            touch(sets[number % len(sets)], number, cache.shape[1])
        for row, held in zip(cache, sets, strict=True):
            row[: len(held)] = held
