"""Instructions saved by a number of added operations, by the method that chooses them."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from figures import style


def draw(results: Results) -> Figure:
    """Lines of the medians over seeds, bands of their range; each program counts alike."""
    rows = results.fullest("isa_discovery").table("isa_discovery", "selections").query("alike == 'program'")
    points = rows.groupby(["method", "count"], sort=False)["mean_percent"].agg(median="median", low="min", high="max")
    points = points.reset_index().query("method != 'second_solver'")  # the same as exact
    figure, axes = plt.subplots(figsize=(style.COLUMN_IN, 2.4))
    for method, look in style.methods(points["method"].unique()).items():
        style.band(axes, points[points["method"] == method], "count", look)
    axes.set(xlabel="operations added, at most", ylabel="executed instructions fewer (%)", ylim=(0, None))
    style.legend(figure, columns=2)
    return figure
