"""Gates of operations and of arithmetic units, in NAND2 equivalents.

They are counted after synthesis (`synthesis.py`) for the smallest area: no layout, no wires, no timing, no decoder. Counts of
before are in `areas.csv` and `units.csv`, those that the experiment asks for; `python -m experiments.isa_discovery areas` makes
them anew. What is not there is synthesised, where Yosys is installed. They are keyed by the text of what is computed.
"""

import csv
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from os import cpu_count
from pathlib import Path

import numpy as np

from backends.core.isa.expressions import Expression
from backends.interface import UserError
from experiments.isa_discovery import notation, synthesis, verilog
from experiments.isa_discovery.operations import Operation
from experiments.isa_discovery.selection import Problem, Selection, exact

OPERATIONS = Path(__file__).with_name("areas.csv")
UNITS = Path(__file__).with_name("units.csv")
BASES = {"rv32e": False, "rv32em": True}
"""Whether the arithmetic unit of a base multiplies and divides; it does so in one cycle."""
_AHEAD = 32
"""Operations that are counted together where one of them is asked for."""


@cache
def known(table: Path) -> dict[str, float]:
    """NAND2 equivalents by key, from a table; what is counted later is added."""
    if not table.exists():
        return {}
    with table.open(newline="", encoding="utf-8") as file:
        return {row["key"]: float(row["gates"]) for row in csv.DictReader(file)}


def areas_of(operations: Sequence[Operation]) -> np.ndarray:
    """`[O]`: NAND2 equivalents of each operation alone; an immediate is an input of 32 bits, as a register is.

    Raises UserError where one is not in the table and there is no Yosys.
    """
    found = known(OPERATIONS)
    texts = [notation.text(operation.expression) for operation in operations]
    missing = {text: o.expression for text, o in zip(texts, operations, strict=True) if text not in found}
    if missing and not synthesis.available():
        raise UserError(f"the gates of {next(iter(missing))} are in no table, and {synthesis.ABSENT}")
    found.update(counted(missing))
    return np.array([found[text] for text in texts], float)


def counted(expressions: Mapping[str, Expression]) -> dict[str, float]:
    """Of each by its key. Each is synthesised by itself, since what Yosys finds can depend on what it did before."""
    with ThreadPoolExecutor(cpu_count()) as pool:
        found = pool.map(lambda e: synthesis.gates(verilog.module("alone", e), "alone"), expressions.values())
        return dict(zip(expressions, found, strict=True))


def unit_key(base: str, added: Sequence[Expression]) -> str:
    return "; ".join([base, *sorted(notation.text(expression) for expression in added)])


def alu_area(base: str, added: Sequence[Expression] = ()) -> float:
    """NAND2 equivalents of the whole arithmetic unit of a base (`BASES`) with these operations, synthesised as one circuit.

    What they share is found by Yosys, as far as it does. Raises UserError for another base, and as `areas_of` does.
    """
    if base not in BASES:
        raise UserError(f"unknown base '{base}': give one of {', '.join(BASES)}")
    found, key = known(UNITS), unit_key(base, added)
    if key not in found:
        if not synthesis.available():
            raise UserError(f"the gates of the unit {key} are in no table, and {synthesis.ABSENT}")
        found[key] = synthesised(base, added)
    return found[key]


def synthesised(base: str, added: Sequence[Expression]) -> float:
    """`alu_area` as it is found now."""
    parts = {f"added{k}": expression for k, expression in enumerate(sorted(added, key=notation.text))}
    return synthesis.gates(verilog.unit("unit", BASES[base], parts), "unit")


def within(
    problem: Problem, operations: Sequence[Operation], count: int, area: float, limit_s: float
) -> tuple[Selection, np.ndarray]:
    """The best selection of at most `count` operations within an area, and the areas `[O]` of those that were asked for, of
    others nan.

    An operation whose area is not known counts as free, so the solver's answer bounds all; it is the best one as soon as the
    areas of all that it takes are known. limit_s: of each solution.
    """
    table = known(OPERATIONS)
    areas = np.array([table.get(notation.text(operation.expression), np.nan) for operation in operations])
    by_saving = np.argsort(-np.bincount(problem.operation, problem.saved, problem.operations), kind="stable")
    while True:
        found = exact(replace(problem, areas=np.nan_to_num(areas)), count, area, limit_s)
        asked = [k for k in found.operations if np.isnan(areas[k])]
        if not asked:
            return found, areas
        further = [k for k in by_saving.tolist() if np.isnan(areas[k]) and k not in asked]
        asked += further[: max(0, _AHEAD - len(asked))]
        areas[asked] = areas_of([operations[k] for k in asked])
