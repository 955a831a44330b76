"""How often each method finds a best set of operations, and how much more than the best the others cost."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from scipy.stats import binomtest

from experiments.harness.tables import Results
from figures import style

_FILLS = {"exact": style.INK, "gradient": "#0072B2", "discrete": "#E69F00", "control": "white"}


def draw(results: Results) -> Figure:
    """A row a method, a column of panels a case: share of seeds with its Wilson interval, and median regret."""
    found = results.fullest("isa_discovery").table("isa_discovery", "entrants").query("usual")
    cases, methods = list(found["case"].unique()), list(found["method"].unique())
    size = (style.PAGE_IN, 0.16 * len(methods) + 0.9)
    figure, panels = plt.subplots(1, 2 * len(cases), sharey=True, figsize=size, squeeze=False)
    for k, case in enumerate(cases):
        own = found[found["case"] == case]
        for row, method in enumerate(methods):
            _point(panels[0, 2 * k : 2 * k + 2], row, own[own["method"] == method])
        panels[0, 2 * k].set(xlim=(-0.05, 1.05), xlabel="share with\nan optimum", title=case.replace("_", " "))
        panels[0, 2 * k + 1].set(xlabel="median\nregret (%)", title=case.replace("_", " "))
    panels[0, 0].set_yticks(range(len(methods)), [method.replace("_", " ") for method in methods])
    panels[0, 0].invert_yaxis()
    return figure


def _point(panels, row: int, runs: pd.DataFrame) -> None:
    if runs.empty:
        return
    look = {"marker": "o", "markerfacecolor": _FILLS[runs["family"].iloc[0]], "color": style.INK, "linewidth": 0.7}
    share, interval = runs["hit"].mean(), binomtest(int(runs["hit"].sum()), len(runs)).proportion_ci(method="wilson")
    bounds = [[share - interval.low], [interval.high - share]] if len(runs) > 1 else None  # one run has no chance in it
    panels[0].errorbar(share, row, xerr=bounds, **look)
    panels[1].plot(runs["regret_percent"].median(), row, **look)
