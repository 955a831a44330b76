"""Where AES leaks through a data cache: line size by policy by implementation."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import SymLogNorm
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from figures import style


def draw(results: Results) -> Figure:
    """One panel an implementation: cycles between the fastest and the slowest key for one plaintext; 0 where none differ."""
    sweep = results.table("timing_crypto", "sweep")
    sweep = sweep[sweep["table_offset"] == 0]
    names = list(sweep["implementation"].drop_duplicates())
    figure, panels = plt.subplots(1, len(names), sharey=True, figsize=(style.PAGE_IN, 1.7), squeeze=False)
    norm = SymLogNorm(linthresh=1.0, vmin=0.0, vmax=max(float(sweep["between_cycles"].max()), 1.0))
    for axes, name in zip(panels[0], names, strict=True):
        _panel(axes, sweep[sweep["implementation"] == name], norm)
        axes.set(title=name.replace("_", " "), xlabel="cache line (bytes)")
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, norm: SymLogNorm) -> None:
    policies, lines = list(rows["policy"].drop_duplicates()), sorted(rows["line_bytes"].unique())
    cells = rows.pivot(index="policy", columns="line_bytes", values="between_cycles").loc[policies, lines].to_numpy(float)
    axes.imshow(cells, norm=norm, cmap="Greys", aspect="auto")
    style.cells(axes, norm(cells), np.vectorize("{:,.0f}".format)(cells))
    axes.set_xticks(range(len(lines)), [str(n) for n in lines])
    axes.set_yticks(range(len(policies)), policies)
