"""The tables of the paper's section on synthesis, and how their cells say what was found."""

from collections.abc import Mapping

import pandas as pd

from artifact.words import number, quantity
from experiments.synthesis import statistics
from paper import numbers

NOT_RUN, HYBRID = "not run", "hybrid"
PAIRS = (
    (HYBRID, "hybrid_without_gradient"), ("annealed_value", "fixed_temperature"), ("straight_through", "mcmc"),
    (HYBRID, "mcmc"), ("hybrid_without_gradient", "mcmc"),
)  # fmt: skip
"""Methods that are compared: each with what takes its gradient away, or with the blind walk."""
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


def tables(runs: pd.DataFrame, tasks: pd.DataFrame, minute: pd.DataFrame) -> dict[str, numbers.Rows]:
    """Rows by the name of a table, of the tables `runs` and `tasks` of the experiment, and of runs with a longer budget."""
    return {
        "methods": _method_rows(runs), "tasks": _task_rows(runs, tasks), "published": _published_rows(runs),
        "success": _matrix(runs, lambda row: f"{number(row['right'])}/{number(row['runs'])} ({interval(row)})"),
        "minute": _minute_rows(minute), "costs": _matrix(runs, _executions),
        "differences": _difference_rows(runs), "header": [["task", *map(plain, statistics.methods(runs))]],
    }  # fmt: skip


def _method_rows(runs: pd.DataFrame) -> numbers.Rows:
    """A row a method, the control group's task left out."""
    own = runs[runs["group"] != statistics.CONTROL_GROUP]
    found = statistics.tally(own, ("method", "family")).set_index("method")
    gaps = own.groupby("method")["gap"].median()
    return [
        [
            plain(m), row["family"], own.loc[own["method"] == m, "task"].nunique(), f"{row['right']} of {row['runs']}",
            interval(row), _executions(row), _seconds(row), gaps[m] + 0.0,
        ]
        for m, row in found.loc[statistics.methods(own)].iterrows()
    ]  # fmt: skip


def _difference_rows(runs: pd.DataFrame) -> numbers.Rows:
    """Pairs of methods on the same tasks and seeds, without loops and with them, the control group's task left out."""
    own, rows = runs[runs["group"] != statistics.CONTROL_GROUP], []
    for one, other in PAIRS:
        lines, every = (statistics.paired(some, one, other) for some in (own[own["group"] != statistics.LOOPS], own))
        for name, found in {"straight lines": lines, "all": every if every != lines else None}.items():
            if found is not None:
                rows.append([f"{plain(one)} − {plain(other)}", name, *_difference(found)])
    return rows


def _difference(found: statistics.Paired) -> list:
    return [
        found.tasks, f"{found.right} and {found.other_right} of {found.runs}", f"{found.points:+.1f}",
        f"{found.low:+.1f} to {found.high:+.1f}", f"{found.only_one} : {found.only_other}", f"{found.p:.1g}",
    ]  # fmt: skip


def _task_rows(runs: pd.DataFrame, tasks: pd.DataFrame) -> numbers.Rows:
    """A row a task: what it is, how rare its solutions are, and the shortest program that was found for it."""
    sizes = {
        task.task: [task.shortest, f"{task.log10_space:.1f}", f"{number(task.density_low)} – {number(task.density_high)}"]
        for task in tasks.itertuples()
    }
    rows = []
    for name in statistics.tasks(runs):
        own = runs[runs["task"] == name]
        right = own[own["right"]].sort_values("length", kind="stable")
        program = str(right["program"].iloc[0]) if len(right) else "–"
        rows.append([plain(name), *sizes.get(name, ["–"] * 3), f"{len(right)} of {len(own)}", program])
    return rows


def _published_rows(runs: pd.DataFrame) -> numbers.Rows:
    """What others report of a task beside the best gradient method and the hybrid here."""
    rows = []
    for name, others in PUBLISHED.items():
        own = statistics.tally(runs[runs["task"] == name], ("task", "method", "family"))
        gradient, hybrid = own[own["family"] == "gradient"], own[own["method"] == HYBRID]
        best = gradient.sort_values(["rate", "to_solution"], ascending=[False, True], kind="stable").head(1)
        rows.append([plain(name), *others, *(_success_and_cost(r) for r in (best, hybrid))])
    return rows


def _minute_rows(runs: pd.DataFrame) -> numbers.Rows:
    found = statistics.tally(runs).set_index(["task", "method"])
    return [
        [plain(t), plain(m), f"{number(row['right'])} of {number(row['runs'])}", interval(row), _executions(row), _seconds(row)]
        for t in statistics.tasks(runs)
        for m in statistics.methods(runs)
        if (t, m) in found.index and len(row := found.loc[(t, m)])
    ]


def _success_and_cost(row: pd.DataFrame) -> str:
    if row.empty:
        return NOT_RUN
    one = row.iloc[0]
    return f"{one['right']} of {one['runs']}, {_executions(one)} ({plain(one['method'])})"


def _matrix(runs: pd.DataFrame, cell) -> numbers.Rows:
    """Rows of tasks, columns of methods."""
    found = statistics.tally(runs).set_index(["task", "method"])
    return [
        [plain(t), *(cell(found.loc[(t, m)]) if (t, m) in found.index else "–" for m in statistics.methods(runs))]
        for t in statistics.tasks(runs)
    ]


def interval(row) -> str:
    """The Wilson interval in percent."""
    return f"{100 * row['low']:.0f}–{100 * row['high']:.0f} %"


def _executions(row) -> str:
    """Executions to a solution; where there is none, that it takes more than were spent."""
    return quantity(row["to_solution"], "").strip() if row["right"] else "> " + quantity(row["spent"], "").strip()


def _seconds(row) -> str:
    return quantity(row["to_solution_s"], "s") if row["right"] else "> " + quantity(row["time_s"], "s")


def plain(name: object) -> str:
    return str(name).replace("_", " ")
