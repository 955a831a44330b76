"""The numbers of the paper's section on synthesis; `synthesis_rows.py` makes its tables."""

from typing import Any

import numpy as np
import pandas as pd

from artifact.words import number
from experiments.harness.tables import MINUTE, Results
from experiments.synthesis import statistics
from paper import numbers
from paper.numbers.synthesis_rows import HYBRID, interval, plain, tables

EXPERIMENT = "synthesis"
PLANTED, CONTROL, CHAIN, SOLVER, BLIND = "increment", "control", "mcmc", "smt", "hybrid_without_gradient"


def build(results: Results) -> dict[str, Any]:
    """As `numbers` says; names begin with `synthesis`. Of the larger run beside the results, where there is one."""
    own, results = results, results.fullest(EXPERIMENT)
    runs, tasks, minute = results.table(EXPERIMENT, "runs"), results.table(EXPERIMENT, "tasks"), _longer_runs(own)
    others = runs[runs["group"] != statistics.CONTROL_GROUP]
    found = numbers.joined(
        *(part(runs) for part in (_size, _evidence, _controls, _best, _hybrid)), *(part(others) for part in (_blind, _solver)),
        *(part(results) for part in (_trajectories, _schedules)), tables(runs, tasks, minute),
        {
            "scale": str(results.provenance(EXPERIMENT)["scale"]), "larger": "" if results is own else results.root.name,
            "samples": _span(tasks["samples"]), "unseen": (tasks["solutions"] == 0).sum(),
            "minute_budget_s": _span(minute["budget_s"]) if len(minute) else "",
        },
    )  # fmt: skip
    return {f"synthesis_{name}": value for name, value in found.items()}


def _longer_runs(results: Results) -> pd.DataFrame:
    """The runs that belong to the results with longer budgets; no rows where there are none."""
    longer = [r.table(EXPERIMENT, "runs") for r in results.beside(MINUTE) if EXPERIMENT in r.experiments()]
    return longer[0] if longer else results.table(EXPERIMENT, "runs").head(0)


def _size(runs: pd.DataFrame) -> dict[str, Any]:
    return {
        "task_count": runs["task"].nunique(),
        "method_count": runs["method"].nunique(),
        "runs": len(runs),
        "seeds": _span(runs.groupby(["task", "method"])["seed"].nunique()),
        "budget": _span(runs["budget_evaluations"]),
        "budget_s": _span(runs["budget_s"]),
    }


def _span(values: pd.Series) -> str:
    low, high = values.min(), values.max()
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def _evidence(runs: pd.DataFrame) -> dict[str, Any]:
    """What is known of the programs that methods returned; `tested`: of right programs that have no proof to ask for."""
    right = runs[runs["right"]]
    proofs = right["proof"].value_counts()
    return {
        "found": runs["found"].sum(),
        "right": len(right),
        "refuted": (runs["found"] & ~runs["right"]).sum(),
        "held_out": runs["tested"].max(),
        **{name: proofs.get(name, 0) for name in ("proven", "undecided", "tested")},
    }


def _controls(runs: pd.DataFrame) -> dict[str, Any]:
    planted = runs[(runs["task"] == PLANTED) & (runs["family"] != CONTROL)].groupby("method")["right"].any()
    values: dict[str, Any] = {"planted": planted.sum(), "planted_of": len(planted)} if len(planted) else {}
    own = runs[(runs["family"] == CONTROL) & (runs["group"] != statistics.CONTROL_GROUP)]
    if len(own):
        row = statistics.tally(own, ("family",)).iloc[0]
        values |= {"control": row["right"], "control_runs": row["runs"], "control_interval": interval(row)}
    return values


def _best(runs: pd.DataFrame) -> dict[str, Any]:
    """Of the gradient, hybrid and discrete family the method with the highest rate, of those that were run on all tasks."""
    values: dict[str, Any] = {}
    every = statistics.tally(runs[runs["group"] != statistics.CONTROL_GROUP], ("family", "method"))
    every = every[every["runs"] == every["runs"].max()]  # on the same tasks
    for family in ("gradient", "hybrid", "discrete"):
        own = every[every["family"] == family]
        if len(own):
            row = own.loc[own["rate"].idxmax()]
            values |= {
                f"{family}_name": plain(row["method"]), f"{family}_interval": interval(row),
                f"{family}_right": row["right"], f"{family}_runs": row["runs"],
            }  # fmt: skip
    gaps = runs.loc[runs["family"] == "gradient", "gap"].dropna()
    return values | ({"gap": gaps.median() + 0.0} if len(gaps) else {})


