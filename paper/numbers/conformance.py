"""Numbers of the paper's section on conformance."""

from typing import Any

import pandas as pd

from artifact.words import number
from experiments.harness.tables import Results

_KINDS = ("value", "trap", "timing", "soft limit", "gradient")


def build(results: Results) -> dict[str, Any]:
    """As `numbers.build`."""
    cases = results.table("conformance", "cases")
    totals = cases.groupby(["backend", "kind"], sort=False)[["cases", "passed"]].sum()
    rows = [
        [backend, *(_share(totals.loc[(backend, kind)]) if (backend, kind) in totals.index else "–" for kind in _KINDS)]
        for backend in cases["backend"].drop_duplicates()
    ]
    values = {
        "machines": str(cases["backend"].nunique()),
        "cases": number(cases["cases"].sum()),
        "failed": number(cases["failed"].sum()),
    }
    return {"values": values, "tables": {"conformance": rows}}


def _share(row: pd.Series) -> str:
    passed, cases = number(row["passed"]), number(row["cases"])
    return passed if passed == cases else f"{passed} of {cases}"
