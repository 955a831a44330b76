"""Does a noisy clock tell two classes of inputs apart? The procedure of dudect.

Welch's t between measurements of a fixed input and of random ones: of all measurements; of those below each of 100
thresholds, because what disturbs a machine makes it slower and hides small differences; and of the squared distances from the
class's mean (second order). The largest |t| of all of them beyond 4.5 is suspicious, beyond 10 a leak.

Source: O. Reparaz, J. Balasch, I. Verbauwhede, Dude, is my code constant time?, DATE 2017.
"""

from dataclasses import dataclass

import numpy as np

from backends.interface import UserError

SUSPICIOUS, LEAK = 4.5, 10.0
QUANTILES = 1 - 0.5 ** (10 * np.arange(1, 101) / 100)
"""Of all measurements, what lies below these is kept: from 7 % on, the closer to all the denser."""
LEAST_CROPPED = 100
"""Measurements that each class needs below a threshold for a test of what was cropped: t is normal of many only."""
_POINTS, _FIRST = 24, 100
_ROUNDING = 1e-12
"""A sum of squared distances that is less than this part of the squares themselves is 0 but for rounding."""


@dataclass(frozen=True)
class Measurements:
    """cycles `[N]`, of single calls, in units of `clock`; classes `[N]` bool, which were of the fixed class.

    clock: the processor's `tsc` (x86) or `cntvct` (AArch64), whose ticks are of constant length and no core cycles; or
    `monotonic`, nanoseconds of the system's clock.
    """

    cycles: np.ndarray
    classes: np.ndarray
    clock: str


@dataclass(frozen=True)
class Dudect:
    """What the tests gave.

    measurements `[K]` int: after how many, log-spaced, all of them at the end; tests `[K, 102]`: |t| at that point, of what is
    below each of QUANTILES, of all, of the second order. mean_difference: of the classes, in the clock's unit. Where neither
    class varies there is no t: it is given as 0 where the classes are equal and as infinity where they differ.
    """

    measurements: np.ndarray
    tests: np.ndarray
    mean_difference: float

    @property
    def t(self) -> np.ndarray:
        """`[K]`, the largest |t| of all tests at each point."""
        return self.tests.max(axis=1)

    @property
    def largest(self) -> float:
        """The largest |t| after all measurements."""
        return float(self.t[-1])


def classes(n: int, random: np.random.Generator) -> np.ndarray:
    """`[n]` bool, which of n measurements are of the fixed class, at random. Raises UserError for fewer than two."""
    if n < 2:
        raise UserError(f"{n} measurements: give at least 2, and 10000 for a verdict that means something")
    return random.integers(0, 2, n).astype(bool)


def dudect(times: np.ndarray, fixed: np.ndarray) -> Dudect:
    """Compare the classes; times `[N]` in any unit, in the order in which they were taken, fixed `[N]` bool.

    Raises UserError where there are fewer than two measurements of a class, or one is not a finite number.
    """
    times, fixed = np.asarray(times, np.float64), np.asarray(fixed, bool)
    _check(times, fixed)
    points = _points(fixed)
    cropped = _cropped(times, fixed, points)
    second = np.array([_second_order(times[:n], fixed[:n]) for n in points])
    return Dudect(points, np.abs(np.column_stack([cropped, second])), float(times[fixed].mean() - times[~fixed].mean()))


def welch(count: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Welch's t of two samples, given along the last axis `[..., 2]`; variance: of the sample, divided by count - 1.

    Where neither varies: 0 of equal means, infinity of others.
    """
    difference, squared = mean[..., 0] - mean[..., 1], (variance / count).sum(axis=-1)
    still = squared == 0
    t = difference / np.sqrt(np.where(still, 1, squared))
    return np.where(still, np.where(difference == 0, 0, np.copysign(np.inf, difference)), t)


def _check(times: np.ndarray, fixed: np.ndarray) -> None:
    if times.ndim != 1 or times.shape != fixed.shape:
        raise UserError(f"measurements of shape {times.shape}, classes of shape {fixed.shape}: give [N] of both")
    if not np.isfinite(times).all():
        raise UserError("a measurement is no finite number: leave it out, with its class")
    for name, size in (("fixed", int(fixed.sum())), ("random", int((~fixed).sum()))):
        if size < 2:
            raise UserError(f"{size} of {len(times)} measurements are of the {name} class: give at least 2 of each")


def _points(fixed: np.ndarray) -> np.ndarray:
    """`[K]`, log-spaced numbers of measurements, of which each class has at least two."""
    seen = np.cumsum(fixed)
    least = int(np.argmax((seen >= 2) & (np.arange(1, len(fixed) + 1) - seen >= 2))) + 1
    return np.unique(np.geomspace(min(max(least, _FIRST), len(fixed)), len(fixed), _POINTS).round().astype(np.int64))


def _cropped(times: np.ndarray, fixed: np.ndarray, points: np.ndarray) -> np.ndarray:
    """`[K, 101]`, t of the measurements below each threshold and, last, of all; 0 where a class has too few.

    Each measurement falls between two points and between two thresholds; sums over these cells, added up along both axes,
    are the moments of every test.
    """
    centred = times - np.median(times)
    thresholds, spans = np.quantile(centred, QUANTILES), len(points)
    bands = len(thresholds) + 1
    cell = np.searchsorted(points, np.arange(len(times)), side="right") * bands
    cell = 2 * (cell + np.searchsorted(thresholds, centred, side="right")) + ~fixed
    count, total, squares = (
        np.bincount(cell, weights, spans * bands * 2).reshape(spans, bands, 2).cumsum(axis=0).cumsum(axis=1)
        for weights in (None, centred, centred**2)
    )
    size = np.maximum(count, 2)
    mean = total / size
    spread = squares - total * mean
    variance = np.where(spread > _ROUNDING * squares, spread, 0) / (size - 1)
    is_all = np.arange(bands) == len(thresholds)
    return np.where((count >= LEAST_CROPPED).all(axis=2) | is_all, welch(size, mean, variance), 0)


def _second_order(times: np.ndarray, fixed: np.ndarray) -> float:
    squared = [(part - part.mean()) ** 2 for part in (times[fixed], times[~fixed])]
    moments = [(len(s), s.mean(), s.var(ddof=1)) for s in squared]
    return float(welch(*(np.array(m) for m in zip(*moments, strict=True))))
