"""The house on one picture: a program, one interface, the machines, and the way to a checked claim."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from experiments.harness.tables import Results
from figures import style

_MACHINES = (
    ("reference", "plain NumPy:\nthe executable\nspecification"),
    ("jax_tensor", "every choice a\nsoftmax; exact at\ntemperature 0"),
    ("torch_neural", "arithmetic by\ntrained networks,\ncertified"),
    ("gpu_compute", "one compiled step,\nCPU cores and CUDA,\none thread each"),
    ("llvm_native", "hot functions\ntranslated by LLVM\nfor the processor"),
)
_STATIONS = ("experiments", "results\n(csv + provenance)", "figures", "paper, report", "claims, judged")


def draw(results: Results) -> Figure:
    """The diagram of the README; it shows no measurement and reads no table."""
    figure, axes = plt.subplots(figsize=(style.PAGE_IN, 3.5))
    axes.set(xlim=(0, 100), ylim=(0, 50))
    axes.axis("off")
    _box(axes, 2, 40, 20, 8, "program", "C, assembly, ELF\nor logits")
    _box(axes, 30, 40, 40, 8, "backends/interface.py", "RV32EM · run · run_soft · soft_gradient", strong=True)
    _box(axes, 78, 40, 20, 8, "conformance", "values, traps,\nlimits, gradients")
    _arrow(axes, (22, 44), (30, 44))
    _arrow(axes, (70, 44), (78, 44))
    for i, (name, what) in enumerate(_MACHINES):
        left = 2 + i * 19.75
        _box(axes, left, 19, 17, 14, name, what)
        _arrow(axes, (50 + (i - 2) * 8, 40), (left + 8.5, 33))
        _arrow(axes, (left + 8.5, 19), (left + 8.5, 15.5), head=False)
    axes.plot([10.5, 89.5], [15.5, 15.5], color=style.INK, linewidth=0.8)
    _arrow(axes, (10.5, 15.5), (10.5, 11))
    for i, station in enumerate(_STATIONS):
        left = 2 + i * 20
        _box(axes, left, 3, 16, 8, "", station)
        if i:
            _arrow(axes, (left - 4, 7), (left, 7))
    return figure


def _box(axes: Axes, x: float, y: float, width: float, height: float, name: str, what: str, strong: bool = False) -> None:
    face = style.INK if strong else style.PALE
    ink = "white" if strong else style.INK
    shape = FancyBboxPatch((x, y), width, height, "round,pad=0,rounding_size=1", facecolor=face, edgecolor=style.INK)
    shape.set_linewidth(0.7)
    axes.add_patch(shape)
    middle = x + width / 2
    if name:
        axes.text(middle, y + height - 1.2, name, ha="center", va="top", color=ink, weight="bold", size=8)
    below = (y + height / 2) - (1.4 if name else 0)
    axes.text(middle, below, what, ha="center", va="center", color=ink, size=7, linespacing=1.25)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], head: bool = True) -> None:
    arrow = FancyArrowPatch(start, end, arrowstyle="-|>" if head else "-", mutation_scale=7, shrinkA=0, shrinkB=0)
    arrow.set(color=style.INK, linewidth=0.8)
    axes.add_patch(arrow)
