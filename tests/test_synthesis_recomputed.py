"""The statistics of the paper's section on synthesis, computed once more from the recorded rows, in another way: rows as
dictionaries and plain sums, no data frames, and none of the suite's statistics."""

import csv
import math
import re
from collections import defaultdict

import numpy as np
import pytest

from experiments.harness.tables import DEFAULT, Results
from paper import numbers
from paper.numbers import synthesis

ROWS = DEFAULT.with_name("reference-full") / "synthesis" / "runs.csv"
HYBRID, BLIND = "hybrid", "hybrid_without_gradient"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with ROWS.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["group"] != "control"]


@pytest.fixture(scope="module")
def said() -> dict[str, dict]:
    return numbers.written(synthesis.build(Results(DEFAULT)))


def right(rows, **wanted) -> int:
    return sum(row["right"] == "True" for row in rows if all(row[k] == v for k, v in wanted.items()))


def test_successes_and_their_intervals(rows, said):
    for row in said["tables"]["synthesis_methods"]:
        method = row[0].replace(" ", "_")
        count = sum(r["method"] == method for r in rows)
        k = right(rows, method=method)
        assert row[3] == f"{k} of {count}"
        # the roots of (p - k/n)^2 = z^2 p (1 - p) / n
        a, b, c = 1 + 1.959964**2 / count, -2 * k / count - 1.959964**2 / count, (k / count) ** 2
        low, high = ((-b + s * math.sqrt(b * b - 4 * a * c)) / (2 * a) for s in (-1, 1))
        assert [int(x) for x in re.findall(r"\d+", row[4])] == [round(100 * low), round(100 * high)]


def test_the_best_of_each_family_is_on_all_tasks(rows, said):
    methods = {row["method"]: row["family"] for row in rows}
    counts = {m: sum(row["method"] == m for row in rows) for m in methods}
    for family in ("gradient", "hybrid", "discrete"):
        rights = [right(rows, method=m) for m, of in methods.items() if of == family and counts[m] == max(counts.values())]
        assert said["values"][f"synthesis_{family}_right"] == str(max(rights))


def test_discordant_pairs_and_the_interval_over_tasks(rows, said):
    outcome = {(r["task"], r["seed"], r["method"]): r["right"] == "True" for r in rows if r["group"] != "loops"}
    gains = defaultdict(list)
    for task, seed, method in outcome:
        if method == HYBRID:
            gains[task].append(outcome[task, seed, HYBRID] - outcome[task, seed, BLIND])
    every = [g for own in gains.values() for g in own]
    only, lost = every.count(1), every.count(-1)
    assert said["values"]["synthesis_blind_only"] == f"{only} against {lost}"
    p = min(1.0, 2 * sum(math.comb(only + lost, k) for k in range(min(only, lost) + 1)) / 2 ** (only + lost))
    assert float(said["values"]["synthesis_blind_p"]) == pytest.approx(p, rel=0.5)  # shown with one digit
    rng, means = np.random.default_rng(12345), []
    own = [np.array(g) for g in gains.values()]
    for _ in range(4000):
        means.append(100 * np.concatenate([own[k] for k in rng.integers(len(own), size=len(own))]).mean())
    points, low, high = (float(x) for x in re.findall(r"[+-][\d.]+", said["values"]["synthesis_blind_points"]))
    assert points == pytest.approx(100 * sum(every) / len(every), abs=0.05)
    assert (low, high) == pytest.approx((np.quantile(means, 0.025), np.quantile(means, 0.975)), abs=0.6)


def test_ratios_on_tasks_that_both_solve(rows, said):
    for column, name, tolerance in (("evaluations", "cost", 0.01), ("wall_s", "time", 0.01)):
        ratios = []
        for task in {row["task"] for row in rows}:
            spent = {m: sum(float(r[column]) for r in rows if r["task"] == task and r["method"] == m) for m in (HYBRID, BLIND)}
            solved = {m: right(rows, task=task, method=m) for m in spent}
            if all(solved.values()):
                ratios.append(spent[HYBRID] / solved[HYBRID] / (spent[BLIND] / solved[BLIND]))
        assert float(said["values"][f"synthesis_blind_{name}"]) == pytest.approx(sorted_middle(ratios), rel=tolerance)


def sorted_middle(values: list[float]) -> float:
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2
