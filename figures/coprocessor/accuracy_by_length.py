"""Right answers by the length of the operands, by arm; operands of up to six digits are in training."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from figures import style
from figures.coprocessor import shown

TRAINED = 6


def draw(results: Results) -> Figure:
    """Lines of the mean over operations and seeds, for problems in signs; the smallest model."""
    accuracy = results.fullest("coprocessor").table("coprocessor", "accuracy")
    own = shown(accuracy[accuracy["form"] == "signs"])
    arms = list(own["arm"].unique())
    figure, axes = plt.subplots(figsize=(style.COLUMN_IN, 3.1))
    sums = own.groupby(["arm", "length"])[["right", "problems"]].sum()
    for arm, look in style.methods(arms).items():
        some = sums.loc[arm]
        axes.plot(some.index, 100 * some["right"] / some["problems"], **look)
    axes.axvline(TRAINED + 0.5, color=style.INK, linewidth=0.6, linestyle=":")
    axes.set(xlabel="digits of both operands (left of the line: in training)", ylabel="answers right (%)", ylim=(-3, 103))
    style.legend(figure, columns=2)
    return figure
