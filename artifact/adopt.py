"""`python -m artifact.adopt --from results/quick`: make a run's tables the reference results that the repository carries.

With `--runs FOLDER …` these are runs of one experiment, the jobs of a sweep say, and their tables are joined: of rows that
stand for the same, those of the first run stay.
"""

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from artifact import appendix
from backends.core.errors import exit_code
from backends.interface import UserError
from experiments.harness import record, schema, tables
from experiments.harness.tables import DEFAULT, PROVENANCE

_OF_A_RUN = ("key", "config", "code", "started", "wall_time_s")


def adopt(source: Path, target: Path, force: bool = False) -> list[str]:
    """Copy every experiment's tables and provenance. Raises UserError for damaged tables, or made by uncommitted code."""
    found = tables.at(source)
    names = found.experiments()
    for name in names:
        _checked(source / name, force)
    for name in names:
        files = [*(f"{t}.csv" for t in found.provenance(name)["tables"]), PROVENANCE]  # the provenance last, as ever
        record.write_files(target / name, {f: (source / name / f).read_text(encoding="utf-8") for f in files})
        for left in set((target / name).glob("*.csv")) - {target / name / f for f in files}:
            left.unlink()
    return names


def gather(runs: Sequence[Path], target: Path, force: bool = False) -> str:
    """Join the tables of runs of one experiment under `target`; returns its name.

    The provenance is the last run's, and has that of each under `runs`. Raises UserError as `adopt`, and for runs of several
    experiments.
    """
    facts = [_checked(run, force) for run in runs]
    name = facts[0]["experiment"]
    if others := {other["experiment"] for other in facts} - {name}:
        raise UserError(f"{runs[0]} is a run of {name}, another one of {others.pop()}: give runs of one experiment")
    joined = {}
    for table, declared in schema.of(name).items():
        rows = [tables.read(run / f"{table}.csv") for run, has in zip(runs, facts, strict=True) if table in has["tables"]]
        if rows:
            joined[table] = pd.concat(rows).drop_duplicates(declared.keys, ignore_index=True)
    own = {
        "key": hashlib.sha256("".join(has["key"] for has in facts).encode()).hexdigest(),
        "wall_time_s": sum(has["wall_time_s"] for has in facts),
        "peak_memory_bytes": max(has["peak_memory_bytes"] for has in facts),
        "runs": [{fact: has[fact] for fact in _OF_A_RUN} for has in facts],
    }
    record.write(target / name, {**facts[-1], **own}, joined)
    return name


def _checked(folder: Path, force: bool) -> dict:
    """The provenance of a run's folder. Raises UserError for one that nobody should cite."""
    facts = tables.provenance(folder)
    if facts is None:
        raise UserError(f"{folder} holds no finished run: name a folder with a {PROVENANCE}")
    tables.check(folder)
    if facts["code"]["dirty"] is not False and not force:
        raise UserError(f"{folder} was made by uncommitted code: commit, run again, or give --force")
    return facts


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m artifact.adopt", description=(__doc__ or "").split(": ")[1].split("\n")[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--from", dest="source", type=Path, help="results folder of a finished run")
    source.add_argument("--runs", nargs="+", type=Path, help="folders of finished runs of one experiment, to be joined")
    parser.add_argument("--to", type=Path, default=DEFAULT, help="default: results/reference")
    parser.add_argument("--force", action="store_true", help="even if the code had uncommitted changes")
    options = parser.parse_args(arguments)

    def adopt_it() -> int:
        runs, source, force = options.runs, options.source, options.force
        names = [gather(runs, options.to, force)] if runs else adopt(source, options.to, force)
        print(f"{options.to}: {', '.join(names)}")
        return appendix.main([]) if options.to.resolve().parent == DEFAULT.parent else 0

    return exit_code(adopt_it)


if __name__ == "__main__":
    sys.exit(main())
