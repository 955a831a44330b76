"""`python -m experiments.harness.repeat [SCALE [EXPERIMENT…]]`: the same seed gives the same tables, for any number of workers.

Runs the experiments, all if none is named, with one worker and one thread and with two of each, into folders of their own, and
compares all columns but those that their schemas call timings. Exit code 1 where something differs.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from backends.core.errors import exit_code
from experiments.harness import schema
from experiments.harness.tables import Results

Tables: TypeAlias = Mapping[str, pd.DataFrame]


def differences(experiment: str, one: Tables, other: Tables) -> Iterator[str]:
    """Tables, given by name, and columns of an experiment that are not the same in both runs, but for timings."""
    for name in sorted(one.keys() ^ other.keys()):
        yield f"{name}: made once only"
    for name in sorted(one.keys() & other.keys()):
        first, second = one[name], other[name]
        if len(first) != len(second):
            yield f"{name}: {len(first)} rows, {len(second)} rows"
            continue
        for column in (c.name for c in schema.of(experiment)[name].columns if not c.timing):
            same = (first[column] == second[column]) | (first[column].isna() & second[column].isna())
            if not same.all():
                yield f"{name}.{column}: {int((~same).sum())} of {len(first)} rows"


def run(experiment: str, scale: str, folder: Path, workers: int) -> Tables:
    """The tables of a run into a folder of its own. Raises CalledProcessError where it fails."""
    settings = [f"experiment={experiment}", f"scale={scale}", f"workers={workers}", f"results={folder}", "tracking=off"]
    environment = os.environ | {"BACKEND_THREADS": str(workers)}
    subprocess.run([sys.executable, "-m", "experiments", *settings], env=environment, stdout=sys.stderr, check=True)
    made = Results(folder / scale)
    return {name: made.table(experiment, name) for name in made.provenance(experiment)["tables"]}


def main() -> int:
    scale, *named = sys.argv[1:] or ["smoke"]
    found = dict.fromkeys(named or schema.experiments(), 0)
    for experiment in found:
        with tempfile.TemporaryDirectory() as folder:
            both = [run(experiment, scale, Path(folder) / str(workers), workers) for workers in (1, 2)]
            for difference in differences(experiment, *both):
                print(f"{experiment}: {difference}", flush=True)
                found[experiment] += 1
    print(", ".join(f"{name}: {count or 'no'} differences" for name, count in found.items()))
    return int(any(found.values()))


if __name__ == "__main__":
    sys.exit(exit_code(main))
