"""Success against the temperature schedule: falling temperatures, and fixed ones as the control."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from experiments.synthesis import statistics
from figures import style

_KEYS = ("schedule", "first_temperature", "last_temperature")


def draw(results: Results) -> Figure:
    """One row a schedule: the share of runs that succeed over all its tasks and seeds, with the Wilson interval of 95 %.
    Filled marks fall, open ones stay."""
    schedules = results.fullest("synthesis").table("synthesis", "schedules")
    found = statistics.tally(schedules, _KEYS)
    found["fixed"] = found["first_temperature"] == found["last_temperature"]
    found = found.sort_values(["fixed", "first_temperature", "last_temperature"], kind="stable").reset_index(drop=True)
    figure, axes = plt.subplots(figsize=(style.COLUMN_IN, 0.2 * len(found) + 0.9))
    for fixed, own in found.groupby("fixed"):
        colour = style.machines(["reference"])["reference"]["color"]
        axes.errorbar(
            own["rate"], own.index, xerr=[own["rate"] - own["low"], own["high"] - own["rate"]], fmt="s" if fixed else "o",
            color=style.INK if fixed else colour, markerfacecolor="none" if fixed else colour, elinewidth=0.9, capsize=2,
            label="fixed (control)" if fixed else "falling",
        )  # fmt: skip
    axes.set_yticks(found.index, [f"{r.schedule} ({r.right}/{r.runs})" for r in found.itertuples()])
    axes.invert_yaxis()
    axes.set(xlim=(-0.03, 1.03), xlabel="share of runs that succeed", ylabel="schedule (successes of runs)")
    style.legend(figure, columns=2)
    return figure
