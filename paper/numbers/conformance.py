"""Numbers of the paper's section on conformance."""

from typing import Any

import pandas as pd

from artifact.words import number
from experiments.harness.tables import HARDWARE, Results

_KINDS = ("value", "trap", "timing", "soft limit", "gradient")


def build(results: Results) -> dict[str, Any]:
    """As `numbers` says."""
    cases = results.table("conformance", "cases")
    sums, rows = {name: cases[name].sum() for name in ("cases", "failed")}, _passed(cases)
    conform: list[str] = []
    for other in results.beside(HARDWARE):
        machine = other.provenance("conformance")["machine"]
        there = other.table("conformance", "cases")
        conform += [name for name, own in there.groupby("backend", sort=False) if not own["failed"].any()]
        rows += _passed(there.assign(backend=there["backend"] + " on " + (machine["gpu"] or machine["cpu"])))
    passed = " and ".join(conform)
    return {**sums, "machines": cases["backend"].nunique(), "conformance": rows, "conform_elsewhere": passed}


def _passed(cases: pd.DataFrame) -> list[list[str]]:
    """By machine, how many cases of each kind passed."""
    totals = cases.groupby(["backend", "kind"], sort=False)[["cases", "passed"]].sum()
    return [
        [backend, *(_share(*totals.loc[(backend, kind)]) if (backend, kind) in totals.index else "–" for kind in _KINDS)]
        for backend in cases["backend"].drop_duplicates()
    ]


def _share(cases: int, passed: int) -> str:
    return number(passed) if passed == cases else f"{number(passed)} of {number(cases)}"
