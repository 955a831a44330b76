"""dudect on measurements of which it is known whether, and from how many on, the classes can be told apart."""

import numpy as np
import pytest
from scipy import stats

from backends.interface import UserError
from experiments.timing_crypto.clocks.dudect import LEAK, QUANTILES, SUSPICIOUS, classes, dudect, welch


def disturbed(n: int, random: np.random.Generator) -> np.ndarray:
    """Cycles of a real machine: a bell curve, rounded, and every fiftieth measurement interrupted."""
    return np.round(random.normal(1000, 20, n) + (random.random(n) < 0.02) * random.exponential(20_000, n))


@pytest.mark.parametrize("make", [disturbed, lambda n, random: random.normal(0, 1, n)], ids=["disturbed", "normal"])
def test_classes_that_do_not_differ_are_not_told_apart(make):
    """All tests of a run are correlated: |t| > 4.5 in one of 102 independent ones would be 7 of 10,000 runs."""
    runs = [np.random.default_rng(seed) for seed in range(100)]
    largest = [dudect(make(4000, r), classes(4000, r)).largest for r in runs]
    assert sum(t > SUSPICIOUS for t in largest) <= 1
    assert max(largest) < LEAK


@pytest.mark.parametrize("shift", [0.05, 0.2])
def test_a_shift_is_found_after_as_many_measurements_as_it_needs(shift):
    """t of a shift by `shift` standard deviations grows as shift / 2 times the root of N."""
    needed = (2 * LEAK / shift) ** 2
    found = []
    for seed in range(5):
        random = np.random.default_rng(seed)
        n = int(3 * needed)
        fixed = classes(n, random)
        result = dudect(random.normal(0, 1, n) + shift * fixed, fixed)
        assert result.largest > LEAK
        assert result.mean_difference == pytest.approx(shift, abs=5 * 2 / np.sqrt(n))
        below = np.flatnonzero(result.t <= LEAK)  # from then on |t| stays beyond
        found.append(result.measurements[below[-1] + 1 if len(below) else 0])
    assert 0.5 * needed < np.median(found) < 1.5 * needed


def test_cropping_finds_a_shift_that_disturbances_hide():
    random = np.random.default_rng(0)
    fixed = classes(20_000, random)
    times = disturbed(20_000, random) + 5 * fixed
    assert abs(stats.ttest_ind(times[fixed], times[~fixed], equal_var=False).statistic) < SUSPICIOUS
    result = dudect(times, fixed)
    assert result.largest > LEAK
    assert result.tests[-1].argmax() < len(QUANTILES), "the largest is of what is below a threshold"


def test_the_second_order_finds_a_difference_of_variance():
    random = np.random.default_rng(0)
    fixed = classes(250, random)  # too few to be cropped
    times = random.normal(0, np.where(fixed, 1, 3))
    result, squared = dudect(times, fixed), _squared(times, fixed)
    assert SUSPICIOUS < result.largest == result.tests[-1, -1] <= LEAK
    wanted = stats.ttest_ind(squared[fixed], squared[~fixed], equal_var=False).statistic
    assert result.largest == pytest.approx(abs(wanted))


def test_all_of_its_t_are_those_of_scipy():
    random = np.random.default_rng(1)
    n = 1000
    fixed = classes(n, random)
    times = random.integers(0, 30, n) + fixed  # few values, so that many thresholds fall together
    wanted = []
    kept = [times < q for q in np.quantile(times, QUANTILES)] + [np.ones(n, bool)]
    for values, keep in [*((times, k) for k in kept), (_squared(times, fixed), kept[-1])]:
        if min((keep & fixed).sum(), (keep & ~fixed).sum()) >= 100:
            wanted.append(stats.ttest_ind(values[keep & fixed], values[keep & ~fixed], equal_var=False).statistic)
    assert len(wanted) > 30
    assert dudect(times, fixed).largest == pytest.approx(np.abs(wanted).max())


def _squared(times, fixed):
    return (times - np.where(fixed, times[fixed].mean(), times[~fixed].mean())) ** 2


def test_the_largest_t_at_a_point_is_that_of_the_measurements_before_it():
    random = np.random.default_rng(2)
    fixed = classes(3000, random)
    times = random.normal(0, 1, 3000) + 0.1 * fixed
    result = dudect(times, fixed)
    assert result.measurements[-1] == 3000
    assert (np.diff(result.measurements) > 0).all()
    for n, t in zip(result.measurements, result.t, strict=True):
        part = stats.ttest_ind(times[:n][fixed[:n]], times[:n][~fixed[:n]], equal_var=False).statistic
        assert t >= abs(part) - 1e-9


@pytest.mark.parametrize(("fast", "slow", "t"), [(34, 34, 0), (34, 171, np.inf), (0.1, 0.3, np.inf)])
def test_a_deterministic_machine_has_no_t(fast, slow, t):
    fixed = classes(5000, np.random.default_rng(3))
    result = dudect(np.where(fixed, slow, fast), fixed)
    assert result.largest == t
    assert result.mean_difference == pytest.approx(slow - fast)


def test_one_class_without_variance_is_an_ordinary_case():
    random = np.random.default_rng(4)
    fixed = classes(5000, random)
    result = dudect(np.where(fixed, 171, random.integers(34, 40, 5000)), fixed)
    assert LEAK < result.largest < np.inf


def test_welch_of_two_samples():
    a, b = np.random.default_rng(5).normal(0, 1, (2, 50))
    ours = welch(np.array([50, 50]), np.array([a.mean(), b.mean()]), np.array([a.var(ddof=1), b.var(ddof=1)]))
    assert ours == pytest.approx(stats.ttest_ind(a, b, equal_var=False).statistic)


@pytest.mark.parametrize("n", [0, 1])
def test_no_measurements_or_one(n):
    with pytest.raises(UserError, match=f"^{n} measurements: give at least 2"):
        classes(n, np.random.default_rng(0))
    with pytest.raises(UserError, match=f"of {n} measurements are of the"):
        dudect(np.zeros(n), np.zeros(n, bool))


def test_measurements_that_cannot_be_compared():
    with pytest.raises(UserError, match="1 of 3 measurements are of the random class"):
        dudect(np.zeros(3), np.array([True, True, False]))
    with pytest.raises(UserError, match="no finite number"):
        dudect(np.array([1, np.nan, 2, 3]), np.array([True, False, True, False]))
    with pytest.raises(UserError, match=r"give \[N\] of both"):
        dudect(np.zeros(3), np.zeros(4, bool))
