"""The benchmarks as an experiment, so that their tables are recorded like all others."""

import pandas as pd

from benchmarks import collect


def run(cfg) -> dict[str, pd.DataFrame]:
    """`ratios`, `throughput` and `soft_step`; see `benchmarks.collect.run`."""
    return collect.run(cfg.scale)
