"""`python -m artifact.appendix`: write the generated tables of `ARTIFACT.md` anew, from the reference results and the claims.

A generated table stands between two comments, `<!-- generated: NAME -->` and `<!-- end -->`.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from artifact import claims
from artifact.words import quantity
from backends.core.errors import exit_code
from backends.interface import UserError
from experiments.harness import record
from experiments.harness.tables import DEFAULT, ROLES, Results

APPENDIX = Path(__file__).with_name("ARTIFACT.md")


def costs(results: Results) -> str:
    """Hardware, time, memory and disk of every recorded experiment, as a Markdown table."""
    rows, runs = [], [results, *(other for role in ROLES for other in results.beside(role))]
    for name, run in ((name, run) for name in results.experiments() for run in runs if name in run.experiments()):
        facts = run.provenance(name)
        machine, disk = facts["machine"], sum(f.stat().st_size for f in (run.root / name).glob("*.csv"))
        hardware = f"{machine['cpu']}, {machine['cores']} cores" + (f", {machine['gpu']}" if machine["gpu"] else "")
        sizes = (quantity(facts["wall_time_s"], "s"), quantity(facts["peak_memory_bytes"], "B"), quantity(disk, "B"))
        rows.append((f"`{name}`", facts["scale"] if run is results else run.root.name, hardware, *sizes))
    return _markdown(("experiment", "scale", "measured on", "time", "peak memory", "tables on disk"), rows)


def commands() -> str:
    """The exact command of every claim, as a Markdown table."""
    rows = []
    for c in claims.load():
        command = f"`python -m experiments experiment={c.experiment}`" + f", the set `{c.beside}`" * bool(c.beside)
        rows.append((f"`{c.id}`", c.statement.strip(), f"`{c.claimed}`", command, c.cost))
    return _markdown(("claim", "statement", "claimed", "command", "cost"), rows)


def _markdown(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = (header, ("---",) * len(header), *rows)
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def filled(text: str, results: Results) -> str:
    """The appendix with its generated tables replaced."""
    for name, table in (("costs", costs(results)), ("commands", commands())):
        start, end = f"<!-- generated: {name} -->", "<!-- end -->"
        before, _, generated = text.partition(start)
        _, found, after = generated.partition(end)
        if not found:
            raise UserError(f"{APPENDIX} lacks the lines '{start}' and '{end}'")
        text = f"{before}{start}\n{table}\n{end}{after}"
    return text


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m artifact.appendix", description="Refresh the tables of ARTIFACT.md.")
    parser.parse_args(arguments)
    return exit_code(_refresh)


def _refresh() -> int:
    record.write_files(APPENDIX.parent, {APPENDIX.name: filled(APPENDIX.read_text(encoding="utf-8"), Results(DEFAULT))})
    return 0


if __name__ == "__main__":
    sys.exit(main())
