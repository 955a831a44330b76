"""Throughput of every machine, ratios to interpreters that are not ours, soft training steps."""

from functools import partial

import pandas as pd

from backends.core import catalog
from backends.interface import UserError
from benchmarks import collect
from experiments.harness.parts import Part, run_parts


def run(cfg) -> dict[str, pd.DataFrame]:
    """The tables of `benchmarks.collect`, which the schema describes."""
    if sorted(cfg.backends) != sorted(catalog.names()):
        raise UserError("benchmarks compare all machines in one run: leave backend out")
    return run_parts(cfg, [Part(name, partial(collect.run, name, cfg.scale), timed=True) for name in collect.TABLES])
