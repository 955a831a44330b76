"""What operations save in families of programs, where these had a part in their selection and where not."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from figures import style


def draw(results: Results) -> Figure:
    """A row a family: the best operations for it, and those selected elsewhere."""
    found = results.fullest("isa_discovery").table("isa_discovery", "generalisation")
    families, kinds = list(found["family"].unique()), list(found["trained_on"].unique())
    figure, axes = plt.subplots(figsize=(style.COLUMN_IN, 0.17 * len(families) + 1.0))
    own = found.groupby("family", sort=False)["own_optimum_percent"].first()
    axes.barh(range(len(families)), own[families], color=style.PALE, edgecolor=style.INK, linewidth=0.5, label="selected on it")
    for kind, look in style.looks(kinds, kinds).items():
        rows = found[found["trained_on"] == kind].set_index("family")["reduction_percent"].reindex(families)
        axes.plot(rows, range(len(families)), **{**look, "linestyle": "none"})
    programs = results.fullest("isa_discovery").table("isa_discovery", "programs")
    held_out = set(programs.loc[programs["held_out"], "family"])
    axes.set_yticks(range(len(families)), [f"{f}, held out" if f in held_out else f for f in families])
    axes.invert_yaxis()
    axes.set_xlabel("executed instructions fewer, mean over programs (%)")
    style.legend(figure, columns=1)
    return figure
