"""Instructions saved against the gates of the arithmetic unit: operations selected within areas, beside ratified extensions."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from figures import style


def draw(results: Results) -> Figure:
    """A line through the selected points; the ratified ones with their names."""
    points = results.fullest("isa_discovery").table("isa_discovery", "front")
    figure, axes = plt.subplots(figsize=(style.COLUMN_IN, 2.4))
    kinds = ("selected", "ratified", "base")
    for kind, look in style.looks(kinds, kinds).items():
        own = points[points["kind"] == kind].sort_values("unit_gates")
        axes.plot(own["unit_gates"], own["mean_percent"], **{**look, "linestyle": "-" if kind == "selected" else "none"})
        for row in own.itertuples() if kind == "ratified" else ():
            axes.annotate(row.point, (row.unit_gates, row.mean_percent), (3, 3), textcoords="offset points", fontsize=6)
    axes.set(xlabel="arithmetic unit of RV32E with them (NAND2 equivalents)", ylabel="executed instructions fewer (%)")
    style.legend(figure, columns=3)
    return figure
