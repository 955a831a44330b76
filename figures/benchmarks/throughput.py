"""Instructions per second against the number of instances that run at once, per machine."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from experiments.harness.tables import Results
from figures import style


def draw(results: Results) -> Figure:
    """Log-log lines with intervals, the median over the benchmark's programs."""
    columns = ["instructions_per_s", "low", "high"]
    throughput = results.table("benchmarks", "throughput")
    points = throughput.groupby(["backend", "batch"], as_index=False)[columns].median()
    figure, axes = plt.subplots(figsize=(style.COLUMN_IN, 2.5))
    for machine, look in style.machines(points["backend"]).items():
        own = points[points["backend"] == machine].sort_values("batch")
        axes.plot(own["batch"], own["instructions_per_s"], **look)
        axes.fill_between(own["batch"], own["low"], own["high"], color=look["color"], alpha=0.2, linewidth=0)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    batches = sorted(points["batch"].unique())
    axes.set_xticks(batches, [f"{b:,}" for b in batches])
    axes.minorticks_off()
    axes.set_xlabel("instances in the batch")
    axes.set_ylabel("instructions per second, all instances")
    axes.yaxis.set_major_formatter(FuncFormatter(_engineering))
    figure.legend(loc="outside upper center", ncols=2)
    return figure


def _engineering(value: float, _: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g} {letter}"
    return f"{value:g}"
