"""The temperature at which the soft machine first sums an array wrong, and what was predicted before."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from figures import style


def draw(results: Results) -> Figure:
    """A panel a relaxation: lines of the measured temperature by program, and of the predicted one, dotted."""
    sums = results.fullest("soft_memory").table("soft_memory", "sums")
    relaxations, programs = list(sums["relaxation"].unique()), list(sums["program"].unique())
    figure, panels = plt.subplots(1, len(relaxations), figsize=(style.COLUMN_IN, 2.4), squeeze=False)
    for axes, relaxation in zip(panels[0], relaxations, strict=True):
        for name, look in style.methods(programs).items():
            own = sums[(sums["relaxation"] == relaxation) & (sums["program"] == name)]
            if own.empty:
                continue
            axes.plot(own["memory_bytes"], own["wrong"], **look)
            dotted = {"color": look["color"], "linestyle": ":", "linewidth": 1, "label": "predicted"}
            axes.plot(own["memory_bytes"], own["predicted"], **dotted)
        axes.set_xscale("log", base=2)
        axes.set(xlabel="memory (bytes)", title=relaxation, ylim=(0, None))
    panels[0, 0].set_ylabel("temperature of the first wrong sum")
    style.legend(figure, columns=2)
    return figure
