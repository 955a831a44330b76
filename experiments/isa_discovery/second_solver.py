"""The same selection by OR-tools' CP-SAT, a solver of another kind than HiGHS: it searches with learnt clauses.

It is needed in development alone, to see that both say the same optimum: `pip install ortools`.
"""

from experiments.isa_discovery.selection import IMMEDIATES, Problem, Selection


def exact(problem: Problem, count: int, limit_s: float = 600.0, area: int | None = None) -> Selection:
    """The best selection of at most `count` operations, within `area` where their areas are whole numbers."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    used = [model.new_bool_var(f"use {u}") for u in range(len(problem.saved))]
    chosen = [model.new_bool_var(f"operation {o}") for o in range(problem.operations)]
    paid = [model.new_bool_var(f"cost {c}") for c in range(len(problem.costs))]
    for users in problem.conflicts:
        model.add_at_most_one(used[u] for u in users)
    for use, operation in zip(used, problem.operation.tolist(), strict=True):
        model.add_implication(use, chosen[operation])
    for jump, (_, group) in zip(paid, problem.costs, strict=True):
        for u in group:
            model.add_implication(used[u], jump)
    model.add(sum(chosen) <= count)
    model.add(sum(x for x, has in zip(chosen, problem.immediate, strict=True) if has) <= IMMEDIATES)
    if area is not None:
        model.add(sum(int(a) * x for a, x in zip(problem.areas, chosen, strict=True)) <= area)
    gained = sum(int(saved) * use for saved, use in zip(problem.saved, used, strict=True))
    model.maximize(gained - sum(cost * jump for (cost, _), jump in zip(problem.costs, paid, strict=True)))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers, solver.parameters.max_time_in_seconds, solver.parameters.random_seed = 1, limit_s, 0
    solver.parameters.linearization_level = 2  # without the relaxation two operations take minutes
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Selection((), (), 0, float(problem.saved.sum()))
    uses = tuple(u for u, use in enumerate(used) if solver.value(use))
    operations = tuple(sorted({int(problem.operation[u]) for u in uses}))
    return Selection(operations, uses, problem.value(uses), solver.best_objective_bound)
