"""How far every trained component stays from an error, over its whole input domain."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from figures import style

_TICKS = (0.1, 0.2, 0.5, 1, 2, 5)


def draw(results: Results) -> Figure:
    """One row a component: the smallest distance of any output from the threshold, and of any weight from unsaturation."""
    components = results.table("alu_verification", "components")
    rows = range(len(components))
    figure, axes = plt.subplots(figsize=(style.COLUMN_IN, 0.145 * len(components) + 0.9))
    for column, fill, label in (
        ("smallest_margin", style.INK, "output, from the threshold"),
        ("weight_margin", "white", "weight, past its saturation"),
    ):
        axes.plot(components[column], rows, "o", color=style.INK, markerfacecolor=fill, label=label)
    names = zip(components["component"], components["rows"], strict=True)
    axes.set_yticks(rows, [f"{name.replace('_', ' ')} ({n:,})" for name, n in names])
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="smallest distance (in brackets: inputs)")
    axes.set_xticks(_TICKS, [f"{t:g}" for t in _TICKS])
    axes.set_xlim(min(_TICKS[0], components["weight_margin"].min() / 1.2))
    axes.minorticks_off()
    axes.grid(visible=True, axis="y", color=style.PALE)
    style.legend(figure, columns=2)
    return figure
