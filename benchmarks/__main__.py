"""`python -m benchmarks [--scale smoke|quick|full]`: run the benchmarks and print the ratios."""

import argparse
import sys

from rich.table import Table

from backends.core.errors import exit_code
from backends.core.screen import Screen
from benchmarks import collect


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Run the benchmarks and print the ratios.")
    parser.add_argument("--scale", choices=("smoke", "quick", "full"), default="quick", help="default: quick")
    options = parser.parse_args()
    return exit_code(lambda: _shown(options.scale))


def _shown(scale: str) -> int:
    for name in collect.TABLES:
        rows = collect.run(name, scale)
        table = Table(*rows.columns, title=name)
        for row in rows.itertuples(index=False):
            table.add_row(*(f"{v:,.3g}" if isinstance(v, float) else str(v) for v in row))
        Screen().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
