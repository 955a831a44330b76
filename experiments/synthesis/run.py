"""Who finds which programs, at what cost: tasks × methods × seeds under one budget, every success judged.

`runs`: one row a search. `tasks`: spaces and how rare solutions are in them. `traces`: temperature, loss and wrong bits along
some searches. `schedules`: straight-through descent under different schedules of temperature, constant ones among them.
"""

import json
import math
from dataclasses import dataclass, replace
from functools import cache, partial
from zlib import crc32

import numpy as np
import pandas as pd

from experiments.harness import checkpoints
from experiments.harness.options import chosen_of, count_of
from experiments.harness.progress import track
from experiments.synthesis import tasks, truth
from experiments.synthesis.density import density
from experiments.synthesis.entrants import ENTRANTS, Entrant, hint
from experiments.synthesis.language import text
from experiments.synthesis.minimise import minimise
from experiments.synthesis.search import WARMING, Budget, Exhausted, Outcome, Problem
from experiments.synthesis.task import Task

TRAINING = 256
TRACED_SEEDS, TRACE_ROWS = 2, 100
SCHEDULED = ("p07",)
SCHEDULES: dict[str, tuple[float, float]] = {
    "fixed 10": (10.0, 10.0), "fixed 3": (3.0, 3.0), "fixed 1": (1.0, 1.0), "fixed 0.3": (0.3, 0.3),
    "fixed 0.1": (0.1, 0.1), "fixed 0.03": (0.03, 0.03), "3 to 0.3": (3.0, 0.3), "1 to 0.1": (1.0, 0.1),
    "0.3 to 0.03": (0.3, 0.03),
}  # fmt: skip
"""First and last temperature of a descent, in bits."""


KEYS = {
    "runs": ("task", "method", "seed"), "tasks": ("task",), "traces": ("task", "method", "seed", "evaluations"),
    "schedules": ("task", "schedule", "seed"),
}  # fmt: skip
"""The tables, and the columns that tell their rows apart."""


@dataclass(frozen=True)
class Scale:
    """tasks, methods: by name, or all. seeds: of each pair. evaluations, seconds: the budget of a search. samples: drawn for
    the density of a task. scheduled: seconds of a search in `schedules`, whose seeds are as many as those of the runs."""

    tasks: tuple[str, ...] | str
    methods: tuple[str, ...] | str
    seeds: int
    evaluations: float
    seconds: float
    samples: int
    scheduled: float


SCALES = {
    "smoke": Scale(
        ("increment", "add", "p01", "sum_to_n"),
        ("fixed_temperature", "annealed_value", "straight_through", "random_search", "enumeration", "mcmc", "hybrid"),
        2, 2e7, 1.0, 20_000, 0.2,
    ),
    "quick": Scale(
        ("increment", "add", "mul", "square_plus", "swap", "abs", "p01", "p08", "max", "gcd"),
        ("fixed_temperature", "annealed_value", "straight_through", "enumeration", "mcmc", "smt", "hybrid"),
        10, 2e8, 1.0, 500_000, 0.5,
    ),
    "full": Scale("all", "all", 30, 1e10, 60.0, 10_000_000, 1.0),
}  # fmt: skip
"""Annealing is in relaxation `value` in the smaller ones: a second of descent in `bits` is less than a round, and each shape of
task takes about as long to compile as ten such searches."""


def run(cfg) -> dict[str, pd.DataFrame]:
    """The tables that this module's docstring names. Raises UserError for a value that nothing can have."""
    asked, scale = cfg.experiment, SCALES[cfg.scale]
    names = chosen_of(asked.tasks or scale.tasks, tasks.names(), "task")
    methods = chosen_of(asked.methods or scale.methods, ENTRANTS, "method")
    seeds = range(cfg.seed, cfg.seed + count_of(asked.seeds, scale.seeds, "seeds", 1))
    limits = (
        float(count_of(asked.evaluations, int(scale.evaluations), "evaluations", 1)),
        float(scale.seconds if asked.budget_s is None else count_of(asked.budget_s, 1, "budget_s", 1)),
    )
    asked_for = chosen_of(asked.tables or "all", KEYS, "table")
    pairs = [(task, label) for task in names for label in methods if _fits(tasks.get(task), ENTRANTS[label])]
    of_searches = {"runs", "traces"} & set(asked_for)
    found = [
        checkpoints.once(cfg, f"{task}-{label}-{seed}", partial(_searched, tasks.get(task), label, seed, limits))
        for task, label, seed in track([(*pair, seed) for pair in pairs for seed in seeds if of_searches], "searches")
    ]
    makers = {
        "runs": lambda: pd.concat(found, ignore_index=True).drop(columns="trace"),
        "tasks": lambda: checkpoints.once(cfg, "tasks", partial(_described, names, scale.samples, cfg.seed)),
        "traces": lambda: _traces(pd.concat(found, ignore_index=True)),
        "schedules": lambda: checkpoints.once(cfg, "schedules", partial(_scheduled, seeds, scale.scheduled)),
    }
    return {name: makers[name]() for name in asked_for}


def _fits(task: Task, entrant: Entrant) -> bool:
    return entrant.fits(Problem(task.training(np.random.default_rng(0), 2), task.space)) is None


