"""Reading results: the tables that `record.py` wrote, checked against their provenance.

A results folder holds `<experiment>/<table>.csv` and `<experiment>/provenance.json`, which names the sha256 of every table. The
`manifest.yaml` beside it says what each set of results is, and which belongs to which.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from backends.interface import UserError
from experiments.harness import schema

PROVENANCE = "provenance.json"
DEFAULT = Path(__file__).resolve().parents[2] / "results" / "reference"
LARGER, MINUTE, HARDWARE = ROLES = ("larger", "minute", "hardware")


class Damaged(UserError):
    """A table is not the one that its provenance describes."""


class Missing(UserError):
    """A table has not been made."""


@dataclass(frozen=True)
class Results:
    """A results folder such as `results/reference`."""

    root: Path

    def experiments(self) -> list[str]:
        """Names of the experiments that are recorded here."""
        return sorted(p.parent.name for p in self.root.glob(f"*/{PROVENANCE}"))

    def table(self, experiment: str, name: str) -> pd.DataFrame:
        """One table, which is what its schema says. Raises Missing or Damaged, which say what to do."""
        folder = self.root / experiment
        facts = self.provenance(experiment)
        if name not in facts["tables"]:
            raise Missing(f"{folder / name}.csv is not there: {self._remedy()}")
        _check(folder, name, facts["tables"][name]["sha256"])
        try:
            return _checked(folder / f"{name}.csv", facts["tables"][name]["sha256"], facts["experiment"]).copy()
        except Missing as missing:
            raise Missing(f"{missing}: {self._remedy()}") from None

    def provenance(self, experiment: str) -> dict[str, Any]:
        """What is known about how the tables of an experiment were made."""
        found = provenance(self.root / experiment)
        if found is None:
            raise Missing(f"no results of {experiment} in {self.root}: {self._remedy()}")
        return found

    def beside(self, role: str) -> list["Results"]:
        """The results that belong to these as `role`, by the manifest."""
        root = self.root.resolve()
        sets = _manifest(root.parent).items()
        return [Results(root.with_name(name)) for name, found in sets if found.of == root.name and found.role == role]

    def fullest(self, experiment: str) -> "Results":
        """A larger run of the experiment that belongs to these, where there is one; else these."""
        return next((r for r in self.beside(LARGER) if experiment in r.experiments()), self)

    def _remedy(self) -> str:
        scale = self.root.name if self.root.name in ("smoke", "quick", "full") else "quick"
        return f"make reproduce SCALE={scale}"


@dataclass(frozen=True)
class ResultSet:
    """of, role: the set that this one belongs to, and as what (see `results/manifest.yaml`); empty: it stands alone."""

    title: str
    scale: str
    hardware: str
    budget: str = ""
    of: str = ""
    role: str = ""


def _manifest(folder: Path) -> Mapping[str, ResultSet]:
    """The sets in a folder by name; none where it has no manifest. Raises UserError where the manifest is wrong."""
    file = folder / "manifest.yaml"
    if not file.is_file():
        return {}
    sets = _sets(file, file.read_text(encoding="utf-8"))
    for name, found in sets.items():
        if not (folder / name).is_dir():
            raise UserError(f"{file} names a set {name} whose folder is not there: restore it or take out the entry")
        if found.role and (found.role not in ROLES or found.of not in sets):
            raise UserError(f"{file}: set {name} is '{found.role}' of '{found.of}': give {', '.join(ROLES)} of a set here")
    return sets


@lru_cache(maxsize=8)
def _sets(file: Path, text: str) -> Mapping[str, ResultSet]:
    """What the text of a manifest says; every claim asks. Raises UserError where it is none."""
    import yaml

    try:
        return {name: ResultSet(**entry) for name, entry in yaml.safe_load(text).items()}
    except (TypeError, AttributeError, yaml.YAMLError) as error:
        raise UserError(f"{file}: {' '.join(str(error).split())}") from None


def at(folder: Path) -> Results:
    """The results in a folder. Raises UserError where there is no such folder."""
    if not folder.is_dir():
        raise UserError(f"no results folder {folder}: make reproduce, or name another with --results")
    return Results(folder)


def read(file: Path, dtypes: Mapping[str, str] | None = None) -> pd.DataFrame:
    """A table as it was written: an empty cell is missing, every other word is itself. dtypes: of columns, for pandas."""
    return pd.read_csv(file, keep_default_na=False, na_values=[""], dtype=dtypes)


@lru_cache(maxsize=32)
def _checked(file: Path, _sha256: str, experiment: str) -> pd.DataFrame:
    """A table as its schema declares it. Raises Missing where it is another one."""
    declared = schema.of(experiment).get(file.stem)
    if declared is None:
        raise Missing(f"{file} is no table of {experiment} any more")
    # text stays text, whatever it looks like
    found = read(file, {column.name: "str" for column in declared.columns if column.kind == "text"})
    try:
        schema.check(str(file), declared, found)
    except UserError as error:
        raise Missing(str(error)) from None
    return found


def provenance(folder: Path) -> dict[str, Any] | None:
    """The provenance in a folder, or None where there is none. Raises Damaged where it cannot be read."""
    file = folder / PROVENANCE
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return {"key": found["key"], "tables": dict(found["tables"])} | found
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError):
        raise Damaged(f"{file} is damaged: {_how_to_fix(folder)}") from None


def check(folder: Path) -> None:
    """Raise Damaged, naming the file, where a table is not the one that the provenance describes."""
    for name, facts in (provenance(folder) or {"tables": {}})["tables"].items():
        _check(folder, name, facts["sha256"])


def _check(folder: Path, name: str, wanted: str) -> None:
    file = folder / f"{name}.csv"
    if not file.exists() or sha256(file) != wanted:
        raise Damaged(f"{file} is missing or not what {PROVENANCE} beside it describes: {_how_to_fix(folder)}")


def _how_to_fix(folder: Path) -> str:
    return f"restore it (git checkout -- {folder}) or delete the folder and run the experiment again"


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
