"""The command line of what is made of a folder of results."""

import argparse
from collections.abc import Callable
from pathlib import Path

from backends.core.errors import exit_code
from experiments.harness.tables import DEFAULT


def maker(module: str, description: str, file: str, make: Callable[[Path, Path], None]) -> Callable[..., int]:
    """The `main` of `python -m module`: `make(results, out)` writes a file, in the folder of results unless told otherwise."""

    def main(arguments: list[str] | None = None) -> int:
        parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
        parser.add_argument("--results", type=Path, default=DEFAULT, help="results folder (default: results/reference)")
        parser.add_argument("--out", type=Path, help=f"default: {file} in the results folder")
        options = parser.parse_args(arguments)
        out = options.out or options.results / file

        def made() -> int:
            make(options.results, out)
            print(out)
            return 0

        return exit_code(made)

    return main
