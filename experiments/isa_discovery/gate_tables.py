"""The command `areas`: the tables of gates that come with the suite, counted anew."""

import argparse
import csv
from collections.abc import Mapping
from pathlib import Path

from backends.core.isa.expressions import Expression, recorded
from experiments.isa_discovery import area, discovery, notation, ratified, synthesis
from experiments.isa_discovery.candidates import Limits
from experiments.isa_discovery.profile import profiled


def run(options: argparse.Namespace) -> int:
    """Count the gates of every operation that these programs could use, of the ratified ones, and of the arithmetic units with
    the ratified extensions, and write the tables. Takes a quarter of an hour, and needs Yosys (the extra 'area')."""
    tool = synthesis.tool()
    subjects = [profiled(Path(file), ("-O2",), b"", options.max_steps)[0] for file in options.files]
    expressions = [operation.expression for operation in discovery.collect(subjects, Limits()).operations]
    expressions += [recorded(meaning) for meaning in ratified.OPERATIONS.values()]
    _write(area.OPERATIONS, area.counted({notation.text(e): e for e in expressions}), tool)
    _write(area.UNITS, units(), tool)
    return 0


def units() -> dict[str, float]:
    """By key: of every base as it is, and of RV32E with each ratified extension and with all of them. What multiplies is an
    order larger than these, and takes Yosys a minute."""
    added = [*extensions().values(), tuple(recorded(meaning) for meaning in ratified.OPERATIONS.values())]
    found = {area.unit_key(base, ()): area.synthesised(base, ()) for base in area.BASES}
    return found | {area.unit_key("rv32e", some): area.synthesised("rv32e", some) for some in added}


def extensions() -> dict[str, tuple[Expression, ...]]:
    """Of each ratified extension what can be expressed."""
    return {
        name: tuple(recorded(ratified.OPERATIONS[operation]) for operation in operations)
        for name, operations in ratified.EXTENSIONS.items()
    }


def _write(table: Path, found: Mapping[str, float], tool: str) -> None:
    with table.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("key", "gates", "tool"))
        rows.writerows((key, f"{gates:g}", tool) for key, gates in sorted(found.items()))
    print(f"{table}: {len(found)} counts")
