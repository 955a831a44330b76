"""Right answers by the size of the model, to problems longer than those in training."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from figures import style

ARMS = ("fine_tuned", "pointer", "pointer_others")
TRAINED = 6


def draw(results: Results) -> Figure:
    """Lines of the mean over operations, lengths and seeds; the range of the seeds."""
    accuracy = results.fullest("coprocessor").table("coprocessor", "accuracy")
    own = accuracy[(accuracy["form"] == "signs") & (accuracy["length"] > TRAINED) & accuracy["arm"].isin(ARMS)]
    sums = own.groupby(["arm", "width", "depth", "seed"])[["right", "problems"]].sum()
    percent = (100 * sums["right"] / sums["problems"]).groupby(["arm", "width", "depth"]).agg(["mean", "min", "max"])
    sizes = sorted(set(percent.index.droplevel("arm")))
    figure, axes = plt.subplots(figsize=(style.COLUMN_IN, 2.4))
    for arm, look in style.methods(ARMS).items():
        some = percent.loc[arm]
        at = [sizes.index(size) for size in some.index]
        axes.errorbar(at, some["mean"], yerr=[some["mean"] - some["min"], some["max"] - some["mean"]], capsize=2, **look)
    axes.set_xticks(range(len(sizes)), [f"{width} wide,\n{depth} blocks" for width, depth in sizes])
    axes.set(xlabel="size of the model", ylabel="answers right (%)", ylim=(-3, 103), xlim=(-0.5, len(sizes) - 0.5))
    style.legend(figure, columns=3)
    return figure
