"""Instructions per second against the number of instances that run at once, per machine."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from experiments.harness.tables import Results
from figures import style


def draw(results: Results) -> Figure:
    """Log-log lines with intervals, the median over the benchmark's programs."""
    throughput = results.table("benchmarks", "throughput").rename(columns={"instructions_per_s": "median"})
    points = throughput.groupby(["backend", "batch"], as_index=False)[["median", "low", "high"]].median()
    figure, axes = plt.subplots(figsize=(style.COLUMN_IN, 2.5))
    for machine, look in style.machines(points["backend"]).items():
        style.band(axes, points[points["backend"] == machine], "batch", look)
    axes.set_xscale("log", base=2)
    axes.set(xlabel="instances in the batch", yscale="log", ylabel="instructions per second, all instances")
    batches = sorted(points["batch"].unique())
    axes.set_xticks(batches, [f"{b:,}" for b in batches])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(EngFormatter())
    style.legend(figure, columns=2)
    return figure
