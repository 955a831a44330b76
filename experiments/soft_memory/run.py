"""Laws of soft reads against measurement: single reads, chains of them, and a machine that sums arrays."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from experiments.harness.parts import Part, run_parts
from experiments.soft_memory import addressing, horizon, laws, sums
from experiments.soft_memory.schema import TABLES

LEAK = 1e-3
DECADES = (-1.0, 2.0)
"""Of the scaled gap; the temperature has as many."""


@dataclass(frozen=True)
class Scale:
    """powers: log2 of the cells. points: of the gap. walks: cells, and reads at most. words: of the arrays that are summed."""

    powers: tuple[int, ...]
    points: int
    walks: tuple[int, int]
    words: tuple[int, ...]


SCALES = {
    "smoke": Scale((4, 8), 5, (64, 100), (4,)),
    "quick": Scale((4, 8, 12, 16, 20), 13, (1024, 10_000), (4, 64)),
    "full": Scale((4, 6, 8, 10, 12, 14, 16, 18, 20), 31, (4096, 10_000), (4, 8, 16, 32, 64, 128)),
}


def run(cfg) -> dict[str, pd.DataFrame]:
    """Every table of the schema."""
    scale = SCALES[cfg.scale]
    parts = [Part(f"reads_{kind}", partial(_reads, kind, scale)) for kind in addressing.ADDRESSINGS]
    parts += [Part(f"needed_{kind}", partial(_needed, kind, scale)) for kind in addressing.ADDRESSINGS]
    parts += [Part(f"horizon_{kind}", partial(_horizon, kind, scale, cfg.seed)) for kind in addressing.ADDRESSINGS]
    parts += [
        Part(f"sums_{r}_{p}_{n}", partial(_sums, r, p, n, cfg.seed))
        for r, programs in sums.PROGRAMS_OF.items() for p in programs for n in scale.words
    ]  # fmt: skip
    parts.append(Part("controls", partial(_controls, scale)))
    found = run_parts(cfg, parts)
    return {
        name: pd.concat([rows for part, rows in found.items() if part.split("_")[0] == name], ignore_index=True)
        for name in TABLES
    }  # fmt: skip


def _reads(kind: str, scale: Scale) -> pd.DataFrame:
    rows = []
    for cells in (1 << power for power in scale.powers):
        for delta in np.logspace(*DECADES, scale.points).tolist():
            rows.append((kind, cells, delta, _leak(kind, cells, delta), laws.leak(kind, cells, delta)))
    return TABLES["reads"].frame(rows)


def _leak(kind: str, cells: int, delta: float) -> float:
    return float(1 - addressing.weights(kind, cells, cells // 3, delta)[cells // 3])


def _needed(kind: str, scale: Scale) -> pd.DataFrame:
    every = [1 << power for power in scale.powers]
    deltas = [laws.needed(kind, cells, LEAK) for cells in every]
    return TABLES["needed"].frame([(kind, n, delta, _leak(kind, n, delta)) for n, delta in zip(every, deltas, strict=True)])


def _horizon(kind: str, scale: Scale, seed: int) -> pd.DataFrame:
    """At the gap that leaks a thousandth of a read, or is just enough to leak nothing."""
    cells, most = scale.walks
    reads = tuple(sorted({int(n) for n in np.logspace(0, np.log10(most), 13)}))
    return TABLES["horizon"].frame([*horizon.walk(kind, cells, laws.needed(kind, cells, LEAK), reads, seed)])


def _sums(relaxation: str, program: str, words: int, seed: int) -> pd.DataFrame:
    return TABLES["sums"].frame([sums.row(relaxation, program, words, seed)])


def _controls(scale: Scale) -> pd.DataFrame:
    return TABLES["controls"].frame([*_tied(1 << max(scale.powers)), *_exact()])


def _tied(cells: int) -> Iterator[tuple]:
    """Where another cell has the score of the right one, the law does not hold: half of the mass is gone at any gap."""
    for kind in addressing.BY_SCORES:
        weights = addressing.weights(kind, cells, cells // 3, 50.0, tied=1)
        leaked = 1 - float(weights[cells // 3])
        yield f"{kind}: leak with two right scores, gap 50", leaked, "half", abs(leaked - 0.5) < 1e-6


def _exact() -> Iterator[tuple]:
    """At temperature 0 the machine reads one cell."""
    for kind in addressing.BY_ADDRESS:
        leaked = _leak(kind, 256, np.inf)
        yield f"{kind}: leak at temperature 0", leaked, "none", leaked == 0
