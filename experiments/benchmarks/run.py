"""Throughput of every machine, ratios to interpreters that are not ours, soft training steps."""

import pandas as pd

from backends.core import catalog
from backends.interface import UserError
from benchmarks import collect


def run(cfg) -> dict[str, pd.DataFrame]:
    """`throughput`, `ratios` and `soft_step`, as `benchmarks.collect` describes them."""
    if sorted(cfg.backends) != sorted(catalog.names()):
        raise UserError("benchmarks compare all machines in one run: leave backend out")
    return collect.run(cfg.scale)
