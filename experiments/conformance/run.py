"""Machines × case kinds: how many cases each machine passed."""

import pandas as pd

from backends import conformance
from experiments import parts, progress


def run(cfg) -> dict[str, pd.DataFrame]:
    """`cases`: backend, device, kind, cases, passed, failed, first_failure, time_s."""
    with progress.bar() as bar:
        tables = [
            parts.once(cfg, name, lambda name=name: pd.DataFrame(conformance.run([name], cfg.scale, bar)))
            for name in cfg.backends
        ]
    return {"cases": pd.concat(tables, ignore_index=True)}
