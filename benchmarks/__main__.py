"""`python -m benchmarks [--scale smoke|quick|full]`: run the benchmarks and print the ratios."""

import argparse
import sys

from rich.console import Console
from rich.table import Table

from backends.interface import UserError
from benchmarks import collect


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument("--scale", choices=("smoke", "quick", "full"), default="quick")
    try:
        tables = collect.run(options.parse_args().scale)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for name, rows in tables.items():
        table = Table(*rows.columns, title=name)
        for row in rows.itertuples(index=False):
            table.add_row(*(f"{v:,.3g}" if isinstance(v, float) else str(v) for v in row))
        Console(width=None if sys.stdout.isatty() else 120).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
