"""Machines × case kinds: how many cases each machine passed."""

from dataclasses import asdict
from functools import partial

import pandas as pd

from backends.conformance import table
from experiments.harness import progress
from experiments.harness.parts import Part, run_parts


def run(cfg) -> dict[str, pd.DataFrame]:
    """`cases`, as the schema says."""
    parts = [Part(name, partial(_conform, name, table.SCALES[cfg.scale], cfg.device)) for name in cfg.backends]
    return {"cases": pd.concat(run_parts(cfg, parts).values(), ignore_index=True)}


def _conform(name: str, scale: table.Scale, device: str) -> pd.DataFrame:
    with progress.bar() as bar:
        return pd.DataFrame([asdict(row) for row in table.rows([name], scale, device, bar)])
