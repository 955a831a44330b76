"""Recovering an AES-128 key from cycle counts alone: cache collisions in the first round, then in the second.

The attacker knows how the victim's tables lie on cache lines, chooses plaintexts, and sees one cycle count for each. An
encryption whose table lookups fall on fewer distinct lines misses less often and is faster.

First round: byte i looks up index p[i] ^ k[i] in the table of its row. Two bytes of a row that vary fall on one line when the
leading bits of p[i] ^ p[j] equal those of k[i] ^ k[j]: the difference that is fastest on average gives those bits.

Second round: with the other twelve bytes held fixed, a varying byte p makes four indices c · S(p ^ k) ^ constant, c from the
column of MixColumns. Which of the lines that the fixed bytes have loaded they hit depends on the leading bits of
c · S(p ^ k) alone: grouped by them, the mean times differ for the right k and for no other. This gives whole bytes.

Sources: Bonneau and Mironov, Cache-Collision Timing Attacks Against AES (2006); Osvik, Shamir and Tromer, Cache Attacks and
Countermeasures: the Case of AES (2006); FIPS-197.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from backends.interface import UserError

ROWS = COLUMNS = 4
_PAIRS = tuple(combinations(range(COLUMNS), 2))
_COEFFICIENTS = (1, 2, 3)
_MOST_CANDIDATES = 1 << 12


@dataclass(frozen=True)
class Sample:
    """Encryptions of plaintexts of which only the bytes of one row of the state vary.

    plaintexts: `[N, 16]` uint8; cycles: `[N]` float64.
    """

    row: int
    plaintexts: np.ndarray
    cycles: np.ndarray

    @property
    def varying(self) -> list[int]:
        """Positions of the four bytes that vary; the state is stored by columns."""
        return [ROWS * column + self.row for column in range(COLUMNS)]

    def first(self, count: int) -> "Sample":
        """The first `count` encryptions alone."""
        return Sample(self.row, self.plaintexts[:count], self.cycles[:count])

    def shuffled(self, noise: np.random.Generator) -> "Sample":
        """The same counts, each with another plaintext."""
        return Sample(self.row, self.plaintexts, noise.permutation(self.cycles))


@dataclass(frozen=True)
class Guess:
    """What an attack came to. key: `[16]` uint8, the best guess. alternatives: `[16, 256]`, log-likelihoods of all values."""

    key: np.ndarray
    alternatives: np.ndarray


def recover(samples: list[Sample], line_bits: int) -> Guess:
    """The key, from one sample of each row. line_bits: leading bits of a table index that name its cache line."""
    guess = Guess(np.zeros(16, np.uint8), np.zeros((16, 256)))
    for sample in samples:
        singles = second_round(sample, line_bits)
        guess.key[sample.varying] = _joint(first_round(sample, line_bits), singles, line_bits)
        guess.alternatives[sample.varying] = singles
    return guess


def first_round(sample: Sample, line_bits: int) -> dict[tuple[int, int], np.ndarray]:
    """Log-likelihood of every difference of the leading bits of two key bytes, `[2^line_bits]` per pair of columns."""
    lines = sample.plaintexts[:, sample.varying] >> (8 - line_bits)
    return {(a, b): _gain(lines[:, a] ^ lines[:, b], sample.cycles, 1 << line_bits) for a, b in _PAIRS}


def _gain(groups: np.ndarray, cycles: np.ndarray, size: int) -> np.ndarray:
    """`[size]`, the gain in log-likelihood when one group has a lower mean of its own."""
    centred = cycles - cycles.mean()
    sums, counts = np.bincount(groups, centred, size), np.bincount(groups, minlength=size)
    return np.where(sums < 0, sums**2, 0) / np.maximum(counts, 1) / (2 * _variance(cycles))


def _variance(cycles: np.ndarray) -> float:
    """Variance, 1 where nothing varies: then no guess gains anything."""
    return float(cycles.var()) or 1.0


def second_round(sample: Sample, line_bits: int) -> np.ndarray:
    """`[4, 256]`: for each varying byte the log-likelihood of every value of its key byte."""
    centred, size = sample.cycles - sample.cycles.mean(), 1 << line_bits
    scores = np.zeros((COLUMNS, 256))
    for column, position in enumerate(sample.varying):
        values = sample.plaintexts[:, position]
        sums, counts = np.bincount(values, centred, 256), np.bincount(values, minlength=256)
        for coefficient in _COEFFICIENTS:
            for key, groups in enumerate(_lines(coefficient, line_bits)):
                own = np.bincount(groups, sums, size) ** 2 / np.maximum(np.bincount(groups, counts, size), 1)
                scores[column, key] += own.sum()
    return scores / (2 * _variance(sample.cycles))


def _lines(coefficient: int, line_bits: int) -> np.ndarray:
    """`[256, 256]`: the leading bits of coefficient · S(p ^ k) for every k and p."""
    every = np.arange(256)
    return product(coefficient, S_BOX)[every[:, None] ^ every] >> (8 - line_bits)


def _joint(pairs: dict[tuple[int, int], np.ndarray], singles: np.ndarray, line_bits: int) -> list[int]:
    """The four key bytes that are most likely by both rounds together."""
    size = 1 << line_bits
    by_line = singles.reshape(COLUMNS, size, -1)
    best = by_line.max(axis=2)
    every = np.arange(size)
    total = np.zeros((size,) * COLUMNS, np.float32)
    terms = [((a, b), pairs[a, b][every[:, None] ^ every]) for a, b in _PAIRS] + [((a,), best[a]) for a in range(COLUMNS)]
    for columns, gains in terms:
        total += np.expand_dims(gains, [c for c in range(COLUMNS) if c not in columns]).astype(np.float32)
    lines = np.unravel_index(int(total.argmax()), total.shape)
    return [int(line) * (256 // size) + int(by_line[a, line].argmax()) for a, line in enumerate(lines)]


def candidates(guess: Guess) -> Iterator[np.ndarray]:
    """Keys `[16]` uint8, the most likely first, by changing bytes of the guess to their next alternatives; at most 4,096."""
    orders = np.argsort(-guess.alternatives, axis=1)
    ranked = np.array([[k, *o[o != k]] for k, o in zip(guess.key, orders, strict=True)])
    scores = np.take_along_axis(guess.alternatives, ranked, axis=1)
    queue: list[tuple[float, tuple[int, ...]]] = [(0.0, (0,) * 16)]
    met = {queue[0][1]}
    for _ in range(_MOST_CANDIDATES):
        loss, choice = heapq.heappop(queue)
        yield ranked[np.arange(16), choice].astype(np.uint8)
        for byte in range(16):
            further = (*choice[:byte], choice[byte] + 1, *choice[byte + 1 :])
            if further[byte] < 256 and further not in met:
                met.add(further)
                step = max(0.0, scores[byte, choice[byte]] - scores[byte, further[byte]])
                heapq.heappush(queue, (loss + step, further))


def product(factor: np.ndarray | int, values: np.ndarray) -> np.ndarray:
    """factor · values in the field of AES, GF(2^8) modulo x^8 + x^4 + x^3 + x + 1; arrays of int, all below 256."""
    total, power = np.zeros_like(values), values.copy()
    for bit in range(8):
        total ^= (factor >> bit & 1) * power
        power = (power << 1) ^ (power >> 7) * 0x11B
    return total


def _s_box() -> np.ndarray:
    """`[256]` int: the inverse in the field, which is the 254th power, then the affine map of FIPS-197, 5.1.1."""
    inverse, power = np.ones(256, int), np.arange(256)
    for _ in range(7):  # 254 = 2 + 4 + ... + 128
        power = product(power, power)
        inverse = product(inverse, power)
    rotated = [(inverse << k | inverse >> (8 - k)) & 0xFF for k in range(5)]
    return np.bitwise_xor.reduce(rotated) ^ 0x63


S_BOX = _s_box()
Victim = Callable[[np.ndarray], np.ndarray]
"""Plaintexts `[N, 16]` uint8 to cycle counts `[N]`: all that the attacker has of the machine."""


def sample(victim: Victim, encryptions: int, noise: np.random.Generator) -> list[Sample]:
    """Choose plaintexts and have them encrypted, `encryptions` in all, a quarter for each row: its bytes are random, the others
    the same random values throughout.

    Raises UserError for fewer than two a row.
    """
    if encryptions < 2 * ROWS:
        raise UserError(f"{encryptions} encryptions: give at least {2 * ROWS}, two for each row of the state")
    samples, count = [], encryptions // ROWS
    for row in range(ROWS):
        plaintexts = np.repeat(noise.integers(0, 256, (1, 16), np.uint8), count, axis=0)
        plaintexts[:, row::ROWS] = noise.integers(0, 256, (count, COLUMNS), np.uint8)
        samples.append(Sample(row, plaintexts, victim(plaintexts).astype(np.float64)))
    return samples
