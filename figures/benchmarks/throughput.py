"""Instructions per second against the number of instances that run at once, per machine."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from experiments.harness.tables import HARDWARE, Results
from figures import style

_LONG = 20
"""Letters of a name that leaves no room for another beside it."""


def draw(results: Results) -> Figure:
    """Log-log lines with intervals, the median over the benchmark's programs; also on other hardware, where that was timed."""
    points = _points(results.table("benchmarks", "throughput"))
    for other in results.beside(HARDWARE):
        facts = other.provenance("benchmarks")
        for name, alone in (("throughput", ""), ("kernel", ", kernel")):
            if name in facts["tables"]:
                there = other.table("benchmarks", name)
                where = f", {facts['machine']['gpu'] or facts['machine']['cpu']}{alone}"
                points = pd.concat([points, _points(there.assign(backend=there["backend"] + where))])
    columns = 1 if max(map(len, points["backend"])) > _LONG else 2
    figure, axes = plt.subplots(figsize=(style.COLUMN_IN, 2.5 if columns == 2 else 3.2))
    for machine, look in style.machines(points["backend"]).items():
        style.band(axes, points[points["backend"] == machine], "batch", look)
    axes.set_xscale("log", base=2)
    axes.set(xlabel="instances in the batch", yscale="log", ylabel="instructions per second, all instances")
    batches = [b for b in (1, 1 << 5, 1 << 10, 1 << 20) if b <= points["batch"].max()]
    axes.set_xticks(batches, [f"{b:,}" for b in batches])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(EngFormatter())
    style.legend(figure, columns=columns)
    return figure


def _points(throughput: pd.DataFrame) -> pd.DataFrame:
    found = throughput.rename(columns={"instructions_per_s": "median"})
    return found.groupby(["backend", "batch"], as_index=False)[["median", "low", "high"]].median()
