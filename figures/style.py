"""The one style of all figures: sizes of the paper's columns, colours that differ in grey, files that repeat bit by bit."""

import os
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLUMN_IN, PAGE_IN = 3.4, 7.0
_RC = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that every machine draws the same letters
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.labelsize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "axes.linewidth": 0.6,
    "grid.linewidth": 0.4,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "figure.constrained_layout.use": True,
    "svg.hashsalt": "differentiable-computers",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}
# colour, marker and dash of a line; the first six are Okabe and Ito's colours
_LOOKS = (
    ("#0072B2", "o", "-"),
    ("#E69F00", "s", "--"),
    ("#009E73", "^", "-."),
    ("#CC79A7", "D", ":"),
    ("#D55E00", "v", (0, (5, 1))),
    ("#000000", "P", (0, (1, 1))),
    ("#56B4E9", "X", (0, (3, 1, 1, 1))),
    ("#666666", "<", (0, (5, 2, 1, 2))),
    ("#8C510A", ">", (0, (2, 2))),
    ("#332288", "p", (0, (6, 2))),
    ("#999933", "h", (0, (4, 1, 1, 1, 1, 1))),
    ("#882255", "d", (0, (2, 1))),
    ("#A6A6A6", "*", (0, (1, 3))),
    ("#117733", "1", (0, (6, 1, 1, 1))),
    ("#AA4499", "2", (0, (2, 1, 2, 3))),
    ("#3B2A20", "3", (0, (8, 3))),
    ("#6699CC", "4", (0, (3, 3))),
    ("#44AA99", "|", (0, (7, 1, 3, 1))),
)
_MACHINES = ("reference", "jax_tensor", "torch_neural", "gpu_compute")
INK, PALE = "#222222", "#E8EDF2"
_DARK = 0.55
KINDS = ("svg", "pdf")
_UNDATED = {"svg": {"Date": None, "Creator": None}, "pdf": {"CreationDate": None, "Creator": None}}


def apply() -> None:
    """Set matplotlib up; every figure starts here."""
    mpl.use("agg")
    sns.set_theme(style="whitegrid", rc=_RC)


def machines(names) -> dict[str, dict]:
    """Line properties per machine, the same in every figure; machines that are not of this house come after."""
    return looks((*_MACHINES, *sorted(set(names) - set(_MACHINES))), names)


def methods(names) -> dict[str, dict]:
    """Line properties per method of synthesis, by its place among `names`: all methods of the runs that a figure shows."""
    return {name: {**look, "label": name.replace("_", " ")} for name, look in looks(names, names).items()}


def looks(known, names) -> dict[str, dict]:
    """Line properties of each of `names`, by its place among `known`."""
    chosen = {k: _LOOKS[i % len(_LOOKS)] for i, k in enumerate(known) if k in set(names)}
    return {k: {"color": c, "marker": m, "linestyle": d, "label": k} for k, (c, m, d) in chosen.items()}


def band(axes: Axes, points: pd.DataFrame, x: str, look: dict) -> None:
    """A line through the column `median`, with the range from `low` to `high` around it."""
    axes.plot(points[x], points["median"], **look)
    axes.fill_between(points[x], points["low"], points["high"], color=look["color"], alpha=0.2, linewidth=0)


def cells(axes: Axes, shades: np.ndarray, texts: np.ndarray) -> None:
    """Write into the cells of a picture `[rows, columns]`, in white where the shade, from 0 to 1, is dark."""
    for (row, column), shade in np.ndenumerate(shades):
        ink = "white" if shade > _DARK else INK
        axes.text(column, row, str(texts[row, column]), ha="center", va="center", fontsize=6, color=ink)
    axes.grid(visible=False)


def legend(figure: Figure, columns: int, **look) -> None:
    """Every label of the panels once, above them."""
    handles = {label: line for axes in figure.axes for line, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=columns, **look)


def save(figure: Figure, folder: Path, name: str, kinds: Sequence[str] = KINDS) -> list[Path]:
    """Write `name.svg` and `name.pdf`, or those of these that are asked for, without a date, each beside its place and then
    renamed."""
    written = []
    for kind in kinds:
        file = folder / f"{name}.{kind}"
        beside = folder / f".writing-{name}.{kind}"
        figure.savefig(beside, format=kind, metadata=_UNDATED[kind])
        os.replace(beside, file)
        written.append(file)
    return written
