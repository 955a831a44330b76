"""What must come out, through the code of the experiment itself.

positive: with roles assigned, descent finds the operations. negative: where the tasks are random functions, nobody gains.
degenerate: with as many operations as tasks, the optimum is the tasks, though these are random functions, and worth little
elsewhere; with a term for the length of the description, or far more tasks than operations, it is not. solvers: two ways to
the optimum agree. assigned_roles: what regression on three points is worth.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from experiments.isa_discovery.invention import cases, entrants, optima, transducers, words
from experiments.isa_discovery.invention.assigned_roles import POINTS, ROLES, fit
from experiments.isa_discovery.invention.budget import Budget
from experiments.isa_discovery.invention.case import Case, Set
from experiments.isa_discovery.invention.description import best_with_term

COLUMNS = ["control", "statement", "value", "expected", "holds"]
SEEDS, FITS = 3, 11
TERM = 0.1
"""Instructions that a node of an operation's description costs."""
OWN = tuple(f"random {number}" for number in range(4))
RANDOM_TASKS, EXECUTIONS = 30, 40_000
NEGATIVE = ("random", "annealing", "marginal_greedy", "gradient_proposals", "gumbel_straight_through", "bits")
Row = tuple[str, str, float, str, bool]


def positive() -> list[Row]:
    """Both relaxations on gates and on words."""
    from experiments.isa_discovery.invention import fixed_roles  # with torch, which the other controls do without

    rows: list[Row] = []
    for room, (case, wanted) in (("gates", fixed_roles.on_gates()), ("words", fixed_roles.on_words())):
        for hard in (False, True):
            found = [fixed_roles.learned(case, hard, np.random.default_rng(seed)) for seed in range(SEEDS)]
            right = float(np.mean(np.array(found) == wanted))
            method = "gumbel_straight_through" if hard else "bits"
            rows.append(("fixed_roles", f"{method}, {room}: share of operations found", right, "1", right == 1))
    return rows


def random_functions(rng: np.random.Generator) -> Case:
    """Words whose tasks are random functions."""
    tasks = rng.integers(0, words.N, (RANDOM_TASKS, words.N**2)).astype(np.uint8)
    return words.made_of("random_functions", 4, {f"random {k}": task for k, task in enumerate(tasks)}, set())


def negative() -> list[Row]:
    case, rows = random_functions(np.random.default_rng(0)), []
    most = case.undone * len(case.tasks)
    for method in NEGATIVE:
        found = entrants.every()[method].run(case, Budget(EXECUTIONS), np.random.default_rng(0))
        gain = most - found.cost
        rows.append(("random_functions", f"{method}: instructions saved", float(gain), "0", gain == 0))
    return rows


def memorised(natural: bool) -> Case:
    """Words whose candidates hold four random functions beside the 32 operations, and whose tasks are these four, or these and
    the natural ones; the natural held-out tasks are held out."""
    main, rng = words.case(), np.random.default_rng(1)
    functions = rng.integers(0, words.N, (len(OWN), words.N**2)).astype(np.uint8)
    x, y = main.inputs.astype(int)
    own = functions[:, words.N * x + y]
    names, tasks = (OWN + main.task_names, np.vstack((own, main.tasks))) if natural else (OWN, own)
    candidates, operations = main.names + OWN, np.vstack((main.tables, functions))
    return replace(main, name="memorised", names=candidates, tables=operations, task_names=names, tasks=tasks)


def degenerate() -> list[Row]:
    case, both, main = memorised(False), memorised(True), words.case()
    own, every = set(range(len(main.tables), len(case.tables))), optima.by_masks(case)
    with_term, _ = best_with_term(case, every, TERM)
    saved, most = (max(_saved_held_out(case, chosen) for chosen in best) for best in (every.best, cases.best("words_4").best))
    among = max(len(own & set(chosen)) for chosen in optima.by_masks(both).best)
    alone = every.best == (tuple(sorted(own)),)
    return [
        ("degenerate", "as many operations as tasks: optima that are the tasks, of all optima", float(alone), "1", alone),
        ("degenerate", "what they save on held-out tasks, over what operations for natural tasks save", saved / most,
         "below 0.5", saved < 0.5 * most),
        ("degenerate", "with a term for the description: operations of the optimum that are tasks",
         float(len(own & set(with_term))), "0", not own & set(with_term)),
        ("degenerate", "with many more tasks than operations: operations of any optimum that are these tasks", float(among),
         "0", not among),
    ]  # fmt: skip


def _saved_held_out(case: Case, chosen: Set) -> int:
    lengths = case.measure(chosen).lengths[len(case.tasks) :]
    return case.undone * len(lengths) - int(lengths.sum())


def free_operation() -> list[Row]:
    """Of all transducers the best one for all tasks; and which operations on words are transducers."""
    case, found = transducers.case(1), transducers.singles()
    tasks = {task.tobytes() for task in case.tasks}
    x, y = case.inputs.astype(int)
    own = [
        case.tables[chosen[0]].reshape(16, 16)[side].tobytes() in tasks for chosen in found.best for side in ((x, y), (y, x))
    ]
    known = dict(zip(words.OPERATIONS, words.tables(), strict=True))
    enough = max(transducers.states(known[name]) for name in transducers.KNOWN)
    product = transducers.states(known["mul"])
    return [
        ("degenerate", "one free operation for many tasks: optima that are a task", float(sum(own)), "0", not any(own)),
        ("transducers", f"states of {', '.join(transducers.KNOWN)}, at most", float(enough), "2", enough == 2),
        ("transducers", "states that mul needs on words of four bits, at least", float(product), "above 2", product > 2),
    ]  # fmt: skip


def solvers() -> list[Row]:
    found, cost = optima.by_integer_programming(cases.get("words_4"))
    every = cases.best("words_4")
    difference = float(cost - every.cost)
    statement = "words_4: integer programming over brute force, instructions"
    return [("solvers", statement, difference, "0", difference == 0 and found in every.best)]


def assigned_roles() -> list[Row]:
    """Medians over seeds."""
    rows: list[Row] = []
    for role in ROLES:
        few, every = (
            [fit(role, points, np.random.default_rng([seed, 13])) for seed in range(FITS)] for points in (POINTS, None)
        )
        held, whole = float(np.median([f.right_held_out for f in few])), min(f.right_held_out for f in every)
        given = min(f.right_given for f in few)
        rows += [
            ("assigned_roles", f"{role}, {POINTS} points: share of these right", given, "1", given == 1),
            ("assigned_roles", f"{role}, {POINTS} points: share of held-out pairs right", held, "below 1", held < 1),
            ("assigned_roles", f"{role}, all pairs: share right", whole, "1", whole == 1),
        ]
    return rows


CONTROLS: dict[str, Callable[[], list[Row]]] = {
    "positive": positive, "negative": negative, "degenerate": degenerate, "free_operation": free_operation,
    "solvers": solvers, "assigned_roles": assigned_roles,
}  # fmt: skip


def table(name: str) -> pd.DataFrame:
    """The rows of one control."""
    return pd.DataFrame(CONTROLS[name](), columns=COLUMNS)
