"""The command `python -m experiments`: compose the configuration, skip what is done, run the rest, record it."""

import importlib
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import hydra
import pandas as pd
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from backends.core import catalog
from backends.interface import UserError
from experiments.harness import progress, record, tracking


def execute(config: dict[str, Any], overrides: Sequence[str]) -> Path:
    """Run one experiment unless it is done; returns the folder of its tables. Raises UserError."""
    config = check(config)
    folder, run_key = record.folder_of(config, overrides), record.key(config)
    reason = record.reason_to_run(folder, run_key)
    if reason is None:
        print(f"{folder}: done already, skipped")
        return folder
    print(f"{folder}: {reason}; running", flush=True)
    progress.announce(0, 1)
    work = _work(config["experiment"]["name"])
    cfg = OmegaConf.create({**config, "parts": str(record.parts_folder(folder, run_key))})
    facts, tables = record.run(config, folder, lambda: work(cfg))
    tracking.mirror(config["tracking"]["uri"], folder, facts, tables)
    print(f"{folder}: {', '.join(tables)} recorded after {facts['wall_time_s']:.0f} s")
    return folder


def composed(experiment: str, scale: str, results: str) -> dict[str, Any]:
    """The configuration of an experiment as `main` composes it, with nothing else overridden."""
    named = [f"experiment={experiment}", f"scale={scale}", f"results={results}"]
    with hydra.initialize_config_dir(str(CONFIGURATION), version_base="1.3"):
        return OmegaConf.to_container(hydra.compose("config", named), resolve=True)


def done(experiment: str, scale: str, results: str) -> bool:
    """Whether an experiment is recorded already."""
    config = check(composed(experiment, scale, results))
    return record.reason_to_run(record.folder_of(config, ()), record.key(config)) is None


def check(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with `backend` resolved to `backends`. Raises UserError for a value that nothing can have."""
    checked = dict(config)
    wanted = checked.pop("backend")
    known = catalog.names()
    names = known if wanted == "all" else [wanted] if isinstance(wanted, str) else wanted
    for name in names if isinstance(names, list) else [names]:
        if name not in known:
            raise UserError(f"unknown backend '{name}': all, or one of {', '.join(known)}")
    if not names:
        raise UserError(f"no backend is named: give all, or some of {', '.join(known)}")
    if checked["device"] not in ("cpu", "cuda"):
        raise UserError(f"unknown device '{checked['device']}': cpu or cuda")
    if type(checked["seed"]) is not int or checked["seed"] < 0:
        raise UserError(f"seed '{checked['seed']}': give a whole number from 0")
    if checked["workers"] is not None and (type(checked["workers"]) is not int or checked["workers"] < 1):
        raise UserError(f"workers '{checked['workers']}': give a whole number from 1, or null for as many as cores")
    return {**checked, "backends": names}


def _work(name: str) -> Callable[[DictConfig], dict[str, pd.DataFrame]]:
    try:
        return importlib.import_module(f"experiments.{name}.run").run
    except ImportError as error:
        raise UserError(f"experiment {name} cannot run here: {error}") from None


CONFIGURATION = Path(__file__).parents[1] / "conf"
OmegaConf.register_new_resolver("sweeps", lambda: f"{tempfile.gettempdir()}/differentiable-computers-{os.getuid()}")


@hydra.main(version_base="1.3", config_path=str(CONFIGURATION), config_name="config")
def _job(cfg: DictConfig) -> None:
    composed = HydraConfig.get()
    try:
        execute(OmegaConf.to_container(cfg, resolve=True), list(composed.overrides.task))
    except UserError as error:
        if composed.mode == RunMode.MULTIRUN:
            raise  # Hydra names the job, runs the others, and raises the error after them
        raise SystemExit(complain(error)) from None


def complain(error: Exception) -> int:
    """Print an error as one line; returns the exit code."""
    text = str(error).split("Config search path:")[0]
    print("error: " + " ".join(text.split()), file=sys.stderr)
    return 2


def main() -> int:
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # Hydra hands its errors on; they are printed here
    if "--help" in sys.argv and not any(a.startswith("experiment=") for a in sys.argv):
        sys.argv.append("experiment=conformance")  # help shows a whole configuration, and this one must be named
    try:
        _job()
    except (UserError, HydraException, OmegaConfBaseException) as error:
        return complain(error)
    except KeyboardInterrupt:
        print("error: interrupted; what was recorded is kept, the same command resumes", file=sys.stderr)
        return 130
    return 0
