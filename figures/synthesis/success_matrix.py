"""Which method finds which program: how many runs of how many succeed, tasks by the length of their shortest solution."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from experiments.synthesis import statistics
from figures import style

_SIDE_BY_SIDE = 9
"""Names of methods that fit beside one another."""


def draw(results: Results) -> Figure:
    """One cell a task and method: shade is the share of runs that succeed, the text successes of runs, if any."""
    runs = results.fullest("synthesis").table("synthesis", "runs")
    tasks, methods = statistics.tasks(runs), statistics.methods(runs)
    cells = statistics.tally(runs).set_index(["task", "method"])
    cells["text"] = cells["right"].astype(str) + "/" + cells["runs"].astype(str)
    rate, texts = (cells[c].unstack().reindex(index=tasks, columns=methods) for c in ("rate", "text"))
    figure, axes = plt.subplots(figsize=(style.PAGE_IN, max(0.16 * len(tasks) + 1.2, 2.2)))
    image = axes.imshow(rate, vmin=0, vmax=1, cmap="Greys", aspect="auto")
    style.cells(axes, rate.to_numpy(float), texts.fillna("–").to_numpy(str))
    shortest = runs.drop_duplicates("task").set_index("task")["shortest"]
    look = {"rotation": 90, "fontsize": 5} if len(methods) > _SIDE_BY_SIDE else {}
    axes.set_xticks(range(len(methods)), [m.replace("_", "\n") for m in methods], **look)
    axes.set_yticks(range(len(tasks)), [f"{t.replace('_', ' ')} ({shortest[t]})" for t in tasks])
    axes.set(xlabel="method", ylabel="task (length of the shortest)")
    figure.colorbar(image, ax=axes, label="share of runs that succeed", fraction=0.03, pad=0.01)
    return figure
