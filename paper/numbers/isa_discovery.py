"""Numbers of the paper's section on instruction discovery."""

from typing import Any

import pandas as pd

from experiments.harness.tables import Results
from paper import numbers

EXPERIMENT = "isa_discovery"


def build(results: Results) -> dict[str, Any]:
    """As `numbers` says."""
    return numbers.joined(*(part(results) for part in (_corpus, _selections, _operations, _controls)))


def _corpus(results: Results) -> dict[str, Any]:
    programs, measured, proofs, machines = (
        results.table(EXPERIMENT, t) for t in ("programs", "measured", "proofs", "machines")
    )
    training = programs[~programs["held_out"]]
    return {
        "isa_programs": len(training),
        "isa_families": training["family"].nunique(),
        "isa_instructions": training["instructions"].sum(),
        "isa_measured": len(measured),
        "isa_measured_machines": measured["backend"].nunique(),
        "isa_measured_wrong": (measured["predicted"] != measured["after"]).sum(),
        **proofs[["blocks", "proven"]].sum().add_prefix("isa_proofs_"),
        "isa_machine_cases": machines["cases"].sum(),
        "isa_machine_wrong": machines["mismatches"].sum(),
    }


def _selections(results: Results) -> dict[str, Any]:
    both = results.table(EXPERIMENT, "selections")
    selections, by_instruction = (both[both["alike"] == alike] for alike in ("program", "instruction"))
    median = selections.groupby(["method", "count"], sort=False)["mean_percent"].median().unstack()
    best = selections[selections["method"] == "exact"].set_index("count")
    shown = 8 if 8 in best.index else best.index.max()
    greedy = median.loc["marginal_greedy"]
    return {
        "isa_count": shown,
        "isa_mean": percent(best.loc[shown, "mean_percent"]),
        "isa_all": percent(by_instruction.set_index("count").loc[shown, "all_percent"]),
        "isa_optimal": both["optimal"].sum(),
        "isa_exact": both["method"].isin(("exact", "second_solver")).sum(),
        "isa_greedy_loss": percent((1 - greedy / median.loc["exact"]).max() * 100),
        "isa_counts": [[str(count) for count in median.columns]],
        "isa_selections": [[method.replace("_", " "), *map(percent, row)] for method, row in median.iterrows()],
    }


def _operations(results: Results) -> dict[str, Any]:
    operations, limits = results.table(EXPERIMENT, "operations"), results.table(EXPERIMENT, "limits")
    ratified = results.table(EXPERIMENT, "ratified")
    reachable = ratified[ratified["declared"] == "reachable"]
    return {
        "isa_operations": [
            [r.operation, r.expression, r.uses, r.programs, percent(r.mean_percent)] for r in operations.itertuples()
        ],
        "isa_limits": [[r.limits, r.uses, r.operations, percent(r.mean_percent)] for r in limits.itertuples()],
        "isa_reachable": len(reachable),
        "isa_in_corpus": reachable["corpus"].sum(),
        "isa_in_control": reachable["control"].sum(),
        "isa_not_in_corpus": _listed(reachable[~reachable["corpus"]]),
        "isa_against_declared": _listed(ratified[(ratified["declared"] != "reachable") & ratified["corpus"]]),
    }


def _controls(results: Results) -> dict[str, Any]:
    controls = results.table(EXPERIMENT, "controls")
    return {
        "isa_controls": [
            [f"{r.control}: {r.statement}".replace("_", " "), r.value, r.expected, "yes" if r.holds else "no"]
            for r in controls.itertuples()
        ],
        "isa_controls_failed": (~controls["holds"]).sum(),
    }


def _listed(operations: pd.DataFrame) -> str:
    return ", ".join(operations["operation"]) or "none"


def percent(value: float) -> str:
    return f"{value:.1f} %"