def _hybrid(runs: pd.DataFrame) -> dict[str, Any]:
    """The hybrid against the Markov chain on the longer half of the tasks."""
    longer = statistics.longer_half(runs)
    cost = _costs(runs[runs["task"].isin(longer)])
    if not {HYBRID, CHAIN} <= set(cost):
        return {}
    both = cost[[HYBRID, CHAIN]].dropna()
    return {
        "longer": len(both),
        "longest": runs.loc[runs["task"].isin(longer), "shortest"].min(),
        "fewer": (both[HYBRID] < both[CHAIN]).sum(),
        "shorter_cost": (both[HYBRID] / both[CHAIN]).median(),
    }


def _blind(runs: pd.DataFrame) -> dict[str, Any]:
    """The hybrid against the same walk without its gradient, on the tasks and seeds that both were run on; ratios on the tasks
    that both solve."""
    found = statistics.paired(runs, HYBRID, BLIND)
    if found is None:
        return {}
    lines = statistics.paired(runs[runs["group"] != statistics.LOOPS], HYBRID, BLIND) or found
    both = runs[runs["method"].isin([HYBRID, BLIND])]
    costs, times = (_costs(both, of).replace(np.inf, np.nan).dropna() for of in ("to_solution", "to_solution_s"))
    return {
        "blind_right": found.other_right, "blind_hybrid": found.right, "blind_runs": found.runs, "blind_tasks": len(costs),
        "blind_lines": lines.tasks, "blind_points": f"{lines.points:+.1f} points ({lines.low:+.1f} to {lines.high:+.1f})",
        "blind_only": f"{lines.only_one} against {lines.only_other}", "blind_p": f"{lines.p:.1g}",
        "blind_cost": (costs[HYBRID] / costs[BLIND]).median(), "blind_time": (times[HYBRID] / times[BLIND]).median(),
    }  # fmt: skip


def _costs(runs: pd.DataFrame, of: str = "to_solution") -> pd.DataFrame:
    """Cost of a solution, tasks by methods; infinite where there was none, NaN where a method was not run."""
    return statistics.tally(runs).pivot(index="task", columns="method", values=of)


def _solver(runs: pd.DataFrame) -> dict[str, Any]:
    """The constraint solver against, on each task, the gradient method that is best there; by time, as solving executes
    nothing."""
    gradient, solver = runs[runs["family"] == "gradient"], runs[runs["method"] == SOLVER]
    best = statistics.tally(gradient).groupby("task").agg(best_rate=("rate", "max"), best_s=("to_solution_s", "min"))
    both = statistics.tally(solver).merge(best, on="task")
    if both.empty:
        return {}
    solved, faster = both["rate"] >= both["best_rate"], both["to_solution_s"] < both["best_s"]
    return {"solver_tasks": len(both), "solver_solved": solved.sum(), "solver_faster": faster.sum()}


def _trajectories(results: Results) -> dict[str, Any]:
    if "traces" not in results.provenance(EXPERIMENT)["tables"]:
        return {}
    shares = [
        statistics.converged(trace) / trace["evaluations"].max()
        for _, trace in results.table(EXPERIMENT, "traces").groupby(["task", "method", "seed"])
    ]
    return {"traces": len(shares), "settled": f"{100 * np.median(shares):.0f} %"} if shares else {}


def _schedules(results: Results) -> dict[str, str]:
    """The best falling schedule, the best fixed one, and the fixed one that is hottest."""
    if "schedules" not in results.provenance(EXPERIMENT)["tables"]:
        return {}
    schedules, keys = results.table(EXPERIMENT, "schedules"), ("schedule", "first_temperature", "last_temperature")
    found = statistics.tally(schedules, keys).sort_values("rate", ascending=False, kind="stable")
    fixed = found[found["first_temperature"] == found["last_temperature"]]
    hottest = fixed.sort_values("first_temperature", ascending=False)
    kinds = {"falling": found.drop(fixed.index), "fixed": fixed, "hottest": hottest}
    values: dict[str, str] = {}
    for kind, rows in kinds.items():
        for row in rows.head(1).to_dict("records"):
            values |= {
                f"{kind}_name": str(row["schedule"]).removeprefix("fixed "), f"{kind}_interval": interval(row),
                kind: f"{number(row['right'])} of {number(row['runs'])}",
            }  # fmt: skip
    return values
