"""Cost beyond the best set of operations against executions spent, by method: medians over seeds, on the largest case."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from figures import style

_POINTS = 60
_SHOWN = ("gradient", "discrete")


def draw(results: Results) -> Figure:
    found = results.fullest("isa_discovery").table("isa_discovery", "entrants").query("usual")
    found = found[(found["case"] == found["case"].iloc[-1]) & found["family"].isin(_SHOWN)]
    at = np.geomspace(found["budget"].max() / 1e3, found["budget"].max(), _POINTS)
    figure, axes = plt.subplots(figsize=(style.COLUMN_IN, 2.6))
    for method, look in style.methods(found["method"].unique()).items():
        runs = found[found["method"] == method]
        regrets = np.array([_regret(run, at) for run in runs.itertuples()])
        axes.plot(at, np.median(regrets, axis=0), **{**look, "marker": ""})
    axes.set(xscale="log", yscale="symlog", xlabel="executions", ylabel="cost beyond the least (%)", ylim=(0, None))
    axes.set_title(str(found["case"].iloc[0]).replace("_", " "))
    style.legend(figure, columns=2)
    return figure


def _regret(run, at: np.ndarray) -> np.ndarray:
    """Of the best set known after so many executions; infinite before the first."""
    pairs = [pair.split(":") for pair in str(run.history).split()] if pd.notna(run.history) else []
    spent = np.array([float(executions) for executions, _ in pairs])
    costs = np.array([np.inf, *(float(cost) for _, cost in pairs)])
    return 100 * (costs[np.searchsorted(spent, at, side="right")] / run.best - 1)
