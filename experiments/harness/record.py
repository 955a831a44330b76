"""The one place that writes results.

A run is keyed by the hash of its configuration and of the source it depends on. Its folder holds the tables as CSV and
`provenance.json`, written last: tables without it, or that differ from it, are never taken for a result. Every file is
written beside its place, flushed to disk and renamed, so that a reader sees the old one or the new one.
"""

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from backends.core import sources
from backends.interface import UserError
from experiments.harness import provenance, schema, tables

_BESIDE = ".writing-"
_NOT_OF_THE_KEY = ("results", "tracking", "parts", "workers")


def key(config: Mapping[str, Any]) -> str:
    """sha256 of a configuration and of its experiment's source; where results go and how many workers make them is left out."""
    counted = {k: v for k, v in config.items() if k not in _NOT_OF_THE_KEY}
    source = sources.digest([f"experiments.{config['experiment']['name']}.run"])
    return hashlib.sha256(json.dumps([counted, source], sort_keys=True).encode()).hexdigest()


def folder_of(config: Mapping[str, Any], overrides: Sequence[str]) -> Path:
    """`<results>/<scale>/<experiment>`, and below it `runs/<overrides>` for a run that overrides anything else."""
    plain = Path(config["results"]) / config["scale"] / config["experiment"]["name"]
    own = sorted(o for o in overrides if not re.match(r"\+*(experiment|scale|results|workers|tracking(\.\w+)?)=", o))
    if not own:
        return plain
    text = ",".join(own)
    label = re.sub(r"[^\w.=,-]", "_", text)
    if len(label) > 60 or label != text:
        label = f"{label[:60]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return plain / "runs" / label


def reason_to_run(folder: Path, run_key: str) -> str | None:
    """Why the work in `folder` has to be done (again), or None where it is done."""
    try:
        found = tables.provenance(folder)
        if found is None:
            return "not run yet"
        if found["key"] != run_key:
            return "configuration or source changed"
        tables.check(folder)
    except tables.Damaged as damage:
        return str(damage).split(": ")[0]
    return None


def run(
    config: Mapping[str, Any], folder: Path, work: Callable[[], Mapping[str, pd.DataFrame]]
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Do the work and record it. Returns provenance and tables. Raises UserError where the folder cannot be written or
    a table is not what its schema says."""
    prepare(folder)
    started, clock, run_key = time.time(), time.perf_counter(), key(config)
    made = dict(work())
    schema.check_all(config["experiment"]["name"], made)
    parts = _parts(parts_folder(folder, run_key))
    spent = time.perf_counter() - clock + _spent_before(parts, started)
    facts = describe(config, run_key, [c for part in parts for c in part["calibration"]], started, spent)
    write(folder, facts, made)
    shutil.rmtree(folder / "parts", ignore_errors=True)
    return facts, made


def describe(
    config: Mapping[str, Any], run_key: str, calibrations: Sequence[Mapping[str, Any]], started: float, wall_time_s: float
) -> dict[str, Any]:
    """The provenance of a run that has ended just now. started: seconds since 1970."""
    return {
        "experiment": config["experiment"]["name"],
        "scale": config["scale"],
        "key": run_key,
        "config": dict(config),
        "seed": config["seed"],
        "code": provenance.code(),
        "packages": provenance.packages(),
        "machine": provenance.machine(),
        "calibration": list(calibrations),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "wall_time_s": round(wall_time_s, 3),
        "peak_memory_bytes": provenance.peak_memory_bytes(),
    }


def parts_folder(folder: Path, run_key: str) -> Path:
    """Where the finished parts of a run lie until it is recorded as a whole."""
    return folder / "parts" / run_key[:12]


def _parts(parts: Path) -> list[dict[str, Any]]:
    """What is known of the finished parts, in the order in which they were begun."""
    found = [tables.provenance(file.parent) or {} for file in parts.glob(f"*/{tables.PROVENANCE}")]
    return sorted(found, key=lambda facts: facts["started_s"])


def _spent_before(parts: Sequence[Mapping[str, Any]], started: float) -> float:
    """Seconds during which earlier tries of a run worked on parts that were taken from them."""
    spans = [(p["started_s"], p["started_s"] + p["wall_time_s"]) for p in parts if p["started_s"] < started]
    spent, until = 0.0, 0.0
    for first, last in spans:  # parts that ran beside one another count once
        spent += max(0.0, last - max(first, until))
        until = max(until, last)
    return spent


def write(folder: Path, facts: Mapping[str, Any], made: Mapping[str, pd.DataFrame]) -> None:
    """Write tables and then the provenance; on a full disk nothing that was there before is touched."""
    texts = {f"{name}.csv": table.to_csv(index=False, lineterminator="\n") for name, table in made.items()}
    described = {
        name: {"sha256": hashlib.sha256(texts[f"{name}.csv"].encode()).hexdigest(), "rows": len(table)}
        for name, table in made.items()
    }
    texts[tables.PROVENANCE] = json.dumps({**facts, "tables": described}, indent=1) + "\n"
    write_files(folder, texts)
    for left in set(folder.glob("*.csv")) - {folder / name for name in texts}:
        left.unlink()


def write_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Write all files beside their places, then rename them in order. Raises UserError where that fails."""
    prepare(folder)
    try:
        for name, text in texts.items():
            with open(folder / f"{_BESIDE}{name}", "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        for name in texts:
            os.replace(folder / f"{_BESIDE}{name}", folder / name)
    except OSError as error:
        _sweep(folder)
        raise _cannot_write(folder, error) from None


def prepare(folder: Path) -> None:
    """Make the folder and see that it can be written, before work is spent on it. Raises UserError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        (folder / f"{_BESIDE}probe").write_bytes(b"\0" * 4096)
        _sweep(folder)
    except OSError as error:
        raise _cannot_write(folder, error) from None


def _sweep(folder: Path) -> None:
    """Remove what a killed writer left beside its place."""
    for file in folder.glob(f"{_BESIDE}*"):
        file.unlink(missing_ok=True)


def _cannot_write(folder: Path, error: OSError) -> UserError:
    return UserError(f"cannot write to {folder}: {error.strerror}; make room or give another folder (results=FOLDER)")
