"""What a solution costs against how long the program must be, failures and restarts charged."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from experiments.synthesis import statistics
from figures import style

_SPREAD = 0.5
"""Instructions over which the points of one length are spread, so that methods do not hide one another."""


def draw(results: Results) -> Figure:
    """Two panels, straight-line tasks and loops: all executions over all solutions of the tasks of one length, a line a method.
    An open arrow is what was spent where nothing was found: a solution costs more."""
    runs = results.fullest("synthesis").table("synthesis", "runs")
    loops = runs["group"] == statistics.LOOPS
    figure, panels = plt.subplots(1, 2, sharey=True, figsize=(style.PAGE_IN, 3.0), squeeze=False)
    for axes, own, title in zip(panels[0], (runs[~loops], runs[loops]), ("straight-line tasks", "loops"), strict=True):
        _panel(axes, own, style.methods(statistics.methods(runs)))
        axes.set(title=title, yscale="log", xlabel="instructions of the shortest known solution")
    panels[0][0].set_ylabel("executions to a solution")
    style.legend(figure, columns=5)
    return figure


def _panel(axes: Axes, runs: pd.DataFrame, looks: dict[str, dict]) -> None:
    costs = statistics.tally(runs, ("method", "shortest")).sort_values("shortest")
    met = {method: look for method, look in looks.items() if method in set(costs["method"])}
    for place, (method, look) in enumerate(met.items()):
        own = costs[costs["method"] == method]
        x = own["shortest"] + _SPREAD * ((place + 0.5) / len(met) - 0.5)
        axes.plot(x, own["to_solution"].replace(np.inf, np.nan).clip(lower=1), **look)
        none = own["right"] == 0
        axes.plot(x[none], own["spent"][none].clip(lower=1), "^", color=look["color"], markerfacecolor="none")
    axes.set_xticks(sorted(runs["shortest"].unique()))
