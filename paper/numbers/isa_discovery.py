"""Numbers of the paper's section on instruction discovery."""

from typing import Any

import numpy as np
import pandas as pd

from artifact.words import quantity
from experiments.harness.tables import Results
from paper import numbers

EXPERIMENT = "isa_discovery"


def build(results: Results) -> dict[str, Any]:
    """As `numbers` says, of a larger run where there is one."""
    results = results.fullest(EXPERIMENT)
    return numbers.joined(
        *(part(results) for part in (_corpus, _selections, _operations, _elsewhere, _generalisation, _invention, _controls))
    )


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


def _elsewhere(results: Results) -> dict[str, Any]:
    """Gates, and what the compiler does with the ratified extensions."""
    front, clang = results.table(EXPERIMENT, "front"), results.table(EXPERIMENT, "clang")
    base = front.loc[front["kind"] == "base", "unit_gates"].iloc[0]
    saved = {name: 100 * (1 - clang[name] / clang["base"]).mean() for name in ("clang_extended", "selected")}
    return {
        "isa_front": [
            [
                r.point,
                r.operations,
                "–" if pd.isna(r.gates_alone) else f"{r.gates_alone:,.0f}",
                f"{r.unit_gates - base:,.0f}",
                percent(r.mean_percent),
            ]
            for r in front.itertuples()
            if r.kind != "base"
        ],
        "isa_base_gates": f"{base:,.0f}",
        "isa_clang": percent(saved["clang_extended"]),
        "isa_clang_ours": percent(saved["selected"]),
        "isa_clang_worse": (clang["clang_extended"] > clang["base"]).sum(),
        "isa_clang_behind": (clang["selected"] > clang["clang_extended"]).sum(),
        "isa_clang_programs": len(clang),
    }


def _generalisation(results: Results) -> dict[str, Any]:
    found, programs = results.table(EXPERIMENT, "generalisation"), results.table(EXPERIMENT, "programs")
    held_out = set(programs.loc[programs["held_out"], "family"])
    weight = programs.groupby("family")["instructions"].sum()
    values: dict[str, Any] = {"isa_held_out_programs": programs["held_out"].sum(), "isa_held_out_families": len(held_out)}
    for name, kind in (("plain", "training"), ("shared", "training, operations of two programs or more")):
        own = found[(found["trained_on"] == kind) & found["family"].isin(held_out)]
        values[f"isa_held_{name}"] = percent(np.average(own["reduction_percent"], weights=own["programs"]))
        values[f"isa_held_{name}_all"] = percent(np.average(own["all_percent"], weights=weight[own["family"]]))
        values["isa_held_ceiling"] = percent(np.average(own["own_optimum_percent"], weights=own["programs"]))
    left_out = found[found["trained_on"] == "all other families"]
    values["isa_left_out"] = percent(np.average(left_out["reduction_percent"], weights=left_out["programs"]))
    return values


def _invention(results: Results) -> dict[str, Any]:
    optima, every = results.table(EXPERIMENT, "optima"), results.table(EXPERIMENT, "entrants")
    entrants, longer = every.query("usual"), every.query("not usual and method == 'annealing' and case == 'words_4'")
    runs = entrants.groupby(["case", "method", "family"], sort=False)
    summary = runs.agg(
        seeds=("hit", "size"), hits=("hit", "sum"), regret=("regret_percent", "median"), time_s=("time_s", "median")
    )
    found: dict[str, Any] = {}
    for room in ("boolean", "words"):
        own = summary[summary.index.get_level_values("case").str.startswith(room)]
        if own.empty:
            parts = ("case", "gradient", *_BESIDE, *(f"{part}_hits" for part in _BESIDE))
            found |= {f"isa_{room}_{part}": "not run" for part in parts}
            continue
        case = own.index.get_level_values("case")[-1]
        own = own.loc[case]
        gradient = own.xs("gradient", level="family").assign(share=lambda g: g["hits"] / g["seeds"])
        best = gradient.sort_values(["share", "regret"], ascending=[False, True], kind="stable").index[0]
        found |= {f"isa_{room}_case": case.replace("_", " "), f"isa_{room}_gradient": best.replace("_", " ")}
        by_method = own.droplevel("family")
        for part, method in _BESIDE.items():
            row = by_method.loc[method.format(best)] if method.format(best) in by_method.index else None
            found[f"isa_{room}_{part}"] = "not run" if row is None else f"{_hits(row)} (median regret {percent(row.regret)})"
            found[f"isa_{room}_{part}_hits"] = "not run" if row is None else _hits(row)
    rows = [
        [*key[:2], r.seeds, r.hits, percent(r.regret), quantity(r.time_s, "s")]
        for key, r in zip(summary.index, summary.itertuples(), strict=True)
    ]
    longest = longer[longer["share"] == longer["share"].max()]["hit"]
    return found | {
        "isa_words_annealing_longer": f"{longest.sum()} of {len(longest)}" if len(longest) else "not run",
        "isa_entrants": [[str(cell).replace("_", " ") for cell in row] for row in rows],
        "isa_optima": [
            [r.case.replace("_", " "), r.operations, r.tasks, r.sets, r.optima, r.best_cost, r.median_cost]
            for r in optima.itertuples()
        ],
    }


_BESIDE = {"best": "{}", "permuted": "{}_permuted", "noise": "{}_noise", "annealing": "annealing", "random": "random"}
"""What stands beside the best method with a gradient: itself without it, and others."""


def _hits(row: Any) -> str:
    return f"{int(row.hits)} of {int(row.seeds)}"


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
