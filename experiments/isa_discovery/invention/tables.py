"""The tables of the experiment, in parts that can be made in worker processes.

`parts(scale)` lists them; each is a table name, a part's name and a function without arguments. Rows of a table are put below
one another in this order.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.isa_discovery.invention import cases, controls, entrants, transducers
from experiments.isa_discovery.invention.budget import Budget
from experiments.isa_discovery.invention.case import Case
from experiments.isa_discovery.invention.entrant import Found

SHARES = {"boolean": 1 / 16, "words": 1 / 8}
"""Budgets, in what the exact entrant spends on the case."""
RELAXED = ("bits", "gumbel_straight_through")
PAIRS = 64
Longer = tuple[str, str, float]
"""Case, method and another share: annealing is given the executions that it makes in about the time of the gradient."""


class Scale(NamedTuple):
    """cases: of the entrants. seeds: of each entrant, by room; relaxed: of the relaxations. optima: cases. controls. longer:
    other budgets. pairs: best transducers that are paired with all others, 0 for no pairs."""

    cases: tuple[str, ...]
    seeds: dict[str, int]
    relaxed: int
    optima: tuple[str, ...]
    controls: tuple[str, ...]
    longer: tuple[Longer, ...] = ()
    pairs: int = 0


BOOLEAN = ("boolean_1", "boolean_2", "boolean_3", "boolean_4")
EQUAL_TIME: tuple[Longer, ...] = (("words_4", "annealing", 3 / 8),)
FRONT: tuple[Longer, ...] = tuple(
    (case, method, share)
    for case in ("boolean_4", "words_4")
    for method in ("annealing", "genetic", "random", "gradient_proposals")
    for share in (1 / 64, 1 / 32, 1 / 2)
)
SCALES = {
    "smoke": Scale(("boolean_4",), {"boolean": 4}, 1, BOOLEAN, ("assigned_roles",)),
    "quick": Scale(
        ("boolean_4", "words_4"), {"boolean": 100, "words": 20}, 2, (*BOOLEAN, "words_4", "transducers_1"),
        tuple(name for name in controls.CONTROLS if name != "solvers"), EQUAL_TIME,
    ),
    "full": Scale(
        ("boolean_3", "boolean_4", "words_3", "words_4"), {"boolean": 1000, "words": 200}, 100,
        (*BOOLEAN, "words_3", "words_4", "transducers_1"), tuple(controls.CONTROLS), EQUAL_TIME + FRONT, PAIRS,
    ),
}  # fmt: skip


class TablePart(NamedTuple):
    """table: the one that its rows belong to. name: its own. compute: makes the rows."""

    table: str
    name: str
    compute: Callable[[], pd.DataFrame]


def parts(scale: str) -> list[TablePart]:
    size = SCALES[scale]
    found = [TablePart("optima", f"optima-{name}", partial(optima, name)) for name in size.optima]
    if size.pairs:
        found.append(TablePart("optima", "optima-transducers_2", partial(pairs, size.pairs)))
    budgets = [(case, method, SHARES[_room(case)]) for case in size.cases for method in entrants.every()]
    found += [_entrant_part(size, *budget) for budget in (*budgets, *size.longer)]
    return [*found, *(TablePart("controls", f"control-{name}", partial(controls.table, name)) for name in size.controls)]


def _room(case: str) -> str:
    return case.rsplit("_", 1)[0]


def _entrant_part(size: Scale, case: str, method: str, share: float) -> TablePart:
    count = 1 if method == "exact" else size.relaxed if method.startswith(RELAXED) else size.seeds[_room(case)]
    share = float("inf") if method == "exact" else share
    compute = partial(entrant, case, method, share, tuple(range(count)))
    return TablePart("entrants", f"entrants-{case}-{method}-{share:.4f}", compute)


def optima(name: str) -> pd.DataFrame:
    """One row: all best sets of a case."""
    case = cases.get(name)
    every = transducers.singles() if name == "transducers_1" else cases.best(name)
    return _optima(case, len(every.costs), len(every.costs), every)


def pairs(first: int) -> pd.DataFrame:
    """One row: the best of the pairs of transducers that were measured."""
    every = transducers.pairs(transducers.singles(), first)
    return _optima(transducers.case(2), every.covered, every.sets, every)


def _optima(case: Case, covered: int, sets: int, every) -> pd.DataFrame:
    row = {
        "case": case.name, "count": case.count, "operations": len(case.distinct), "tasks": len(case.tasks), "sets": sets,
        "covered": covered, "optima": len(every.best), "best_cost": every.cost, "median_cost": float(np.median(every.costs)),
        "worst_cost": int(every.costs.max()), "optimum": case.text(every.best[0]), "executions": every.executions,
    }  # fmt: skip
    return pd.DataFrame([row])


def entrant(name: str, method: str, share: float, seeds: tuple[int, ...]) -> pd.DataFrame:
    """A row for each seed. share: budget in what the exact entrant spends; that one's has no end."""
    case, best, entry = cases.get(name), cases.best(name), entrants.every()[method]
    budget = best.executions * share
    if method != "exact":
        entry.run(case, Budget(budget / 8), np.random.default_rng(0))  # compiles, untimed
    found = [entry.run(case, Budget(budget), np.random.default_rng([case.count, seed])) for seed in seeds]
    rows = [_entrant_row(case, best.cost, each) for each in found]
    first = {"case": name, "method": method, "family": entry.family, "share": share, "budget": budget}
    first["usual"] = method == "exact" or share == SHARES[_room(name)]
    return pd.DataFrame([first | {"seed": seed} | row for seed, row in zip(seeds, rows, strict=True)])


def _entrant_row(case: Case, best: int, found: Found) -> dict[str, object]:
    held = case.measure(found.chosen).lengths[len(case.tasks) :] if found.chosen and len(case.held_out) else None
    return {
        "executions": found.executions, "executions_to_best": found.history[-1][0] if found.history else np.nan,
        "cost": found.cost, "best": best, "regret_percent": 100 * (found.cost / best - 1), "hit": found.cost == best,
        "held_out_cost": np.nan if held is None else float(held.sum()), "found": case.text(found.chosen or ()),
        "history": " ".join(f"{executions:.0f}:{cost}" for executions, cost in found.history),
        "time_s": found.time_s, "time_to_best_s": found.times_s[-1] if found.times_s else np.nan,
    }  # fmt: skip
