"""What the report sums up of an experiment, before its tables: a module of the experiment's name with `tables(results)`."""

import importlib
from pathlib import Path

import pandas as pd

from experiments.harness.tables import Results


def of(experiment: str, results: Results) -> dict[str, pd.DataFrame]:
    """Summaries by title; none where the experiment has no module here."""
    if not Path(__file__).with_name(f"{experiment}.py").is_file():
        return {}
    return importlib.import_module(f"{__name__}.{experiment}").tables(results)
