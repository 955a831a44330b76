"""Two arms on the same problems: difference, interval and test.

The problems of all seeds are the same, so the interval draws problems again for all seeds at once; where there are `SEEDS`
seeds or more it draws seeds as well (Efron and Tibshirani 1993). With fewer it says nothing about other seeds. McNemar's test
is exact, over problems: one counts for the arm that has it right with more seeds.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from experiments.coprocessor.arms import ARMS, CROSSED, Arm
from experiments.coprocessor.schema import TABLES
from experiments.coprocessor.tasks import LONGEST_TRAINED

KEPT = 200
"""Problems of a cell whose outcomes are recorded one by one."""
_DRAWS, SEEDS = 2000, 5
FACTORS: dict[str, Callable[[Arm], str]] = {
    "trained": lambda arm: arm.trained,
    "gate": lambda arm: arm.gate if arm.output == "mixture" else arm.output,
    "signal": lambda arm: arm.signal,
}
"""Of the crossed arms, by name: the level of an arm."""
RANGES = {"trained": (1, LONGEST_TRAINED), "beyond": (LONGEST_TRAINED + 1, 1 << 30)}


def packed(right: list[bool]) -> str:
    return f"{sum(r << k for k, r in enumerate(right[:KEPT])):x}"


def unpacked(outcomes: str, problems: int) -> np.ndarray:
    number = int(outcomes, 16)
    return np.array([number >> k & 1 for k in range(min(problems, KEPT))], bool)


def compared(accuracy: pd.DataFrame, pairs: list[tuple[str, str]], seed: int = 0) -> pd.DataFrame:
    """A row for each pair of arms and range of lengths, of the smallest model."""
    rows = []
    for one, other in pairs:
        for name, (low, high) in RANGES.items():
            inside = accuracy[accuracy["length"].between(low, high) & (accuracy["form"] == "signs")]
            inside = inside[inside["width"] == accuracy["width"].min()]
            a, b = _outcomes(inside, one), _outcomes(inside, other)
            seeds = sorted(a.keys() & b.keys())
            if seeds:
                rows.append((one, other, name, *_compared([a[s] for s in seeds], [b[s] for s in seeds], seed)))
    return TABLES["differences"].frame(rows)


def effects(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Of each level of each factor: what share of the answers its runs have right; over the crossed arms, in signs."""
    own = accuracy[accuracy["arm"].isin(CROSSED) & (accuracy["form"] == "signs")]
    rows = []
    for factor, level_of in FACTORS.items():
        levels = own["arm"].map(lambda name, of=level_of: of(ARMS[name]))
        for (level, name), some in own.groupby(
            [levels, np.where(own["length"] > LONGEST_TRAINED, "beyond", "trained")], sort=False
        ):
            sums = some.groupby(["arm", "seed"])[["right", "problems"]].sum()
            percent = 100 * sums["right"] / sums["problems"]
            rows.append((factor, level, name, len(sums), percent.mean(), percent.min(), percent.max()))
    return TABLES["effects"].frame(rows)


def _outcomes(accuracy: pd.DataFrame, arm: str) -> dict[int, np.ndarray]:
    """Of each seed: right or not, problem by problem."""
    own = accuracy[accuracy["arm"] == arm].sort_values(["operation", "length"])
    return {
        key: np.concatenate([unpacked(o, n) for o, n in zip(some["outcomes"], some["problems"], strict=True)])
        for key, some in own.groupby("seed")
    }


def _compared(one: list[np.ndarray], other: list[np.ndarray], seed: int) -> tuple:
    difference, rng = np.array(one).astype(float) - np.array(other), np.random.default_rng(seed)
    seeds, problems = difference.shape
    drawn = []
    for _ in range(_DRAWS):
        some = difference[rng.integers(seeds, size=seeds)] if seeds >= SEEDS else difference
        drawn.append(some[:, rng.integers(problems, size=problems)].mean())
    low, high = np.quantile(drawn, (0.025, 0.975))
    balance = difference.sum(0)
    gained, lost = int((balance > 0).sum()), int((balance < 0).sum())
    test = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    return seeds, problems, 100 * difference.mean(), 100 * low, 100 * high, gained, lost, test
