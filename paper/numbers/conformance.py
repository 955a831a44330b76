"""Numbers of the paper's section on conformance."""

from typing import Any

from artifact.words import number
from experiments.harness.tables import Results

_KINDS = ("value", "trap", "timing", "soft limit", "gradient")


def build(results: Results) -> dict[str, Any]:
    """As `numbers` says."""
    cases = results.table("conformance", "cases")
    totals = cases.groupby(["backend", "kind"], sort=False)[["cases", "passed"]].sum()
    rows = [
        [backend, *(_share(*totals.loc[(backend, kind)]) if (backend, kind) in totals.index else "–" for kind in _KINDS)]
        for backend in cases["backend"].drop_duplicates()
    ]
    sums = {name: cases[name].sum() for name in ("cases", "failed")}
    return {**sums, "machines": cases["backend"].nunique(), "conformance": rows}


def _share(cases: int, passed: int) -> str:
    return number(passed) if passed == cases else f"{number(passed)} of {number(cases)}"
