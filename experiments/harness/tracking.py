"""The mirror in MLflow: a parent run per sweep, a child per job, each logged in one batch after its files are written.

Nothing reads it. Where it cannot be reached there is one warning and the files are kept. MLflow is imported only here
and only when a run is mirrored. `python -m experiments.harness.tracking` mirrors what is recorded in a folder of results.
"""

import argparse
import fcntl
import logging
import math
import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from backends.core.errors import exit_code
from experiments.harness.tables import Results

_PARENT, _UNREACHABLE = "DIFFERENTIABLE_COMPUTERS_PARENT_RUN", "unreachable"
_BATCH = 1000  # the most metrics that MLflow takes in one call
_CELLS = 2000  # a longer table is summed up by its number of rows
# MLflow's own defaults wait for minutes on a server that is not there.
_BOUNDS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
}


class ParentRun(Callback):
    """Makes the parent run before the jobs of a sweep start; so the database is migrated before writers race."""

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        uri = config.tracking.uri
        if uri is not None:
            os.environ[_PARENT] = _guarded(uri, lambda client: _start(client, "sweep", {}).info.run_id) or _UNREACHABLE

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:
        parent = os.environ.pop(_PARENT, None)
        if parent not in (None, _UNREACHABLE):
            _guarded(config.tracking.uri, lambda client: client.set_terminated(parent))


def mirror(uri: str | None, folder: Path, facts: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> None:
    """Log a recorded run. uri: where to, None for nowhere."""
    if uri is not None and os.environ.get(_PARENT) != _UNREACHABLE:
        _guarded(uri, lambda client: _log(client, folder, facts, tables))


def _log(client, folder: Path, facts: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> None:
    from mlflow.entities import Metric, Param

    parent = os.environ.get(_PARENT)
    tags = {"folder": str(folder), "commit": str(facts["code"]["commit"]), "dirty": str(facts["code"]["dirty"])}
    run = _start(client, folder.as_posix(), tags | ({"mlflow.parentRunId": parent} if parent else {}))
    flat = pd.json_normalize(facts["config"]).iloc[0].to_dict()
    params = [Param(_name(k), str(v)[:500]) for k, v in flat.items()][:100]
    metrics = [Metric(k, v, run.info.start_time, 0) for k, v in _metrics(facts, tables)]
    for start in range(0, len(metrics), _BATCH):
        client.log_batch(run.info.run_id, metrics=metrics[start : start + _BATCH], params=params if start == 0 else [])
    client.set_terminated(run.info.run_id)


def _start(client, name: str, tags: Mapping[str, str]):
    experiment = client.get_experiment_by_name("differentiable-computers")
    number = experiment.experiment_id if experiment else client.create_experiment("differentiable-computers")
    return client.create_run(number, run_name=name, tags=dict(tags))


def _metrics(facts: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, float]]:
    """(name, value): cost, rows per table, and every finite number of a short table under its row's words."""
    yield "wall_time_s", facts["wall_time_s"]
    yield "peak_memory_bytes", facts["peak_memory_bytes"]
    for name, table in tables.items():
        yield f"{name}/rows", len(table)
        numbers = table.select_dtypes("number").astype(float)
        if numbers.size > _CELLS:
            continue
        words = table.drop(columns=numbers.columns).fillna("").astype(str).agg(" ".join, axis=1)
        for i, row in enumerate(numbers.to_dict("records")):
            for column, value in row.items():
                if math.isfinite(value):
                    yield _name(f"{name}/{i} {words.iloc[i]}/{column}"), value


def _name(text: str) -> str:
    return re.sub(r"[^\w./ -]", "_", text)[:250]


def _guarded(uri: str, use):
    """What `use(client)` gives, or None after one warning where the server or the database refuses."""
    if uri.startswith("sqlite:") and "?" in uri and "=" not in uri.partition("?")[2]:  # no option of the database
        return _not_mirrored(uri, "an address cannot name a folder with '?'")
    os.environ.update(_BOUNDS | os.environ)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # third-party deprecations at import, of no use to who runs an experiment
        from alembic.util.exc import CommandError
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        for name in ("mlflow", "alembic", "urllib3"):  # after the import, which sets their levels
            logging.getLogger(name).setLevel(logging.ERROR)
        try:
            with _migration_lock(uri):
                client = MlflowClient(tracking_uri=uri)
                client.get_experiment_by_name("differentiable-computers")
            return use(client)
        except (MlflowException, SQLAlchemyError, CommandError, OSError) as error:
            return _not_mirrored(uri, str(error).splitlines()[0][:200])


def _not_mirrored(uri: str, reason: str) -> None:
    print(f"warning: not mirrored in MLflow at {uri}: {reason}; the files are kept", file=sys.stderr)


@contextmanager
def _migration_lock(uri: str) -> Iterator[None]:
    """Only one process at a time opens a SQLite database for the first time: migrations that race crash."""
    if not uri.startswith("sqlite:///"):
        yield
        return
    lock = Path(uri.removeprefix("sqlite:///")).parent / ".mlflow.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with open(lock, "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m experiments.harness.tracking", description="Log recorded runs to MLflow.")
    parser.add_argument("--results", type=Path, required=True, help="results folder")
    parser.add_argument("--uri", required=True, help="of MLflow's tracking server or database")
    parser.add_argument("experiments", nargs="*", help="names (default: all that are recorded there)")
    options = parser.parse_args(arguments)

    def mirrored() -> int:
        results = Results(options.results)
        for name in options.experiments or results.experiments():
            facts = results.provenance(name)
            mirror(options.uri, options.results / name, facts, {table: results.table(name, table) for table in facts["tables"]})
        return 0

    return exit_code(mirrored)


if __name__ == "__main__":
    sys.exit(main())
