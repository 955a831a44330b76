"""`python -m figures [NAME …] [--results FOLDER] [--out FOLDER]`."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from backends.core.errors import exit_code
from backends.interface import UserError
from experiments.harness import schema, tables
from experiments.harness.tables import DEFAULT, Results
from figures import style


def names() -> list[str]:
    """All figures, `overview` first, then those of the experiments in their order."""
    return ["overview", *(name for x in schema.experiments() for name in figures_of(x))]


def figures_of(experiment: str) -> list[str]:
    """Those in the folder of an experiment."""
    folder = Path(__file__).parent / experiment
    return sorted(file.stem for file in folder.glob("*.py") if not file.stem.startswith("_"))


def figure(name: str, results: Results) -> Figure:
    """The figure of that name. Raises UserError where a table is missing or damaged."""
    style.apply()
    place = next((f"{x}." for x in schema.experiments() if name in figures_of(x)), "")
    return importlib.import_module(f"figures.{place}{name}").draw(results)


def draw(name: str, results: Results, out: Path, kinds: Sequence[str] = style.KINDS) -> list[Path]:
    """Draw one figure and write it, in these kinds of file."""
    drawn = figure(name, results)
    try:
        return style.save(drawn, out, name, kinds)
    finally:
        plt.close(drawn)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m figures", description="Draw figures from recorded results.")
    parser.add_argument("name", nargs="*", metavar="NAME", help=f"default: all of {', '.join(names())}")
    parser.add_argument("--results", type=Path, default=DEFAULT, help="results folder (default: results/reference)")
    parser.add_argument("--out", type=Path, help="where to (default: figures/ in the results folder)")
    options = parser.parse_args(arguments)
    return exit_code(lambda: _draw_all(options.name or names(), options.results, options.out or options.results / "figures"))


def _draw_all(chosen: list[str], folder: Path, out: Path) -> int:
    for unknown in set(chosen) - set(names()):
        raise UserError(f"unknown figure '{unknown}': one of {', '.join(names())}")
    results, code = tables.at(folder), 0
    out.mkdir(parents=True, exist_ok=True)
    for name in chosen:
        try:
            print(*draw(name, results, out))
        except UserError as error:  # does not keep the others from being drawn
            print(f"error: figure {name}: {error}", file=sys.stderr)
            code = 2
    return code


if __name__ == "__main__":
    sys.exit(main())
