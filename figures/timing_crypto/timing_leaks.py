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
    largest = native.groupby(["condition", "measurements"], sort=False)["max_t"]
    points = largest.agg(median="median", low="min", high="max").reset_index()
    figure, axes = plt.subplots(figsize=(style.COLUMN_IN, 2.5))
    known = list(native["condition"].drop_duplicates())
    for name, look in style.looks(known, known).items():
        style.band(axes, points[points["condition"] == name], "measurements", look)
    for level, text in ((SUSPICIOUS, "suspicious"), (LEAK, "leak")):
        axes.axhline(level, color=style.INK, linewidth=0.8, linestyle=(0, (1, 2)))
        axes.annotate(text, (0.01, level), xycoords=("axes fraction", "data"), va="bottom", fontsize=6.5)
    axes.set(xscale="log", yscale="log", xlabel="measurements", ylabel="largest |t|")
    style.legend(figure, columns=2)
    return figure
