"""`python -m experiments.harness.repeat [SCALE]`: does the same seed give the same tables, whatever the number of workers?

Runs every experiment with one worker and one thread, and with two of each, into folders of their own, and compares all columns
but those that its schema calls timings. Exit code 1 where something differs.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from backends.core.errors import exit_code
from experiments.harness import schema
from experiments.harness.tables import Results


def differences(experiment: str, first: Results, second: Results) -> Iterator[str]:
    """Tables and columns that are not the same in both, but for timings."""
    made = [results.provenance(experiment)["tables"] for results in (first, second)]
    for name in sorted(set(made[0]) ^ set(made[1])):
        yield f"{name}: made once only"
    for name in sorted(set(made[0]) & set(made[1])):
        one, other = (results.table(experiment, name) for results in (first, second))
        if len(one) != len(other):
            yield f"{name}: {len(one)} rows, {len(other)} rows"
            continue
        for column in (c.name for c in schema.of(experiment)[name].columns if not c.timing):
            same = (one[column] == other[column]) | (one[column].isna() & other[column].isna())
            if not same.all():
                yield f"{name}.{column}: {int((~same).sum())} of {len(one)} rows"


def run(experiment: str, scale: str, folder: Path, workers: int) -> Results:
    """A run into a folder of its own. Raises CalledProcessError where it fails."""
    settings = [f"experiment={experiment}", f"scale={scale}", f"workers={workers}", f"results={folder}", "tracking=off"]
    environment = os.environ | {"BACKEND_THREADS": str(workers)}
    subprocess.run([sys.executable, "-m", "experiments", *settings], env=environment, stdout=sys.stderr, check=True)
    return Results(folder / scale)


def main() -> int:
    scale, found = (sys.argv[1:] or ["smoke"])[0], pd.Series(0, schema.experiments())
    for experiment in schema.experiments():
        with tempfile.TemporaryDirectory() as folder:
            both = [run(experiment, scale, Path(folder) / str(workers), workers) for workers in (1, 2)]
            for difference in differences(experiment, *both):
                print(f"{experiment}: {difference}")
                found[experiment] += 1
    print(", ".join(f"{name}: {count or 'no'} differences" for name, count in found.items()))
    return int(found.any())


if __name__ == "__main__":
    sys.exit(exit_code(main))
