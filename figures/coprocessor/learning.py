"""The loss on answers in training, by arm."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from figures import style
from figures.coprocessor import shown


def draw(results: Results) -> Figure:
    """Lines of the mean over seeds, bands of their range; the smallest model."""
    curves = shown(results.fullest("coprocessor").table("coprocessor", "curves"))
    figure, axes = plt.subplots(figsize=(style.COLUMN_IN, 3.0))
    for arm, look in style.methods(list(curves["arm"].unique())).items():
        found = curves[curves["arm"] == arm].groupby("step")["loss"].agg(["mean", "min", "max"])
        axes.plot(found.index, found["mean"], **{**look, "markevery": max(1, len(found) // 8)})
        axes.fill_between(found.index, found["min"], found["max"], color=look["color"], alpha=0.2, linewidth=0)
    axes.set(xlabel="steps of training", ylabel="loss (nats a symbol)", yscale="log")
    style.legend(figure, columns=2)
    return figure
