"""What the pointers look at where an answer begins, drawn over two prompts."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from figures import style


def draw(results: Results) -> Figure:
    """The weights of both pointers at each character, of the arm `pointer` and its first seed."""
    found = results.fullest("coprocessor").table("coprocessor", "pointers")
    found = found[(found["arm"] == "pointer") & (found["width"] == found["width"].min())]
    found = found[found["seed"] == found["seed"].min()]
    figure, all_axes = plt.subplots(2, 1, figsize=(style.PAGE_IN, 2.4))
    for (_, prompt), axes in zip(found.groupby("prompt"), all_axes, strict=True):
        for name, look in style.looks(("a", "b"), ("a", "b")).items():
            shift = -0.2 if name == "a" else 0.2
            axes.bar(prompt["position"] + shift, prompt[name], 0.4, color=look["color"], label=f"pointer {name}")
        axes.set_xticks(prompt["position"], [str(t).replace("_", " ") for t in prompt["token"]], fontfamily="monospace")
        axes.set(ylim=(0, 1.05), ylabel="weight")
    all_axes[-1].set_xlabel("character of the prompt")
    style.legend(figure, columns=2)
    return figure
