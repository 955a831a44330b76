"""How far every trained component stays from its threshold, over its whole input domain."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments.tables import Results
from figures import style


def draw(results: Results) -> Figure:
    """One row a component: the smallest distance of any output from the threshold, beside the number of inputs."""
    components = results.table("alu_verification", "components").sort_values("smallest_margin", kind="stable")
    rows = range(len(components))
    figure, axes = plt.subplots(figsize=(style.COLUMN_IN, 0.2 * len(components) + 0.7))
    axes.hlines(rows, 0, components["smallest_margin"], color=style.INK, linewidth=0.8)
    exact = (components["mismatches"] == 0).tolist()
    for wanted, marker, fill in ((True, "o", style.INK), (False, "X", "white")):
        where = [i for i in rows if exact[i] is wanted]
        axes.plot(components["smallest_margin"].iloc[where], where, marker, color=style.INK, markerfacecolor=fill)
    names = zip(components["component"], components["rows"], strict=True)
    axes.set_yticks(rows, [f"{name.replace('_', ' ')} ({n:,})" for name, n in names])
    axes.set_xlim(left=0)
    axes.set_xlabel("smallest distance from the threshold (number of inputs)")
    axes.grid(visible=False, axis="y")
    return figure
