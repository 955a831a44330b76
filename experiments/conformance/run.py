"""Machines × case kinds: how many cases each machine passed."""

from dataclasses import asdict, fields
from functools import partial

import pandas as pd

from backends.conformance import table
from experiments.harness.parts import Part, run_parts


def run(cfg) -> dict[str, pd.DataFrame]:
    """`cases`, as the schema says."""
    scale = table.SCALES[cfg.scale]
    parts = {
        (name, kind): Part(f"{name}-{kind.replace(' ', '_')}", partial(_conform, name, kind, scale, cfg.device))
        for name in cfg.backends  # one after the other, so that a later one finds what an earlier one has compiled
        for kind in reversed(table.KINDS)
    }
    found = run_parts(cfg, list(parts.values()))
    ordered = [found[parts[name, kind].name] for name in cfg.backends for kind in table.KINDS]
    return {"cases": pd.concat([rows for rows in ordered if len(rows)], ignore_index=True)}


def _conform(name: str, kind: str, scale: table.Scale, device: str) -> pd.DataFrame:
    """One row, or none where the machine does not offer what the kind is about."""
    checker = table.Checker(name, scale, device)
    rows = [asdict(checker.row(kind))] if kind in checker.kinds() else []
    return pd.DataFrame(rows, columns=[field.name for field in fields(table.Row)])
