"""What runs add up to: success rates with their intervals, what a solution costs, when a descent settles.

Runs that found nothing count with all that they spent, so that failures and restarts have their price: executions to a
solution are all executions of a method on a task over its solutions. Source of the interval: Wilson (1927).

Two methods are compared on the tasks and seeds that both were run on. Runs of one task are alike, so the interval of a
difference draws tasks (Efron and Tibshirani 1993), and the exact test of McNemar (1947) stands beside it with its condition.
"""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from experiments.program_search.method import FAMILIES

_NORMAL_95 = 1.959964
_DRAWS = 10_000
CONTROL_GROUP, LOOPS = "control", "loops"
_SUMS = {"runs": ("right", "size"), "right": ("right", "sum"), "spent": ("evaluations", "sum"), "time_s": ("wall_s", "sum")}


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a probability; (0, 1) where nothing was tried."""
    if not trials:
        return 0.0, 1.0
    share, z = successes / trials, _NORMAL_95
    middle, scale = share + z * z / (2 * trials), 1 + z * z / trials
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    low, high = (middle - half) / scale, (middle + half) / scale
    return 0.0 if successes == 0 else low, 1.0 if successes == trials else high


def tally(runs: pd.DataFrame, by: tuple[str, ...] = ("task", "method")) -> pd.DataFrame:
    """One row a task and method (or whatever `by` names), in the order met.

    Returns the columns `by`, runs, right, spent (executions), time_s, rate with its 95 % interval low to high, to_solution and
    to_solution_s (executions and seconds to a solution; infinite where there is none).
    """
    found = runs.groupby(list(by), sort=False, as_index=False).agg(**_SUMS)
    bounds = [wilson(int(k), int(n)) for k, n in zip(found["right"], found["runs"], strict=True)]
    found["rate"], (found["low"], found["high"]) = found["right"] / found["runs"], np.reshape(bounds, (-1, 2)).T
    solved = found["right"].where(found["right"] > 0).astype(float)
    found["to_solution"] = (found["spent"] / solved).fillna(np.inf)
    found["to_solution_s"] = (found["time_s"] / solved).fillna(np.inf)
    return found


class Paired(NamedTuple):
    """One method against another. points: percent right of the one less that of the other, low to high its 95 % interval.
    only_one, only_other: runs that one of the two has right. p: of McNemar's test, as if runs were independent."""

    tasks: int
    runs: int
    right: int
    other_right: int
    points: float
    low: float
    high: float
    only_one: int
    only_other: int
    p: float


def paired(runs: pd.DataFrame, one: str, other: str, seed: int = 0) -> Paired | None:
    """The tasks and seeds of both; None where there are none."""
    both = runs[runs["method"].isin([one, other])].pivot(index=["task", "seed"], columns="method", values="right").dropna()
    if not {one, other} <= set(both) or both.empty:
        return None
    a, b = both[one].astype(bool), both[other].astype(bool)
    by_task = pd.DataFrame({"gain": a.astype(int) - b.astype(int)}).groupby("task")["gain"].agg(["sum", "size"]).to_numpy()
    drawn = by_task[np.random.default_rng(seed).integers(len(by_task), size=(_DRAWS, len(by_task)))].sum(axis=1)
    low, high = np.quantile(100 * drawn[:, 0] / drawn[:, 1], (0.025, 0.975))
    only_one, only_other = int((a & ~b).sum()), int((b & ~a).sum())
    p = binomtest(only_one, only_one + only_other).pvalue if only_one + only_other else 1.0
    return Paired(
        len(by_task), len(both), int(a.sum()), int(b.sum()), 100 * (a.mean() - b.mean()), low, high, only_one, only_other, p
    )


def tasks(runs: pd.DataFrame) -> list[str]:
    """Tasks by the length of their shortest known solution, then by name."""
    return list(runs[["shortest", "task"]].drop_duplicates().sort_values(["shortest", "task"])["task"])


def methods(runs: pd.DataFrame) -> list[str]:
    """Methods by family; within one in the order met."""
    met, known = runs[["method", "family"]].drop_duplicates(), {family: k for k, family in enumerate(FAMILIES)}
    return list(met.sort_values("family", kind="stable", key=lambda f: f.map(known).fillna(len(known)))["method"])


def longer_half(runs: pd.DataFrame) -> list[str]:
    """Tasks whose shortest known solution is at least as long as the median task's; those of the control group left out."""
    own = runs[runs["group"] != CONTROL_GROUP]
    lengths = own[["task", "shortest"]].drop_duplicates()
    return list(lengths[lengths["shortest"] >= lengths["shortest"].median()]["task"])


def converged(trace: pd.DataFrame) -> float:
    """Executions after which the program read off no longer changes in how many bits are wrong, of the trace of one run."""
    ordered = trace.sort_values("evaluations", kind="stable")
    changed = np.flatnonzero(np.diff(ordered["wrong_bits"].to_numpy(float)))
    return float(ordered["evaluations"].iloc[changed[-1] + 1 if len(changed) else 0])
