"""Which method finds which program: how many runs of how many succeed, tasks by the length of their shortest solution."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from experiments.synthesis import statistics
from figures import style

_DARK = 0.55
_SIDE_BY_SIDE = 9
"""Names of methods that fit beside one another."""


def draw(results: Results) -> Figure:
    """One cell a task and method: shade is the share of runs that succeed, the text successes of runs."""
    runs = results.fullest("synthesis").table("synthesis", "runs")
    tasks, methods = statistics.tasks(runs), statistics.methods(runs)
    cells = statistics.tally(runs).set_index(["task", "method"])
    rate = cells["rate"].unstack().reindex(index=tasks, columns=methods).to_numpy(float)
    figure, axes = plt.subplots(figsize=(style.PAGE_IN, max(0.16 * len(tasks) + 1.2, 2.2)))
    image = axes.imshow(rate, vmin=0, vmax=1, cmap="Greys", aspect="auto")
    for i, task in enumerate(tasks):
        for j, method in enumerate(methods):
            _write(axes, j, i, cells.loc[(task, method)] if (task, method) in cells.index else None)
    shortest = runs.drop_duplicates("task").set_index("task")["shortest"]
    look = {"rotation": 90, "fontsize": 5} if len(methods) > _SIDE_BY_SIDE else {}
    axes.set_xticks(range(len(methods)), [m.replace("_", "\n") for m in methods], **look)
    axes.set_yticks(range(len(tasks)), [f"{t.replace('_', ' ')} ({shortest[t]})" for t in tasks])
    axes.set_xlabel("method")
    axes.set_ylabel("task (length of the shortest)")
    axes.grid(visible=False)
    figure.colorbar(image, ax=axes, label="share of runs that succeed", fraction=0.03, pad=0.01)
    return figure


def _write(axes, column: int, row: int, cell) -> None:
    """Successes of runs; a dash where the method was not run on the task."""
    text = "–" if cell is None else f"{cell['right']:.0f}/{cell['runs']:.0f}"
    dark = cell is not None and not np.isnan(cell["rate"]) and cell["rate"] > _DARK
    axes.text(column, row, text, ha="center", va="center", fontsize=6, color="white" if dark else style.INK)
