"""`python -m figures [NAME …] [--results FOLDER] [--out FOLDER]`."""

import argparse
import importlib
import pkgutil
import sys
from pathlib import Path

from matplotlib import pyplot as plt

import figures
from backends.interface import UserError
from experiments.harness import tables
from experiments.harness.tables import DEFAULT, Results
from figures import style


def names() -> list[str]:
    """All figures in the folder."""
    return [m.name for m in pkgutil.iter_modules(figures.__path__) if m.name not in ("__main__", "style")]


def draw(name: str, results: Results, out: Path) -> list[Path]:
    """Draw one figure and write it. Raises UserError where a table is missing or damaged."""
    style.apply()
    figure = importlib.import_module(f"figures.{name}").draw(results)
    try:
        return style.save(figure, out, name)
    finally:
        plt.close(figure)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m figures", description="Draw figures from recorded results.")
    parser.add_argument("name", nargs="*", metavar="NAME", help=f"default: all of {', '.join(names())}")
    parser.add_argument("--results", type=Path, default=DEFAULT, help="results folder (default: results/reference)")
    parser.add_argument("--out", type=Path, help="where to (default: figures/ in the results folder)")
    options = parser.parse_args(arguments)
    out, failed = options.out or options.results / "figures", 0
    try:
        for unknown in set(options.name) - set(names()):
            raise UserError(f"unknown figure '{unknown}': one of {', '.join(names())}")
        results = tables.at(options.results)
        out.mkdir(parents=True, exist_ok=True)
        for name in options.name or names():
            failed += not _drawn(name, results, out)
    except (UserError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 2 if failed else 0


def _drawn(name: str, results: Results, out: Path) -> bool:
    """Draw one figure and say so; a figure that cannot be drawn does not keep the others from it."""
    try:
        print(*draw(name, results, out))
    except UserError as error:
        print(f"error: figure {name}: {error}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
