"""Values for the parameters of a function under test: of public ones in tiers, of secrets so that comparisons may succeed.

A public input is plausible where every length or index that it can be taken for is small; the others are extreme: a function
may refuse them by a trap, and then nothing is said about them.
"""

from collections.abc import Iterator

import numpy as np

from experiments.timing_crypto.verifier.dwarf import Parameter
from experiments.timing_crypto.verifier.subject import Question, Subject

PLAUSIBLE, EXTREME = 32, 48
"""How many plausible inputs are tried at least, and how many extreme ones at most."""
_SMALL = 16
_LARGE = (
    *range(_SMALL + 1), 31, 32, 33, 63, 64, 100, 127, 128, 255, 1 << 10, 1 << 16, 12345678, 1 << 30, 0x55555555,
    (1 << 31) - 1, 1 << 31, (1 << 32) - 2, (1 << 32) - 1,
)  # fmt: skip
Values = dict[str, np.ndarray]


def public_inputs(subject: Subject, rng: np.random.Generator) -> tuple[Values, np.ndarray]:
    """Different values for the public parameters, `[B, N]` uint8 or `[B]` uint32 by name, and `[B]` bool, which are plausible:
    the first ones. With nothing public all rows are alike, and `PLAUSIBLE` many."""
    question = subject.question
    public = [p for p in subject.function.parameters if p.name not in question.secrets]
    small = {p.name: list(_small(p, question, rng)) for p in public}
    large = {p.name: list(_large(p, question, rng)) for p in public}
    count = max([PLAUSIBLE, *(len(v) for v in small.values())])
    rows = {name: _cycled(values, count, rng) for name, values in small.items()}
    extreme = [(name, value) for name, values in large.items() for value in values]
    extreme = [extreme[k] for k in rng.permutation(len(extreme))[:EXTREME]]
    for chosen, value in extreme:
        for name in rows:
            pool = large[name] if large[name] and rng.random() < 0.25 else small[name]
            rows[name].append(value if name == chosen else pool[rng.integers(len(pool))])
    values = {p.name: np.array(rows[p.name], np.uint32 if p.kind == "scalar" else np.uint8) for p in public}
    return values, np.arange(count + len(extreme)) < count


def _cycled(values: list, count: int, rng: np.random.Generator) -> list:
    """All of the values, then all of them again in other orders, `count` in all; the first row in the order given."""
    found = [values[0]]
    while len(found) < count:
        found += [values[k] for k in rng.permutation(len(values))]
    return found[:count]


def _extended(parameter: Parameter, value: int) -> int:
    """A scalar as its register holds it: narrow ones extended according to their type."""
    if parameter.boolean:
        return value & 1
    bits = 8 * parameter.size_bytes
    value &= (1 << bits) - 1
    if parameter.signed and value >> bits - 1:
        value -= 1 << bits
    return value & 0xFFFFFFFF


def _small(parameter: Parameter, question: Question, rng: np.random.Generator) -> Iterator:
    """Plausible values of a public parameter: of a scalar those that fit the smallest buffer as an index or a length."""
    name, size = parameter.name, question.sizes[parameter.name]
    if size is not None:
        yield from _small_contents(size, parameter.target_bytes or 1, rng)
    elif name in question.values:
        yield _extended(parameter, question.values[name])
    else:
        limit = min([_SMALL, *(s for s in question.sizes.values() if s)])
        yield from sorted({_extended(parameter, n) for n in range(limit + 1)})


def _large(parameter: Parameter, question: Question, rng: np.random.Generator) -> Iterator:
    """Extreme values of a public parameter; none where it is fixed, or holds bytes, which are all plausible."""
    name, size = parameter.name, question.sizes[parameter.name]
    if size is not None and (parameter.target_bytes or 1) > 1:
        yield np.full(size, 0xFF, np.uint8)
        yield from (rng.integers(0, 256, size, np.uint8) for _ in range(4))
    elif size is None and name not in question.values and not parameter.boolean:
        sizes = [s // width for s in question.sizes.values() if s for width in (1, 2, 4, 16)]
        numbers = {*_LARGE, *sizes, *rng.integers(0, 1 << 32, 8).tolist()}
        yield from sorted({_extended(parameter, n) for n in numbers} - set(_small(parameter, question, rng)))


def _small_contents(size: int, width: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Contents of a public buffer of elements `width` bytes wide: zeros, small numbers, and of bytes anything."""
    yield np.zeros(size, np.uint8)
    low = np.arange(size) % width == 0  # the byte that holds a small number, in little-endian order
    for limit in (2, 4, 16, size // width + 1):
        yield np.where(low, rng.integers(0, min(limit, 256), size), 0).astype(np.uint8)
    yield np.where(low, np.arange(size) // width % 256, 0).astype(np.uint8)
    for _ in range(10):
        yield np.where(low, rng.integers(0, 256, size), 0).astype(np.uint8)
    if width == 1:
        yield np.full(size, 0xFF, np.uint8)
        yield np.where(rng.random(size) < 0.9, rng.integers(32, 127, size), 0).astype(np.uint8)


def secret_inputs(subject: Subject, public: Values, count: int, rng: np.random.Generator) -> Values:
    """Values for the secrets of `count` instances whose public values are given.

    Half are uniform. The others are constant, sparse, small, or nearly equal to another parameter, so that branches on
    zero, on one bit and on equality go both ways.
    """
    values: Values = dict(public)
    for parameter in subject.function.parameters:
        size = subject.question.secrets.get(parameter.name, -1)
        if size is None:
            values[parameter.name] = _secret_words(parameter, count, values, rng)
        elif size >= 0:
            values[parameter.name] = _secret_bytes(size, count, values, rng)
    return {name: values[name] for name in subject.question.secrets}


def _secret_words(parameter: Parameter, count: int, values: Values, rng: np.random.Generator) -> np.ndarray:
    words = rng.integers(0, 1 << 32, count, np.uint32)
    kind = rng.integers(0, 8, count)
    others = [v for v in values.values() if v.ndim == 1]
    near = others[rng.integers(len(others))] + words % 3 - 1 if others else words
    choices = (words % 256, words % 20, np.uint32(1) << words % 32, near, -(words % 64), words % 2, words, words)
    return np.array([_extended(parameter, int(w)) for w in np.choose(kind, choices)], np.uint32)


def _secret_bytes(size: int, count: int, values: Values, rng: np.random.Generator) -> np.ndarray:
    found = rng.integers(0, 256, (count, size), np.uint8)
    kind = rng.integers(0, 10, count)
    found[kind == 0] = rng.integers(0, 2, (count, 1), np.uint8)[kind == 0] * np.uint8(255)
    found[kind == 1] *= rng.random((count, size))[kind == 1] < 2 / size
    found[kind == 2] %= 4
    others = [v for v in values.values() if v.ndim == 2]
    if others:
        near = kind >= 7
        other = np.resize(others[rng.integers(len(others))].T, (size, count)).T
        found[near] = other[near]
        changed = near & (rng.random(count) < 0.8)
        found[changed, rng.integers(0, size, count)[changed]] ^= rng.integers(1, 256, int(changed.sum()), np.uint8)
    return found
