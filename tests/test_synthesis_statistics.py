"""What runs add up to: shares, intervals and costs, against their definitions."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.synthesis import statistics

RUN = st.tuples(
    st.sampled_from(["add", "max"]), st.sampled_from(["mcmc", "smt"]), st.booleans(), st.integers(1, 10**9),
)  # fmt: skip


@given(st.lists(RUN, min_size=1, max_size=30))
def test_failures_are_charged(rows):
    runs = pd.DataFrame(rows, columns=["task", "method", "right", "evaluations"]).assign(wall_s=1.0)
    found = statistics.tally(runs)
    assert found["spent"].sum() == runs["evaluations"].sum()
    assert (found["low"] <= found["rate"]).all() and (found["rate"] <= found["high"]).all()
    for row in found.itertuples():
        own = runs[(runs["task"] == row.task) & (runs["method"] == row.method)]
        assert (row.runs, row.right) == (len(own), own["right"].sum())
        wanted = own["evaluations"].sum() / own["right"].sum() if own["right"].any() else np.inf
        assert row.to_solution == pytest.approx(wanted)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_nothing_changes_after_the_moment_and_something_at_it(bits):
    trace = pd.DataFrame({"evaluations": np.arange(1, len(bits) + 1) * 10, "wrong_bits": bits})
    moment = statistics.converged(trace)
    place = int(moment) // 10 - 1
    assert len(set(bits[place:])) == 1
    assert place == 0 or bits[place - 1] != bits[place]
    assert statistics.converged(trace.sample(frac=1, random_state=0)) == moment


def test_orders():
    runs = pd.DataFrame(
        [("max", "elementary", 5, "mcmc", "discrete"), ("abs", "elementary", 3, "hybrid", "hybrid"),
         ("increment", "control", 1, "annealed", "gradient"), ("add", "elementary", 1, "mcmc", "discrete")],
        columns=["task", "group", "shortest", "method", "family"],
    )  # fmt: skip
    assert statistics.tasks(runs) == ["add", "increment", "abs", "max"]
    assert statistics.methods(runs) == ["annealed", "hybrid", "mcmc"]
    assert statistics.longer_half(runs) == ["max", "abs"]


def test_pairs_are_of_the_same_task_and_seed():
    rows = [
        ("add", m, seed, right)
        for m, seeds in (("one", [1, 1, 1, 0]), ("other", [1, 0, 0, 1]))
        for seed, right in enumerate(seeds)
    ]
    rows += [("max", m, seed, seed % 2) for m in ("one", "other") for seed in range(4)] + [("abs", "one", 0, 1)]
    runs = pd.DataFrame(rows, columns=["task", "method", "seed", "right"]).astype({"right": bool})
    found = statistics.paired(runs, "one", "other")
    assert (found.tasks, found.runs, found.right, found.other_right) == (2, 8, 5, 4)
    assert (found.only_one, found.only_other) == (2, 1)
    assert found.points == pytest.approx(12.5)
    assert (found.low, found.high) == (0, 25)  # of two tasks drawn again, one may be drawn twice
    assert found.p == 1
    assert statistics.paired(runs, "one", "nobody") is None
