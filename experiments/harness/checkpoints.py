"""Checkpoints of a long experiment: an interrupted run resumes from them.

A checkpoint is the table of one part, under `<results>/…/parts/<key>/`, kept until the experiment is recorded as a whole. The
key is that of the run: what other code or another configuration made is not found.
"""

import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from experiments.harness import calibration, record, tables


def done(cfg, name: str) -> bool:
    """Whether the part of that name is there already."""
    return record.reason_to_run(Path(cfg.parts) / name, name) is None


def once(cfg, name: str, compute: Callable[[], pd.DataFrame], timed: bool = False) -> pd.DataFrame:
    """The table `compute()` gives, from an earlier try of the same run where there is one.

    cfg: what `run` was given. name: of the part, unique within the run, a plain file name. timed: how fast and how quiet the
    machine was, before and after, is kept with it.
    """
    folder = Path(cfg.parts) / name
    if done(cfg, name):
        return tables.read(folder / "part.csv")
    started, clock = time.time(), time.perf_counter()
    before = [calibration.latest(f"before {name}")] if timed else []
    made = compute()
    after = [calibration.measure(f"after {name}")] if timed else []
    facts = {"key": name, "started_s": started, "wall_time_s": time.perf_counter() - clock, "calibration": before + after}
    record.write(folder, facts, {"part": made})
    # what a later try reads is what this try returns, to the last digit
    return tables.read(folder / "part.csv")
