"""Successes of searches, and the shortest programs that were found."""

import pandas as pd

from experiments.harness.tables import Results
from experiments.synthesis import statistics

_SHOWN = ["task", "method", "seed", "length", "proof", "evaluations", "program"]


def tables(results: Results) -> dict[str, pd.DataFrame]:
    """A search that fails is charged all that it spent: `to_solution` is all executions over all solutions."""
    runs = results.table("synthesis", "runs")
    right = runs[runs["right"]].sort_values(["task", "length"], kind="stable")
    return {
        "successes of runs, and the Wilson interval of their share": statistics.tally(runs),
        "the shortest program that each method found for each task": right.drop_duplicates(["task", "method"])[_SHOWN],
    }
