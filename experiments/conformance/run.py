"""Machines × case kinds: how many cases each machine passed."""

from dataclasses import asdict
from functools import partial

import pandas as pd

from backends.conformance import table
from experiments.harness import checkpoints, progress


def run(cfg) -> dict[str, pd.DataFrame]:
    """`cases`: backend, device, kind, cases, passed, failed, first_failure, time_s."""
    with progress.bar() as bar:

        def conform(name: str) -> pd.DataFrame:
            return pd.DataFrame([asdict(row) for row in table.rows([name], cfg.scale, cfg.device, bar)])

        machines = [checkpoints.once(cfg, name, partial(conform, name)) for name in cfg.backends]
    return {"cases": pd.concat(machines, ignore_index=True)}