def _drawn(task: Task, seed: int, label: str) -> tuple[Problem, np.random.Generator]:
    """The examples of a seed, the same for every method, and a generator of its own for a method."""
    examples = task.training(np.random.default_rng([seed, crc32(task.name.encode())]), TRAINING)
    return Problem(examples, task.space), np.random.default_rng(
        [seed, crc32(task.name.encode()), crc32(label.encode())]
    )


def _searched(task: Task, label: str, seed: int, limits: tuple[float, float]) -> pd.DataFrame:
    """One row: a search and the judgement of what it found."""
    entrant, (problem, rng) = ENTRANTS[label], _drawn(task, seed, label)
    if entrant.hinted:
        problem = replace(problem, hint=hint(task, rng))
    _warmed(task.name, label)
    budget = Budget(*limits)
    outcome = _tried(entrant, problem, budget, rng)
    elapsed_s = budget.elapsed_s
    row = {
        "task": task.name, "group": task.group, "shortest": task.shortest, "method": label, "family": entrant.family,
        "seed": seed, **_judged(task, outcome, rng), "evaluations": budget.spent, "wall_s": elapsed_s,
        "restarts": outcome.restarts, "budget_evaluations": limits[0], "budget_s": limits[1],
        "trace": json.dumps(outcome.trace[:: max(1, len(outcome.trace) // TRACE_ROWS)] if seed < TRACED_SEEDS else []),
    }  # fmt: skip
    return pd.DataFrame([row])


@cache
def _warmed(task_name: str, label: str) -> None:
    """Compile what a search needs, so that no search is charged for it."""
    problem, rng = _drawn(tasks.get(task_name), 0, label)
    hinted = replace(problem, hint=hint(tasks.get(task_name), rng)) if ENTRANTS[label].hinted else problem
    _tried(ENTRANTS[label], hinted, Budget(*WARMING), rng)


def _tried(entrant: Entrant, problem: Problem, budget: Budget, rng: np.random.Generator) -> Outcome:
    try:
        return entrant.search()(problem, budget, rng)
    except Exhausted:
        return Outcome(None)


def _judged(task: Task, outcome: Outcome, rng: np.random.Generator) -> dict:
    """The columns that say what was found, and whether it holds."""
    if outcome.code is None:
        nothing = {"found": False, "right": False, "tested": 0, "proof": "", "counterexample": ""}
        return {**nothing, "length": 0, "program": "", "gap": float("nan")}
    verdict = truth.judge(task, outcome.code, rng)
    code = outcome.code
    if verdict.right:
        held_out = task.held_out(np.random.default_rng(0), TRAINING)
        long = replace(held_out, steps=max(held_out.steps, len(code)))
        code = minimise(code, lambda shorter: bool(truth.correct(long, shorter).all()))
    wrong = " ".join(f"{word:#x}" for word in verdict.counterexample or ())
    return {
        "found": True, "right": verdict.right, "tested": verdict.tested, "proof": verdict.proof, "counterexample": wrong,
        "length": len(code), "program": "; ".join(line.strip() for line in text(code)), "gap": -outcome.soft_loss,
    }  # fmt: skip


def _described(names: tuple[str, ...], samples: int, seed: int) -> pd.DataFrame:
    rows = []
    for task in map(tasks.get, track(names, "densities")):
        sampled = density(task, np.random.default_rng(seed), samples)
        rows.append({
            "task": task.name, "group": task.group, "shortest": task.shortest, "length": task.space.length,
            "operations": len(task.space.operations), "registers": len(task.space.registers),
            "log10_space": math.log10(task.space.size()), "solutions": sampled.hits, "samples": sampled.samples,
            "density_low": sampled.low, "density_high": sampled.high,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _traces(runs: pd.DataFrame) -> pd.DataFrame:
    """The rows to plot of all runs that kept them."""
    rows = [
        {"task": run.task, "method": run.method, "seed": run.seed, **row}
        for run in runs.itertuples()
        for row in json.loads(run.trace)
    ]
    columns = ["task", "method", "seed", "evaluations", "temperature", "loss", "wrong_bits"]
    return pd.DataFrame(rows, columns=columns)


def _scheduled(seeds: range, seconds: float) -> pd.DataFrame:
    """Straight-through descent under each schedule: is it the fall of the temperature that finds programs?"""
    rows = []
    cells = [(name, label, seed) for name in SCHEDULED for label in SCHEDULES for seed in seeds]
    for name, label, seed in track(cells, "schedules"):
        (first, last), task = SCHEDULES[label], tasks.get(name)
        problem, rng = _drawn(task, seed, "straight_through")
        entrant = replace(ENTRANTS["straight_through"], options={"first_temperature": first, "last_temperature": last})
        _warmed(name, "straight_through")
        budget = Budget(math.inf, seconds)
        outcome = _tried(entrant, problem, budget, rng)
        right = outcome.code is not None and truth.judge(task, outcome.code, rng).right
        rows.append({
            "task": name, "schedule": label, "first_temperature": first, "last_temperature": last, "seed": seed,
            "right": right, "evaluations": budget.spent, "wall_s": budget.elapsed_s,
        })  # fmt: skip
    return pd.DataFrame(rows)
