"""Numbers of the paper's section on soft memory."""

from typing import Any

import pandas as pd

from experiments.harness.tables import Results
from paper import numbers

EXPERIMENT = "soft_memory"


def build(results: Results) -> dict[str, Any]:
    """As `numbers` says, of a larger run where there is one."""
    results = results.fullest(EXPERIMENT)
    return numbers.joined(*(part(results) for part in (_laws, _horizon, _sums, _controls)))


def _laws(results: Results) -> dict[str, Any]:
    reads, needed = results.table(EXPERIMENT, "reads"), results.table(EXPERIMENT, "needed")
    wide = needed.pivot(index="cells", columns="addressing", values="delta")
    rows = [[cells, *(f"{delta:.2f}" for delta in row)] for cells, row in wide.iterrows()]
    return {
        "soft_reads": len(reads), "soft_least": reads["cells"].min(), "soft_most": reads["cells"].max(),
        "soft_off": f"{(reads['leak'] - reads['predicted']).abs().max():.0e}",
        "soft_needed": rows, "soft_addressings": [["cells", *wide.columns]],
    }  # fmt: skip


def _horizon(results: Results) -> dict[str, Any]:
    walks = results.table(EXPERIMENT, "horizon")
    return {
        "soft_walk_cells": walks["cells"].max(), "soft_walk_reads": walks["reads"].max(),
        "soft_walk_off": f"{(walks['right'] - walks['predicted']).abs().max():.0e}",
    }  # fmt: skip


def _sums(results: Results) -> dict[str, Any]:
    sums = results.table(EXPERIMENT, "sums")
    largest = sums[sums["memory_bytes"] == sums["memory_bytes"].max()].set_index(["relaxation", "program"])
    rows = [
        [
            r.relaxation,
            r.program.replace("_", " "),
            r.memory_bytes,
            f"{r.predicted:.3g}",
            f"{r.wrong:.3g}",
            _of(r.wrong / r.predicted),
        ]
        for r in sums.itertuples()
    ]
    value = sums[sums["relaxation"] == "value"]
    return {
        "soft_sums": rows,
        "soft_value_off": f"{100 * (value['wrong'] / value['predicted'] - 1).abs().max():.0f} %",
        **{f"soft_bits_{p}": _of(_ratio(largest, p)) for p in ("loop", "straight", "exclusive_or")},
        "soft_largest_bytes": sums["memory_bytes"].max(),
    }  # fmt: skip


def _ratio(largest: pd.DataFrame, program: str) -> float:
    row = largest.loc[("bits", program)]
    return float(row["wrong"] / row["predicted"])


def _of(ratio: float) -> str:
    return f"{ratio:.2f}"


def _controls(results: Results) -> dict[str, Any]:
    controls = results.table(EXPERIMENT, "controls")
    return {"soft_controls": len(controls), "soft_controls_held": int(controls["holds"].sum())}
