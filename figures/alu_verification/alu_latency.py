"""How long each arithmetic operation takes on each machine: alone, and as one of a large batch.

nCPU (Price 2026) claims that multiplication is twelve times faster than addition in a neural computer; the two panels show
where that holds.
"""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from figures import style


def draw(results: Results) -> Figure:
    """Two panels that share their rows, one row an operation; seconds per operation, median and interval."""
    latency = results.table("alu_verification", "latency")
    operations = list(latency["operation"].drop_duplicates())
    batches = (latency["batch"].min(), latency["batch"].max())
    figure, panels = plt.subplots(1, 2, sharey=True, figsize=(style.PAGE_IN, 0.17 * len(operations) + 0.9))
    for axes, batch in zip(panels, batches, strict=True):
        _panel(axes, latency[latency["batch"] == batch], operations, int(batch))
    panels[0].set_yticks(range(len(operations)), operations)
    panels[0].invert_yaxis()
    style.legend(figure, columns=latency["backend"].nunique())
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, operations: list[str], batch: int) -> None:
    for machine, look in style.machines(rows["backend"]).items():
        own = rows[rows["backend"] == machine].set_index("operation").reindex(operations)
        time_s, low, high = (own[c] / batch for c in ("median_s", "low_s", "high_s"))
        axes.errorbar(
            time_s, range(len(operations)), xerr=[time_s - low, high - time_s],
            **{**look, "linestyle": "none"}, elinewidth=0.7, capsize=1.5,
        )  # fmt: skip
    title = "one operation at a time" if batch == 1 else f"one of {batch:,} at once"
    axes.set(xscale="log", xlabel="time per operation (s)", title=title)
    axes.grid(visible=True, axis="y", color=style.PALE)
