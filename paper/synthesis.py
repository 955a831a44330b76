"""The numbers and tables of the paper's section on synthesis."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from artifact.words import number, quantity
from experiments.synthesis import tally
from experiments.tables import Results

EXPERIMENT, NOT_RUN = "synthesis", "not run"
PLANTED, CONTROL, HYBRID, CHAIN, SOLVER = "increment", "control", "hybrid", "mcmc", "smt"
BLIND = "hybrid_without_gradient"
PUBLISHED: Mapping[str, tuple[str, str]] = {
    "add": ("847 ± 123 episodes", "5 of 10"),
    "mul": ("–", "10 of 10"),
    "square_plus": ("–", "0 of 10"),
    "max": ("2,341 ± 412 episodes", "0 of 10"),
    "abs": ("found, branch-free", "–"),
    "swap": ("found, by XOR", "–"),
    "sum_array": ("15 K episodes", "–"),
    "bubble_sort": ("50 K episodes, 98.5 % at n = 4", "–"),
}
"""What others report, in their units: the Tensor Computer's working paper; seeds of 10 of nCPU's public code, of at most 2,000
iterations each, right on held-out inputs. Neither is made by the experiments here."""
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
    tables = {"methods": _method_rows(runs), "tasks": _task_rows(runs, tasks), "published": _published_rows(runs)}
    minute = _longer_runs(own)
    values["minute_budget_s"] = _span(minute["budget_s"].min(), minute["budget_s"].max()) if len(minute) else ""
    tables |= {"minute": _minute_rows(minute)}
    tables |= {"success": _matrix(runs, _success), "costs": _matrix(runs, _executions), "header": [_header(runs)]}
    return {
        "values": {f"synthesis_{name}": text for name, text in values.items()},
        "tables": {f"synthesis_{name}": rows for name, rows in tables.items()},
    }


def _longer_runs(results: Results) -> pd.DataFrame:
    """The runs beside the results, in `<results>-minute`, whose budgets are longer; no rows where there are none."""
    longer = results.beside("minute")
    if EXPERIMENT in longer.experiments():
        return longer.table(EXPERIMENT, "runs")
    return results.table(EXPERIMENT, "runs").head(0)


def _minute_rows(runs: pd.DataFrame) -> list[list[str]]:
    found = tally.tally(runs).set_index(["task", "method"])
    return [
        [
            _plain(t),
            _plain(m),
            f"{number(row['right'])} of {number(row['runs'])}",
            _interval(row),
            _executions(row),
            _seconds(row),
        ]
        for t in tally.tasks(runs)
        for m in tally.methods(runs)
        if (t, m) in found.index and len(row := found.loc[(t, m)])
    ]


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
    own = runs[(runs["family"] == CONTROL) & (runs["group"] != tally.CONTROL_GROUP)]
    if len(own):
        row = tally.tally(own, ("family",)).iloc[0]
        values |= {
            "control": number(row["right"]),
            "control_runs": number(row["runs"]),
            "control_interval": _interval(row),
        }
    return values


def _best(runs: pd.DataFrame) -> dict[str, str]:
    """Of the gradient, hybrid and discrete family the method with the highest rate over all tasks it was run on."""
    values: dict[str, str] = {}
    every = tally.tally(runs[runs["group"] != tally.CONTROL_GROUP], ("family", "method"))
    for family in ("gradient", "hybrid", "discrete"):
        own = every[every["family"] == family]
        if len(own):
            row = own.loc[own["rate"].idxmax()]
            values |= {
                f"{family}_name": _plain(row["method"]), f"{family}_right": number(row["right"]),
                f"{family}_runs": number(row["runs"]), f"{family}_interval": _interval(row),
            }  # fmt: skip
    gaps = runs.loc[runs["family"] == "gradient", "gap"].dropna()
    return values | ({"gap": number(gaps.median() + 0.0)} if len(gaps) else {})


def _hybrid(runs: pd.DataFrame) -> dict[str, str]:
    """The hybrid against the Markov chain on the longer half of the tasks."""
    longer = tally.longer_half(runs)
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
    both = runs[runs["method"].isin([HYBRID, BLIND]) & (runs["group"] != tally.CONTROL_GROUP)]
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
    return tally.tally(runs).pivot(index="task", columns="method", values=of)


def _solver(runs: pd.DataFrame) -> dict[str, str]:
    """The constraint solver against, on each task, the gradient method that is best there; by time, as solving executes
    nothing."""
    own = runs[runs["group"] != tally.CONTROL_GROUP]
    gradient, solver = own[own["family"] == "gradient"], own[own["method"] == SOLVER]
    shared = set(gradient["task"]) & set(solver["task"])
    if not shared:
        return {}
    best = tally.tally(gradient).groupby("task").agg(rate=("rate", "max"), time_s=("to_solution_s", "min"))
    other = tally.tally(solver).set_index("task").loc[sorted(shared)]
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
        tally.crystallised(trace) / trace["evaluations"].max()
        for _, trace in results.table(EXPERIMENT, "traces").groupby(["task", "method", "seed"])
    ]
    return {"traces": number(len(shares)), "settled": f"{100 * np.median(shares):.0f} %"} if shares else {}


def _schedules(results: Results) -> dict[str, str]:
    """The best falling schedule, the best fixed one, and the fixed one that is hottest."""
    if "schedules" not in results.provenance(EXPERIMENT)["tables"]:
        return {}
    found = tally.tally(
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
                f"{kind}_name": str(row["schedule"]).removeprefix("fixed "), f"{kind}_interval": _interval(row),
                kind: f"{number(row['right'])} of {number(row['runs'])}",
            }  # fmt: skip
    return values


def _density(tasks: pd.DataFrame) -> dict[str, str]:
    return {
        "samples": _span(tasks["samples"].min(), tasks["samples"].max()),
        "unseen": number((tasks["solutions"] == 0).sum()),
    }


def _method_rows(runs: pd.DataFrame) -> list[list[str]]:
    """A row a method, the control group's task left out."""
    own = runs[runs["group"] != tally.CONTROL_GROUP]
    found = tally.tally(own, ("method", "family")).set_index("method")
    gaps = own.groupby("method")["gap"].median()
    return [
        [
            _plain(m), found.loc[m, "family"], number(own.loc[own["method"] == m, "task"].nunique()),
            f"{found.loc[m, 'right']} of {found.loc[m, 'runs']}", _interval(found.loc[m]), _executions(found.loc[m]),
            _seconds(found.loc[m]), number(gaps[m] + 0.0),
        ]
        for m in tally.methods(own)
    ]  # fmt: skip


