"""What a descent does: loss and temperature against executions, and the moment from which the program stays as it is."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from experiments.synthesis import statistics
from figures import style

_SHOWN = 4


def draw(results: Results) -> Figure:
    """A column a run, the longest trace of each of the first methods: above, the loss of the soft program and wrong
    bits of the program read off; below, the temperature. The upright line is where the program read off has settled."""
    traces = results.fullest("synthesis").table("synthesis", "traces")
    chosen = _chosen(traces)
    figure, panels = plt.subplots(
        2, len(chosen), sharex="col", squeeze=False, figsize=(style.PAGE_IN, 2.9), height_ratios=(2, 1)
    )
    for column, (name, trace) in zip(panels.T, chosen.items(), strict=True):
        _column(column, trace.sort_values("evaluations", kind="stable"))
        column[0].set_title(name, fontsize=7)
        column[1].set_xlabel("executions")
    panels[0][0].set_ylabel("bits per example")
    panels[1][0].set_ylabel("temperature")
    style.legend(figure, columns=3)
    return figure


def _chosen(traces: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The longest trace of each method, of at most `_SHOWN` methods, by title."""
    found: dict[str, tuple[str, pd.DataFrame]] = {}
    runs = traces.groupby(["method", "task", "seed"], sort=False)
    for (method, task, seed), own in sorted(runs, key=lambda run: -len(run[1])):
        found.setdefault(method, (f"{method.replace('_', ' ')},\n{task.replace('_', ' ')}, seed {seed}", own))
    return dict([*found.values()][:_SHOWN])


def _column(panels: list[Axes], trace: pd.DataFrame) -> None:
    for column, label, look in (
        ("loss", "loss of the soft program", style.looks("ab", "a")["a"]),
        ("wrong_bits", "program read off", style.looks("ab", "b")["b"]),
    ):
        panels[0].plot(trace["evaluations"], trace[column], **{**look, "marker": "", "label": label})
    panels[1].plot(trace["evaluations"], trace["temperature"], color=style.INK)
    panels[0].set_ylim(bottom=0)
    for axes in panels:
        axes.axvline(
            statistics.converged(trace), color=style.INK, linewidth=0.8, linestyle=(0, (1, 2)),
            label="settled" if axes is panels[0] else None,
        )  # fmt: skip
        axes.ticklabel_format(axis="x", style="sci", scilimits=(-3, 4))
