"""Timing models: how many cycles an instruction takes.

`flat`: one cycle each. `cache`: one cycle each, and for every line of the data cache that a load or store touches
`hit_cycles` or `miss_cycles` more. What a cache holds when a run starts is declared, laid out here once for all machines.
"""

import numpy as np

from backends.interface import Cache

EMPTY = 0xFFFFFFFF
"""In place of a line number: nothing is cached here. No line has it, because lines are at least 4 bytes long."""


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
