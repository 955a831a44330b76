"""Two arms on the same problems: difference, interval and test.

The interval draws seeds, and problems within a seed, again (Efron and Tibshirani 1993), since answers of one seed are not
independent. McNemar's test is exact, over problems, and takes the seeds as given.
"""

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from experiments.coprocessor.schema import TABLES
from experiments.coprocessor.tasks import LONGEST_TRAINED

KEPT = 200
"""Problems of a cell whose outcomes are recorded one by one."""
_DRAWS = 2000
RANGES = {"trained": (1, LONGEST_TRAINED), "beyond": (LONGEST_TRAINED + 1, 1 << 30)}


def packed(right: list[bool]) -> str:
    return f"{sum(r << k for k, r in enumerate(right[:KEPT])):x}"


def unpacked(outcomes: str, problems: int) -> np.ndarray:
    number = int(outcomes, 16)
    return np.array([number >> k & 1 for k in range(min(problems, KEPT))], bool)


def compared(accuracy: pd.DataFrame, pairs: list[tuple[str, str]], seed: int = 0) -> pd.DataFrame:
    """A row for each pair of arms and range of lengths, of the smallest model that both have."""
    rows = []
    for one, other in pairs:
        for name, (low, high) in RANGES.items():
            inside = accuracy[accuracy["length"].between(low, high) & (accuracy["form"] == "signs")]
            a, b = _outcomes(inside, one), _outcomes(inside, other)
            seeds = sorted(a.keys() & b.keys())
            if seeds:
                rows.append((one, other, name, *_compared([a[s] for s in seeds], [b[s] for s in seeds], seed)))
    return TABLES["differences"].frame(rows)


def _outcomes(accuracy: pd.DataFrame, arm: str) -> dict[tuple, np.ndarray]:
    """Of each width, depth and seed: right or not, problem by problem."""
    own = accuracy[accuracy["arm"] == arm].sort_values(["operation", "length"])
    return {
        key: np.concatenate([unpacked(o, n) for o, n in zip(some["outcomes"], some["problems"], strict=True)])
        for key, some in own.groupby(["width", "depth", "seed"])
    }


def _compared(one: list[np.ndarray], other: list[np.ndarray], seed: int) -> tuple:
    a, b = np.array(one), np.array(other)
    gained, lost = int((a & ~b).sum()), int((b & ~a).sum())
    difference, rng = a.astype(float) - b, np.random.default_rng(seed)
    drawn = []
    for _ in range(_DRAWS):
        some = difference[rng.integers(len(a), size=len(a))]
        drawn.append(np.mean([row[rng.integers(row.size, size=row.size)].mean() for row in some]))
    low, high = np.quantile(drawn, (0.025, 0.975))
    test = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    return len(a), a.size, 100 * difference.mean(), 100 * low, 100 * high, gained, lost, test
