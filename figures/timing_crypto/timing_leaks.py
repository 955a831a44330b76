"""The dudect test on the native build: the statistic against the number of measurements, and its two thresholds."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from experiments.timing_crypto.clocks.dudect import LEAK, SUSPICIOUS
from figures import style


def draw(results: Results) -> Figure:
    """Largest |t| over croppings and orders, one line a condition, the median over seeds with the range."""
    dudect = results.table("timing_crypto", "dudect")
    native = dudect[dudect["machine"] == "native"]
    points = native.groupby(["condition", "measurements"], sort=False)["max_t"].agg(["median", "min", "max"]).reset_index()
    figure, axes = plt.subplots(figsize=(style.COLUMN_IN, 2.5))
    known = list(native["condition"].drop_duplicates())
    for name, look in style.looks(known, known).items():
        own = points[points["condition"] == name]
        axes.plot(own["measurements"], own["median"], **look)
        axes.fill_between(own["measurements"], own["min"], own["max"], color=look["color"], alpha=0.2, linewidth=0)
    for level, text in ((SUSPICIOUS, "suspicious"), (LEAK, "leak")):
        axes.axhline(level, color=style.INK, linewidth=0.8, linestyle=(0, (1, 2)))
        axes.annotate(text, (0.01, level), xycoords=("axes fraction", "data"), va="bottom", fontsize=6.5)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("measurements")
    axes.set_ylabel("largest |t|")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure
