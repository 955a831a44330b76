"""The numbers of the paper's section on synthesis; `synthesis_rows.py` makes its tables."""

from typing import Any

import numpy as np
import pandas as pd

from artifact.words import number
from experiments.harness import manifest
from experiments.harness.tables import Results
from experiments.synthesis import statistics
from paper.numbers.synthesis_rows import HYBRID, NOT_RUN, interval, plain, tables

EXPERIMENT = "synthesis"
PLANTED, CONTROL, CHAIN, SOLVER, BLIND = "increment", "control", "mcmc", "smt", "hybrid_without_gradient"
_NAMES = (
    "found", "right", "refuted", "proven", "undecided", "tested", "held_out", "tasks", "methods", "runs", "seeds", "budget",
    "budget_s", "planted", "planted_of", "control", "control_runs", "control_interval", "longer", "longest", "shorter_cost",
    "fewer", "gap", "settled", "traces", "falling", "falling_name", "falling_interval", "fixed", "fixed_name", "fixed_interval",
    "hottest", "hottest_name", "hottest_interval", "larger", "scale", "unseen", "samples",
    "gradient_name", "gradient_right", "gradient_runs", "gradient_interval", "hybrid_name", "hybrid_right", "hybrid_runs",
    "hybrid_interval", "discrete_name", "discrete_right", "discrete_runs", "discrete_interval", "solver_solved",
    "solver_faster", "solver_tasks", "blind_right", "blind_hybrid", "blind_runs", "blind_cost", "blind_time", "blind_tasks",
)  # fmt: skip


def build(results: Results) -> dict[str, Any]:
    """`{"values": {name: text}, "tables": {name: rows}}`, as `numbers.build`; names begin with `synthesis`. Of the larger run
    beside the results, where there is one."""
    own, results = results, results.fullest(EXPERIMENT)
    runs, tasks = results.table(EXPERIMENT, "runs"), results.table(EXPERIMENT, "tasks")
    values = dict.fromkeys(_NAMES, NOT_RUN) | {
        "scale": str(results.provenance(EXPERIMENT)["scale"]), "larger": "" if results is own else results.root.name,
    }  # fmt: skip
    for part in (_size, _evidence, _controls, _best, _hybrid, _blind, _solver):
        values |= part(runs)
    values |= _trajectories(results) | _schedules(results) | _density(tasks)
    minute = _longer_runs(own)
    values["minute_budget_s"] = _span(minute["budget_s"].min(), minute["budget_s"].max()) if len(minute) else ""
    return {
        "values": {f"synthesis_{name}": text for name, text in values.items()},
        "tables": {f"synthesis_{name}": rows for name, rows in tables(runs, tasks, minute).items()},
    }


def _longer_runs(results: Results) -> pd.DataFrame:
    """The runs that belong to the results with longer budgets; no rows where there are none."""
    longer = [r.table(EXPERIMENT, "runs") for r in results.beside(manifest.MINUTE) if EXPERIMENT in r.experiments()]
    return longer[0] if longer else results.table(EXPERIMENT, "runs").head(0)


def _size(runs: pd.DataFrame) -> dict[str, str]:
    seeds = runs.groupby(["task", "method"])["seed"].nunique()
    return {
        "tasks": number(runs["task"].nunique()),
        "methods": number(runs["method"].nunique()),
        "runs": number(len(runs)),
        "seeds": _span(seeds.min(), seeds.max()),
        "budget": _span(runs["budget_evaluations"].min(), runs["budget_evaluations"].max()),
        "budget_s": _span(runs["budget_s"].min(), runs["budget_s"].max()),
    }


def _span(low: float, high: float) -> str:
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def _evidence(runs: pd.DataFrame) -> dict[str, str]:
    """What is known of the programs that methods returned; `tested`: of right programs that have no proof to ask for."""
    right = runs[runs["right"]]
    proofs = right["proof"].value_counts()
    return {
        "found": number(runs["found"].sum()),
        "right": number(len(right)),
        "refuted": number((runs["found"] & ~runs["right"]).sum()),
        "held_out": number(runs["tested"].max()),
        **{name: number(proofs.get(name, 0)) for name in ("proven", "undecided", "tested")},
    }


def _controls(runs: pd.DataFrame) -> dict[str, str]:
    planted = runs[(runs["task"] == PLANTED) & (runs["family"] != CONTROL)].groupby("method")["right"].any()
    values = {"planted": number(planted.sum()), "planted_of": number(len(planted))} if len(planted) else {}
    own = runs[(runs["family"] == CONTROL) & (runs["group"] != statistics.CONTROL_GROUP)]
    if len(own):
        row = statistics.tally(own, ("family",)).iloc[0]
        values |= {"control": number(row["right"]), "control_runs": number(row["runs"]), "control_interval": interval(row)}
    return values


def _best(runs: pd.DataFrame) -> dict[str, str]:
    """Of the gradient, hybrid and discrete family the method with the highest rate over all tasks it was run on."""
    values: dict[str, str] = {}
    every = statistics.tally(runs[runs["group"] != statistics.CONTROL_GROUP], ("family", "method"))
    for family in ("gradient", "hybrid", "discrete"):
        own = every[every["family"] == family]
        if len(own):
            row = own.loc[own["rate"].idxmax()]
            values |= {
                f"{family}_name": plain(row["method"]), f"{family}_right": number(row["right"]),
                f"{family}_runs": number(row["runs"]), f"{family}_interval": interval(row),
            }  # fmt: skip
    gaps = runs.loc[runs["family"] == "gradient", "gap"].dropna()
    return values | ({"gap": number(gaps.median() + 0.0)} if len(gaps) else {})


def _hybrid(runs: pd.DataFrame) -> dict[str, str]:
    """The hybrid against the Markov chain on the longer half of the tasks."""
    longer = statistics.longer_half(runs)
    cost = _costs(runs[runs["task"].isin(longer)])
    if not {HYBRID, CHAIN} <= set(cost):
        return {}
    both = cost[[HYBRID, CHAIN]].dropna()
    ratio = both[HYBRID] / both[CHAIN]
    return {
        "longer": number(len(both)),
        "longest": number(runs.loc[runs["task"].isin(longer), "shortest"].min()),
        "fewer": number((both[HYBRID] < both[CHAIN]).sum()),
        "shorter_cost": number(ratio.median()),
    }


def _blind(runs: pd.DataFrame) -> dict[str, str]:
    """The hybrid against the same walk without its gradient, on the tasks and seeds that both were run on; ratios on the tasks
    that both solve."""
    both = runs[runs["method"].isin([HYBRID, BLIND]) & (runs["group"] != statistics.CONTROL_GROUP)]
    both = both[both.groupby(["task", "seed"])["method"].transform("nunique") == 2]
    if both.empty:
        return {}
    right = both.groupby("method")["right"].sum()
    costs, times = (_costs(both, of).replace(np.inf, np.nan).dropna() for of in ("to_solution", "to_solution_s"))
    return {
        "blind_right": number(right[BLIND]), "blind_hybrid": number(right[HYBRID]), "blind_runs": number(len(both) // 2),
        "blind_tasks": number(len(costs)), "blind_cost": number((costs[HYBRID] / costs[BLIND]).median()),
        "blind_time": number((times[HYBRID] / times[BLIND]).median()),
    }  # fmt: skip


def _costs(runs: pd.DataFrame, of: str = "to_solution") -> pd.DataFrame:
    """Cost of a solution, tasks by methods; infinite where there was none, NaN where a method was not run."""
    return statistics.tally(runs).pivot(index="task", columns="method", values=of)


def _solver(runs: pd.DataFrame) -> dict[str, str]:
    """The constraint solver against, on each task, the gradient method that is best there; by time, as solving executes
    nothing."""
    own = runs[runs["group"] != statistics.CONTROL_GROUP]
    gradient, solver = own[own["family"] == "gradient"], own[own["method"] == SOLVER]
    shared = set(gradient["task"]) & set(solver["task"])
    if not shared:
        return {}
    best = statistics.tally(gradient).groupby("task").agg(rate=("rate", "max"), time_s=("to_solution_s", "min"))
    other = statistics.tally(solver).set_index("task").loc[sorted(shared)]
    best = best.loc[other.index]
    return {
        "solver_tasks": number(len(other)),
        "solver_solved": number((other["rate"] >= best["rate"]).sum()),
        "solver_faster": number((other["to_solution_s"] < best["time_s"]).sum()),
    }


def _trajectories(results: Results) -> dict[str, str]:
    if "traces" not in results.provenance(EXPERIMENT)["tables"]:
        return {}
    shares = [
        statistics.converged(trace) / trace["evaluations"].max()
        for _, trace in results.table(EXPERIMENT, "traces").groupby(["task", "method", "seed"])
    ]
    return {"traces": number(len(shares)), "settled": f"{100 * np.median(shares):.0f} %"} if shares else {}


def _schedules(results: Results) -> dict[str, str]:
    """The best falling schedule, the best fixed one, and the fixed one that is hottest."""
    if "schedules" not in results.provenance(EXPERIMENT)["tables"]:
        return {}
    found = statistics.tally(
        results.table(EXPERIMENT, "schedules"), ("schedule", "first_temperature", "last_temperature")
    ).sort_values("rate", ascending=False, kind="stable")
    fixed = found["first_temperature"] == found["last_temperature"]
    kinds = {
        "falling": found[~fixed],
        "fixed": found[fixed],
        "hottest": found[fixed].sort_values("first_temperature", ascending=False),
    }
    values: dict[str, str] = {}
    for kind, rows in kinds.items():
        for row in rows.head(1).to_dict("records"):
            values |= {
                f"{kind}_name": str(row["schedule"]).removeprefix("fixed "), f"{kind}_interval": interval(row),
                kind: f"{number(row['right'])} of {number(row['runs'])}",
            }  # fmt: skip
    return values


def _density(tasks: pd.DataFrame) -> dict[str, str]:
    return {"samples": _span(tasks["samples"].min(), tasks["samples"].max()), "unseen": number((tasks["solutions"] == 0).sum())}
