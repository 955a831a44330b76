"""Added operations as a file: JSON, a list of objects with name, format and what is computed.

`computes` is the nodes of an `Expression`: [operation, x, y], where 0 and 1 are the operands and 2 is the first node, or
["constant", word]. The order is that of the encodings.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backends.core.isa.expressions import CONSTANT, Expression, Node, recorded
from backends.core.isa.instruction_set import Isa
from backends.core.isa.meanings import ARITHMETIC
from backends.core.isa.table import Operation
from backends.interface import UserError


def text(extensions: Sequence[Operation]) -> str:
    rows = [
        {"name": row.name, "format": row.format, "computes": [list(node) for node in recorded(row.meaning).nodes]}
        for row in extensions
    ]
    return json.dumps(rows, indent=1) + "\n"


def read(file: Path, isa: Isa) -> Isa:
    """The instruction set with the operations of a file. Raises UserError for what is no such file."""
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{file} cannot be read as JSON: {error}") from None
    if not isinstance(rows, list):
        raise UserError(f"{file} is no list of operations: python -m experiments.isa_discovery suggest --write makes one")
    for k, row in enumerate(rows):
        try:
            isa = isa.extended(row["name"], Expression(tuple(_nodes(row["computes"]))), format=row["format"])
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{file}, operation {k + 1}: {error!r}; wanted are name, format R or I, and computes") from None
    return isa


def _nodes(rows: Any):
    for k, (operation, *operands) in enumerate(rows):
        known = operation == CONSTANT or (operation in ARITHMETIC and all(0 <= int(v) < k + 2 for v in operands))
        if not known or not 1 <= len(operands) <= 2:
            raise ValueError(f"node {k + 1}, {operation} {operands}")
        yield Node(operation, *map(int, operands))
