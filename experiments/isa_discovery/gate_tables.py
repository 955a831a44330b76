"""The command `areas`: the tables of gates that come with the suite, counted anew.

They hold what the experiment asks for: the ratified operations alone, the arithmetic units of the bases and with each ratified
extension, and the operations and units on the front of gates and instructions.
"""

import csv
from collections.abc import Mapping
from pathlib import Path

from backends.core.isa.expressions import recorded
from experiments.isa_discovery import area, comparison_tables, notation, ratified, run, synthesis


def count() -> int:
    """Count the gates of all operations and arithmetic units that the experiment asks for, and write the tables. Takes minutes,
    and needs Yosys (the extra 'area')."""
    tool = synthesis.tool()
    operations, units = area.known(area.OPERATIONS), area.known(area.UNITS)
    operations.clear()
    units.clear()
    operations.update(area.counted({notation.text(e): e for e in map(recorded, ratified.OPERATIONS.values())}))
    for base in area.BASES:
        area.alu_area(base)
    area.alu_area("rv32e", tuple(map(recorded, ratified.OPERATIONS.values())))
    for scale in run.SCALES.values():
        comparison_tables.front(scale.families)
    _write(area.OPERATIONS, operations, tool)
    _write(area.UNITS, units, tool)
    return 0


def _write(table: Path, found: Mapping[str, float], tool: str) -> None:
    with table.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("key", "gates", "tool"))
        rows.writerows((key, f"{gates:g}", tool) for key, gates in sorted(found.items()))
    print(f"{table}: {len(found)} counts")
