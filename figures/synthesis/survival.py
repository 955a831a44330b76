"""How much of the suite each method has solved after so many executions, and after so many seconds."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from experiments.synthesis import statistics
from figures import style

_COSTS = {"evaluations": "executions (program × example × step)", "wall_s": "wall time (s)"}
_LEAST = {"evaluations": 1.0, "wall_s": 1e-3}
"""Where a logarithmic axis begins, at least."""


def draw(results: Results) -> Figure:
    """Two panels: the share of all tasks and seeds that a method has solved, against what its runs have spent. What it was not
    run on counts as not solved; the number of tasks that it was run on stands behind its name."""
    runs = results.fullest("synthesis").table("synthesis", "runs")
    pairs = len(runs[["task", "seed"]].drop_duplicates())
    figure, panels = plt.subplots(1, len(_COSTS), sharey=True, figsize=(style.PAGE_IN, 2.8))
    for axes, (column, label) in zip(panels, _COSTS.items(), strict=True):
        costs = runs[column].clip(lower=_LEAST[column])
        for method, look in style.methods(statistics.methods(runs)).items():
            own = runs[runs["method"] == method]
            look |= {"markersize": 3.5, "label": f"{look['label']} ({own['task'].nunique()})"}
            x = np.concatenate([[costs.min() / 2], np.sort(costs[own.index][own["right"]]), [costs.max()]])
            y = np.arange(len(x) - 1) / pairs
            axes.step(x, np.append(y, y[-1]), where="post", **look, markevery=max(1, len(x) // 6))
        axes.set(xscale="log", xlabel=label)
    panels[0].set(ylim=(-0.03, 1.03), ylabel="share of (task, seed) solved")
    style.legend(figure, columns=4, fontsize=6.5)
    return figure
