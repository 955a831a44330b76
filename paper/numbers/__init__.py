"""Every number and table of the paper, from recorded results; the sections type none of their own.

`values` are pieces of prose such as "1.08 ms", `tables` are rows of text. What a results folder does not hold is "not run".
An experiment has a section in `paper/sections/`, and a module here, with a function `build(results)`: what the section shows by
name, rows of a table as a list; what is no text is written by `words.number`.
"""

import importlib
from collections import Counter
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from artifact import claims
from artifact.words import number, quantity
from experiments.harness import schema
from experiments.harness.tables import Results

_NAMES = {claims.PRIOR_WORK: "prior", claims.OURS: "ours"}
Rows: TypeAlias = list[list[Any]]
SECTIONS = Path(__file__).resolve().parent.parent / "sections"


def build(results: Results) -> dict[str, Any]:
    """`{"values": {name: text}, "tables": {name: rows}, "sections": names}`. Raises UserError where an experiment is missing or
    damaged."""
    own = [name for name in schema.experiments() if Path(__file__).with_name(f"{name}.py").is_file()]
    parts = [importlib.import_module(f"{__name__}.{name}").build(results) for name in own]
    sections = [name for name in schema.experiments() if (SECTIONS / f"{name}.typ").is_file()]
    return written(joined(*parts, _claims(results), _origin(results))) | {"sections": sections}


def joined(*parts: Mapping[str, Any]) -> dict[str, Any]:
    """One of several parts, which name different things."""
    counts = Counter(chain(*parts))
    assert counts.total() == len(counts), f"two parts of the paper name one of {counts.most_common(3)}"
    return {name: value for part in parts for name, value in part.items()}


def written(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Values and tables of a part, as text."""
    say = lambda value: value if isinstance(value, str) else number(value)  # noqa: E731
    tables = {name: [[say(cell) for cell in row] for row in rows] for name, rows in found.items() if isinstance(rows, list)}
    return {"values": {name: say(value) for name, value in found.items() if name not in tables}, "tables": tables}


def rows_of(table: pd.DataFrame, unit: str) -> Rows:
    """Quantities in a unit behind the names of their rows."""
    return table.map(quantity, unit=unit).reset_index().to_numpy().tolist()


def _claims(results: Results) -> dict[str, Any]:
    found: dict[str, Any] = {}
    verdicts = claims.judge_all(results)
    for origin, name in _NAMES.items():
        own = [v for v in verdicts if v.claim.origin == origin]
        measured = ["–" if v.verdict == claims.NOT_RUN else f"{number(v.measured)} {v.claim.unit}".strip() for v in own]
        rows = [[v.claim.statement.strip(), v.claim.claimed, m, v.verdict] for v, m in zip(own, measured, strict=True)]
        found |= {f"{name}_{verdict.replace(' ', '_')}": sum(v.verdict == verdict for v in own) for verdict in claims.VERDICTS}
        found |= {f"{name}_count": len(own), f"{name}_claims": rows}
    return found


def _origin(results: Results) -> dict[str, Any]:
    """Where the numbers come from; a reader must be able to tell one machine's tables from another's."""
    provenance: Mapping[str, Mapping[str, Any]] = {e: results.provenance(e) for e in results.experiments()}
    first = next(iter(provenance.values()))
    commits = sorted({str(p["code"]["commit"])[:10] + ("+" if p["code"]["dirty"] else "") for p in provenance.values()})
    return {
        "costs": [
            [e, p["scale"], quantity(p["wall_time_s"], "s"), quantity(p["peak_memory_bytes"], "B")]
            for e, p in provenance.items()
        ],
        "scale": " and ".join(dict.fromkeys(p["scale"] for p in provenance.values())),
        "cpu": first["machine"]["cpu"],
        "cores": first["machine"]["cores"],
        "gpu": first["machine"]["gpu"] or "no graphics processor",
        "commit": ", ".join(commits) + (" (+: changed since)" if any("+" in c for c in commits) else ""),
        "versions": ", ".join(f"{k} {v}" for k, v in first["packages"].items() if k in ("python", "jax", "torch", "numba")),
    }
