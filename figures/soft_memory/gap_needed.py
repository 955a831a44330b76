"""The gap between scores that a soft read needs, against the size of memory, by the way to address."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from figures import style


def draw(results: Results) -> Figure:
    """A line an addressing: the scaled gap at which a thousandth of a read is wrong."""
    needed = results.fullest("soft_memory").table("soft_memory", "needed")
    figure, axes = plt.subplots(figsize=(style.COLUMN_IN, 2.4))
    for name, look in style.methods(list(needed["addressing"].unique())).items():
        own = needed[needed["addressing"] == name]
        axes.plot(own["cells"], own["delta"], **look)
    axes.set_xscale("log", base=2)
    axes.set(xlabel="cells of memory", ylabel="gap over temperature", ylim=(0, None))
    style.legend(figure, columns=3)
    return figure
