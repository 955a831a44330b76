"""Every number and table of the paper, from recorded results; the sections type none of their own.

`values` are pieces of prose such as "1.08 ms", `tables` are rows of text. What a results folder does not hold is "not run".
An experiment has a module here, with a function `build`, and a section in `paper/sections/`.
"""

import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from artifact import claims
from artifact.words import number, quantity
from experiments.harness import schema
from experiments.harness.tables import Results

NOT_RUN = "not run"
_NAMES = {claims.PRIOR_WORK: "prior", claims.OURS: "ours"}
SECTIONS = Path(__file__).resolve().parent.parent / "sections"


def build(results: Results) -> dict[str, Any]:
    """`{"values": {name: text}, "tables": {name: rows}, "sections": names}`.

    Raises UserError where an experiment is missing or damaged.
    """
    own = [name for name in schema.experiments() if Path(__file__).with_name(f"{name}.py").is_file()]
    parts = [importlib.import_module(f"{__name__}.{name}").build(results) for name in own]
    sections = [name for name in schema.experiments() if (SECTIONS / f"{name}.typ").is_file()]
    return joined([*parts, _claims(results), _origin(results)]) | {"sections": sections}


def joined(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """One of several `{"values": …, "tables": …}`; either may be left out."""
    values: dict[str, str] = {}
    tables: dict[str, list[list[str]]] = {}
    for part in parts:
        taken = values.keys() & part.get("values", {}).keys() | tables.keys() & part.get("tables", {}).keys()
        assert not taken, f"two parts of the paper name {taken}"
        values |= part.get("values", {})
        tables |= part.get("tables", {})
    return {"values": values, "tables": tables}


def _claims(results: Results) -> dict[str, Any]:
    verdicts = claims.judge_all(results)
    rows = {
        origin: [
            [v.claim.statement.strip(), v.claim.claimed, _measured(v), v.verdict] for v in verdicts if v.claim.origin == origin
        ]
        for origin in claims.ORIGINS
    }
    values = {
        f"{_NAMES[origin]}_{verdict.replace(' ', '_')}": str(sum(r[-1] == verdict for r in rows[origin]))
        for origin in rows
        for verdict in claims.VERDICTS
    }
    values |= {f"{_NAMES[origin]}_claims": str(len(rows[origin])) for origin in rows}
    return {"values": values, "tables": {f"{_NAMES[origin]}_claims": rows[origin] for origin in rows}}


def _measured(verdict: claims.Verdict) -> str:
    return "–" if verdict.verdict == claims.NOT_RUN else f"{number(verdict.measured)} {verdict.claim.unit}".strip()


def _origin(results: Results) -> dict[str, Any]:
    """Where the numbers come from; a reader must be able to tell one machine's tables from another's."""
    provenance: Mapping[str, Mapping[str, Any]] = {e: results.provenance(e) for e in results.experiments()}
    first = next(iter(provenance.values()))
    commits = sorted({str(p["code"]["commit"])[:10] + ("+" if p["code"]["dirty"] else "") for p in provenance.values()})
    rows = [
        [e, p["scale"], quantity(p["wall_time_s"], "s"), quantity(p["peak_memory_bytes"], "B")] for e, p in provenance.items()
    ]
    values = {
        "scale": " and ".join(dict.fromkeys(p["scale"] for p in provenance.values())),
        "cpu": first["machine"]["cpu"],
        "cores": str(first["machine"]["cores"]),
        "gpu": first["machine"]["gpu"] or "no graphics processor",
        "commit": ", ".join(commits) + (" (+: changed since)" if any("+" in c for c in commits) else ""),
        "versions": ", ".join(f"{k} {v}" for k, v in first["packages"].items() if k in ("python", "jax", "torch", "numba")),
    }
    return {"values": values, "tables": {"costs": rows}}
