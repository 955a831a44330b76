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

from experiments.harness.options import chosen_of, count_of
from experiments.harness.parts import Part, run_parts
from experiments.program_search import methods
from experiments.program_search.assembly import text
from experiments.program_search.budget import Budget
from experiments.program_search.evaluation import Evaluator
from experiments.program_search.machine_check import correct
from experiments.program_search.method import Method
from experiments.program_search.problem import Outcome, Problem
from experiments.program_search.space import minimise, random_codes
from experiments.program_search.ssa import straight_through
from experiments.synthesis import judgement, schema, tasks
from experiments.synthesis.statistics import wilson
from experiments.synthesis.task import Task

TRAINING = 256
TRACED_SEEDS, TRACE_ROWS = 2, 100
SCHEDULED = ("p07",)
SCHEDULES = {f"fixed {t:g}": (t, t) for t in (10.0, 3.0, 1.0, 0.3, 0.1, 0.03)}
SCHEDULES |= {f"{first:g} to {last:g}": (first, last) for first, last in ((3.0, 0.3), (1.0, 0.1), (0.3, 0.03))}
"""First and last temperature of a descent, in bits."""

_SIEVES, _BATCH = (4, 64, 256), 100_000
"""Of density: examples that codes run on, those that are right on all going on, the last ones held out; codes at a time."""
_WARMING = 2e5
"""Executions until all of a method is compiled."""
_PATIENCE, _MARGIN_S = 60.0, 600.0
"""A search that takes so many times its work in seconds, and some more, is stopped: never in a normal run."""


@dataclass(frozen=True)
class Scale:
    """tasks, methods: by name, or all. seeds: of each pair. work_s: of a search, in seconds on one core; each method's rate
    makes executions of it. samples: drawn for the density of a task. scheduled_s: work of a search in `schedules`, of which
    there are as many seeds as of the runs."""

    tasks: tuple[str, ...] | str
    methods: tuple[str, ...] | str
    seeds: int
    work_s: float
    samples: int
    scheduled_s: float


SCALES = {
    "smoke": Scale(
        ("increment", "add", "p01", "sum_to_n"),
        ("fixed_temperature", "annealed_value", "straight_through", "random_search", "enumeration", "mcmc", "hybrid"),
        2, 0.5, 20_000, 0.2,
    ),
    "quick": Scale(
        ("gcd", "increment", "add", "mul", "square_plus", "swap", "abs", "p01", "p08", "max"),
        ("fixed_temperature", "annealed_value", "straight_through", "enumeration", "mcmc", "smt", "hybrid"),
        6, 0.75, 500_000, 0.4,
    ),
    "full": Scale("all", "all", 30, 60.0, 10_000_000, 1.0),
}  # fmt: skip
"""Annealing is in relaxation `value` in the smaller ones: a second of descent in `bits` is less than a round, and each shape of
task takes about as long to compile as ten such searches."""


def run(cfg) -> dict[str, pd.DataFrame]:
    """The tables that this module's docstring names. Raises UserError for a value that nothing can have."""
    wanted, scale = cfg.experiment, SCALES[cfg.scale]
    names = chosen_of(_or(wanted.tasks, scale.tasks), tasks.names(), "task")
    labels = chosen_of(_or(wanted.methods, scale.methods), methods.variants(), "method")
    seeds = range(cfg.seed, cfg.seed + count_of(wanted.seeds, scale.seeds, "seeds", 1))
    limits = {label: _executions(wanted, scale, methods.variants()[label]) for label in labels}
    tables = chosen_of(_or(wanted.tables, "all"), schema.TABLES, "table")
    looked_at = {name: tasks.get(name).problem(np.random.default_rng(0), 2) for name in names}
    searches = [
        Part(f"{task}-{label}-{seed}", partial(_searched, task, label, seed, limits[label]))
        for task in names for label in labels if methods.variants()[label].fits(looked_at[task]) is None for seed in seeds
    ]  # fmt: skip
    densities = [Part(f"density-{name}", partial(_described, name, scale.samples, cfg.seed)) for name in names]
    schedules = [
        Part(f"schedule-{task}-{k}-{seed}", partial(_scheduled, task, label, seed, scale.scheduled_s))
        for task in SCHEDULED for k, label in enumerate(SCHEDULES) for seed in seeds
    ]  # fmt: skip
    sources = {"runs": searches, "tasks": densities, "traces": searches, "schedules": schedules}
    wanted_parts = {part.name: part for table in tables for part in sources[table]}
    found = run_parts(cfg, sorted(wanted_parts.values(), key=_turn))
    joined = {table: pd.concat([found[part.name] for part in sources[table]], ignore_index=True) for table in tables}
    return {
        table: _traces(rows) if table == "traces" else rows.drop(columns="trace", errors="ignore")
        for table, rows in joined.items()
    }


def _turn(part: Part) -> tuple[int, bool]:
    """By which parts are ordered: what one search has compiled the next ones of its task and method find, and hybrid methods,
    which are made of others, what these have."""
    seed = part.name.rpartition("-")[2]
    return int(seed) if seed.isdigit() else -1, "-hybrid" in part.name


def _or(wanted, default):
    """What the configuration says, or the default where it says nothing; an empty list says something."""
    return default if wanted is None else wanted


def _executions(wanted, scale: Scale, method: Method) -> float:
    """That end a search, as the configuration says, or else the scale: or the work that a method's rate makes executions of."""
    work_s = float(scale.work_s if wanted.budget_s is None else count_of(wanted.budget_s, 1, "budget_s", 1))
    return float(count_of(wanted.evaluations, int(work_s * method.rate), "evaluations", 1))


