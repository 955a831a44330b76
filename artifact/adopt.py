"""`python -m artifact.adopt --from results/quick`: make a run's tables the reference results that the repository carries."""

import argparse
import sys
from pathlib import Path

from artifact import appendix
from backends.interface import UserError
from experiments import record, tables
from experiments.tables import DEFAULT, PROVENANCE


def adopt(source: Path, target: Path, force: bool = False) -> list[str]:
    """Copy every experiment's tables and provenance. Raises UserError for damaged tables, or made by uncommitted code."""
    found = tables.at(source)
    names = found.experiments()
    for name in names:
        tables.check(source / name)
        if found.provenance(name)["code"]["dirty"] is not False and not force:
            raise UserError(f"{source / name} was made by uncommitted code: commit, run again, or give --force")
    for name in names:
        files = [*(f"{t}.csv" for t in found.provenance(name)["tables"]), PROVENANCE]  # the provenance last, as ever
        record.write_files(target / name, {f: (source / name / f).read_text() for f in files})
        for left in set((target / name).glob("*.csv")) - {target / name / f for f in files}:
            left.unlink()
    return names


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m artifact.adopt", description=(__doc__ or "").split(": ")[1])
    parser.add_argument("--from", dest="source", type=Path, required=True, help="results folder of a finished run")
    parser.add_argument("--to", type=Path, default=DEFAULT, help="default: results/reference")
    parser.add_argument("--force", action="store_true", help="even if the code had uncommitted changes")
    options = parser.parse_args(arguments)
    try:
        names = adopt(options.source, options.to, options.force)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{options.to}: {', '.join(names)}")
    return appendix.main([]) if options.to == DEFAULT else 0


if __name__ == "__main__":
    sys.exit(main())
