"""What the compiled step takes, as named tuples of scalars and arrays."""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.compiling import inlined


class Instance(NamedTuple):
    """What one instance starts from.

    x: `[33]` uint32, registers and the scratch register. memory: `[M]` uint8 and words: `[M / 4]` uint32, the same bytes.
    tohost: offset of that symbol, 2^32 - 1 for none. reserved: `[1]`, the address that `lr.w` reserved, -1 for none;
    any room where no atomic operation can come. max_steps: instructions that it may have retired in all. base: of memory.
    """

    x: np.ndarray
    memory: np.ndarray
    words: np.ndarray
    tohost: np.uint32
    reserved: np.ndarray
    pc: np.uint32
    retired: np.int64
    stalls: np.int64
    max_steps: np.int64
    base: np.uint32


class Instructions(NamedTuple):
    """code: `[S, slots + 1]` uint64, instruction memories. rows: `[k]`, which of them each instance runs. base: of memory."""

    code: np.ndarray
    rows: np.ndarray
    base: np.uint32


class Instances(NamedTuple):
    """Fields of `step.Instance`, of many, and of what a step returns; each `[k, ...]`."""

    x: np.ndarray
    memory: np.ndarray
    words: np.ndarray
    tohost: np.ndarray
    reserved: np.ndarray
    pc: np.ndarray
    retired: np.ndarray
    stalls: np.ndarray
    max_steps: np.ndarray
    status: np.ndarray
    cause: np.ndarray
    address: np.ndarray


@inlined
def instance_of(all_, k, x, base):
    """Instance k of many, with its registers where the step is to have them."""
    return Instance(
        x, all_.memory[k], all_.words[k], all_.tohost[k], all_.reserved[k : k + 1], all_.pc[k], all_.retired[k],
        all_.stalls[k], all_.max_steps[k], base,
    )  # fmt: skip


class Caches(NamedTuple):
    """lines: `[B, sets, ways]` uint32, of all instances; the rest as in `interface.Cache`."""

    lines: np.ndarray
    line_shift: np.uint32
    hit_cycles: np.int64
    miss_cycles: np.int64


class Shadows(NamedTuple):
    """Arrays of `observation.Shadow`, registers with the scratch register; of all instances, or with one axis less, of one."""

    registers: np.ndarray
    memory: np.ndarray
    executed: np.ndarray
    leaks: np.ndarray
    callers: np.ndarray
    calls: np.ndarray
    depth: np.ndarray


class Profiles(NamedTuple):
    """Of all instances: counts `[B, W + 1]` and entered `[B, W]` int64, as in `observation.Shadow`."""

    counts: np.ndarray
    entered: np.ndarray


class Extensions(NamedTuple):
    """Operations beyond the base.

    nodes `[K, N, 3]` uint32: of each the nodes of its expression, an operation or a constant, and two values or the word;
    lengths `[K]`: how many. immediate `[K]` bool: the second operand is one. values `[B, N + 2]` uint32: room for what an
    instance computes.
    """

    nodes: np.ndarray
    lengths: np.ndarray
    immediate: np.ndarray
    values: np.ndarray


@inlined
def shadow_of(all_, k):
    """That of instance k; depth stays an array, `[1]`."""
    return Shadows(
        all_.registers[k], all_.memory[k], all_.executed[k], all_.leaks[k], all_.callers[k], all_.calls[k],
        all_.depth[k : k + 1],
    )  # fmt: skip