def _budget(executions: float, method: Method) -> Budget:
    return Budget(executions, _PATIENCE * executions / method.rate + _MARGIN_S)


def _drawn(task: Task, seed: int, label: str) -> tuple[Problem, np.random.Generator]:
    """The examples of a seed, the same for every method, and a generator of its own for a method."""
    problem = task.problem(np.random.default_rng([seed, crc32(task.name.encode())]), TRAINING)
    rng = np.random.default_rng([seed, crc32(task.name.encode()), crc32(label.encode())])
    return (replace(problem, hint=task.hint(rng)) if methods.variants()[label].hinted else problem), rng


def _searched(name: str, label: str, seed: int, executions: float) -> pd.DataFrame:
    """One row: a search and the judgement of what it found."""
    task, method = tasks.get(name), methods.variants()[label]
    _warm(name, label)
    problem, rng = _drawn(task, seed, label)
    budget = _budget(executions, method)
    outcome = method.search(problem, budget, rng)
    elapsed_s = budget.elapsed_s
    row = {
        "task": name, "group": task.group, "shortest": task.shortest, "method": label, "family": method.family, "seed": seed,
        **_judged(task, outcome, rng), "evaluations": budget.spent, "wall_s": elapsed_s, "restarts": outcome.restarts,
        "budget_evaluations": executions, "budget_s": executions / method.rate,
        "trace": json.dumps(outcome.trace[:: max(1, len(outcome.trace) // TRACE_ROWS)] if seed < TRACED_SEEDS else []),
    }  # fmt: skip
    return pd.DataFrame([row])


@cache
def _warm(name: str, label: str) -> None:
    """Compile what a search needs, so that it is no part of any search's time."""
    problem, rng = _drawn(tasks.get(name), 0, label)
    methods.variants()[label].search(problem, Budget(_WARMING), rng)


def _judged(task: Task, outcome: Outcome, rng: np.random.Generator) -> dict:
    """The columns that say what was found, and whether it holds."""
    if outcome.code is None:
        nothing = {"found": False, "right": False, "tested": 0, "proof": "", "counterexample": ""}
        return {**nothing, "length": 0, "program": "", "gap": float("nan")}
    verdict = judgement.judge(task, outcome.code, rng)
    code = outcome.code
    if verdict.right:
        held_out = task.held_out(np.random.default_rng(0), TRAINING)
        long = replace(held_out, steps=max(held_out.steps, len(code)))
        code = minimise(code, lambda shorter: bool(correct(long, shorter).all()))
    wrong = " ".join(f"{word:#x}" for word in verdict.counterexample or ())
    return {
        "found": True, "right": verdict.right, "tested": verdict.tested, "proof": verdict.proof, "counterexample": wrong,
        "length": len(code), "program": "; ".join(line.strip() for line in text(code)), "gap": -outcome.soft_loss,
    }  # fmt: skip


def _described(name: str, samples: int, seed: int) -> pd.DataFrame:
    """One row: a task's space, and how rare solutions are in it."""
    task = tasks.get(name)
    hits, low, high = density(task, np.random.default_rng(seed), samples)
    row = {
        "task": name, "group": task.group, "shortest": task.shortest, "length": task.space.length,
        "operations": len(task.space.operations), "registers": len(task.space.registers),
        "log10_space": math.log10(task.space.size()), "solutions": hits, "samples": samples, "density_low": low,
        "density_high": high,
    }  # fmt: skip
    return pd.DataFrame([row])


def density(task: Task, rng: np.random.Generator, samples: int) -> tuple[int, float, float]:
    """How many of so many random codes of the task's space are right on training and held-out examples, and the 95 % interval
    of their share: where none is, how rare solutions must be."""
    training, hits = task.training(rng, _SIEVES[1]), 0
    sieves = [Evaluator(examples) for examples in (training.take(slice(_SIEVES[0])), training, task.held_out(rng, _SIEVES[2]))]
    for start in range(0, samples, _BATCH):
        codes = random_codes(task.space, rng, min(_BATCH, samples - start))
        for sieve in sieves:
            codes = codes[sieve.score(codes).right == len(sieve)]
        hits += len(codes)
    return hits, *wilson(hits, samples)


def _traces(runs: pd.DataFrame) -> pd.DataFrame:
    """The rows to plot of all runs that kept them."""
    rows = [
        {"task": run.task, "method": run.method, "seed": run.seed, **row}
        for run in runs.itertuples()
        for row in json.loads(run.trace)
    ]
    columns = ["task", "method", "seed", "evaluations", "temperature", "loss", "wrong_bits"]
    return pd.DataFrame(rows, columns=columns)


def _scheduled(name: str, schedule: str, seed: int, work_s: float) -> pd.DataFrame:
    """One row, a search under a schedule: is it the fall of the temperature that finds programs?"""
    (first, last), task, method = SCHEDULES[schedule], tasks.get(name), methods.get("straight_through")
    _warm(name, method.name)
    problem, rng = _drawn(task, seed, method.name)
    budget = _budget(work_s * method.rate, method)
    options = straight_through.Options(first_temperature=first, last_temperature=last)
    outcome = method.search(problem, budget, rng, ssa=options)
    right = outcome.code is not None and judgement.judge(task, outcome.code, rng).right
    row = {
        "task": name, "schedule": schedule, "first_temperature": first, "last_temperature": last, "seed": seed,
        "right": right, "evaluations": budget.spent, "wall_s": budget.elapsed_s,
    }  # fmt: skip
    return pd.DataFrame([row])