def _task_rows(runs: pd.DataFrame, tasks: pd.DataFrame) -> list[list[str]]:
    """A row a task: what it is, how rare its solutions are, and the shortest program that was found for it."""
    known, rows = tasks.set_index("task"), []
    for name in tally.tasks(runs):
        right = runs[(runs["task"] == name) & runs["right"]]
        shortest = right.sort_values("length", kind="stable").head(1)
        program = str(shortest["program"].iloc[0]) if len(shortest) else "–"
        if name in known.index:
            task = known.loc[name]
            rare = f"{number(task['density_low'])} – {number(task['density_high'])}"
            size = [number(task["shortest"]), f"{task['log10_space']:.1f}", rare]
        else:
            size = ["–"] * 3
        rows.append([_plain(name), *size, f"{len(right)} of {(runs['task'] == name).sum()}", program])
    return rows


def _published_rows(runs: pd.DataFrame) -> list[list[str]]:
    """What others report of a task beside the best gradient method and the hybrid here."""
    rows = []
    for name, others in PUBLISHED.items():
        own = tally.tally(runs[runs["task"] == name], ("task", "method", "family"))
        gradient, hybrid = own[own["family"] == "gradient"], own[own["method"] == HYBRID]
        best = gradient.sort_values(["rate", "to_solution"], ascending=[False, True], kind="stable").head(1)
        rows.append([_plain(name), *others, *(_success_and_cost(r) for r in (best, hybrid))])
    return rows


def _success_and_cost(row: pd.DataFrame) -> str:
    if row.empty:
        return NOT_RUN
    one = row.iloc[0]
    return f"{one['right']} of {one['runs']}, {_executions(one)} ({_plain(one['method'])})"


def _header(runs: pd.DataFrame) -> list[str]:
    return ["task", *map(_plain, tally.methods(runs))]


def _matrix(runs: pd.DataFrame, cell) -> list[list[str]]:
    """Rows of tasks, columns of methods."""
    found = tally.tally(runs).set_index(["task", "method"])
    return [
        [_plain(t), *(cell(found.loc[(t, m)]) if (t, m) in found.index else "–" for m in tally.methods(runs))]
        for t in tally.tasks(runs)
    ]


def _success(row) -> str:
    return f"{number(row['right'])}/{number(row['runs'])} ({_interval(row)})"


def _interval(row) -> str:
    """The Wilson interval in percent."""
    return f"{100 * row['low']:.0f}–{100 * row['high']:.0f} %"


def _executions(row) -> str:
    """Executions to a solution; where there is none, that it takes more than were spent."""
    return quantity(row["to_solution"], "").strip() if row["right"] else "> " + quantity(row["spent"], "").strip()


def _seconds(row) -> str:
    return quantity(row["to_solution_s"], "s") if row["right"] else "> " + quantity(row["time_s"], "s")


def _plain(name: object) -> str:
    return str(name).replace("_", " ")
