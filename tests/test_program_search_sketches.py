"""Sketches of loops: their layout, their counters, and the loops that are found by them."""

from dataclasses import replace

import numpy as np
import pytest

from backends.interface import UserError
from experiments.program_search import methods
from experiments.program_search.assembly import text
from experiments.program_search.budget import Budget
from experiments.program_search.evaluation import Evaluator
from experiments.program_search.machine_code import loop_counters
from experiments.program_search.machine_code import loop_sketches as sketches
from experiments.program_search.machine_code.loop_counters import Counter
from experiments.program_search.machine_code.loop_sketches import Sketch, Sketches
from experiments.program_search.problem import Examples, Problem, memory, register
from experiments.program_search.space import IMM, OP, Space
from experiments.synthesis import judgement, tasks
from experiments.synthesis.tasks.loops import LOOP

A0, A1, A2 = map(register, ("a0", "a1", "a2"))


def generator() -> np.random.Generator:
    return np.random.default_rng(3)


def of(name: str) -> Problem:
    task = tasks.get(name)
    return Problem(task.training(generator(), 64), task.space)


def examples(sources, targets, rows, steps=256) -> Examples:
    """Of rows (inputs, outputs)."""
    inputs, outputs = (np.array([row[side] for row in rows], np.int64).astype(np.uint32) for side in (0, 1))
    return Examples(sources, targets, inputs, outputs, steps)


def found(problem: Problem, executions: float = 2e9) -> np.ndarray:
    code = methods.get("sketches").search(problem, Budget(executions, 120), generator()).code
    assert code is not None
    return code


def test_a_sketch_says_where_its_branches_go():
    """start, guard, load, skip, copy, update, back, and a copy to the output behind."""
    sketch = Sketch.of(Counter(0, 1, 2, 3), "=", "ljc", "o")
    assert sketch.layout == "S=GljcUBo"
    assert [sketch.target(slot) for slot in (2, 4, 7)] == [8, 6, 3]
    assert Sketch.of(Counter(-1, -1, 2, 3), "", "ly", "", early=True).layout == "UlyB"
    free = Sketch.of(None, "1", "pcc", "f")
    assert (free.layout, free.target(4)) == ("1pccbf", 1)


def test_every_role_is_named_and_can_be_played():
    used = set("".join((*sketches.BODIES, *sketches.FREE, *sketches.BEFORE, *sketches.AFTER)))
    assert used <= set(sketches.ROLES)
    of_search = of("reverse")  # loads, stores and every kind of branch
    roles = Sketches(of_search.space, replace(of_search.examples, targets=(A0,)), None).roles(0, True)
    assert set(roles) == set(sketches.ROLES)
    assert all(len(places) for places in roles.values())


def test_counters_end_and_count():
    """Each ends on every example, and the simplest of the input's register goes round as often as its value says."""
    problem = of("sum_to_n")
    made = Sketches(problem.space, problem.examples, (-1, 0, 1))
    counters = [counter for _, counter in made.counters]
    assert made.executed > 0 and counters
    for counter in counters:
        places = [place for place in counter if place >= 0]
        code = made.lines.rows[places].copy()
        code[-1, IMM] = -4
        if counter.guard >= 0:
            guard = places.index(counter.guard)
            code[guard, IMM] = 4 * (len(code) - guard)
        assert Evaluator(problem.examples).outputs(code[None])[1].all(), text(code)
    of_a0 = next(counter for counter in counters if made.lines.writes[counter.update] == 1 << A0.number)
    assert "addi a0, a0, -1" in text(made.lines.rows[[of_a0.update]])[0]


@pytest.mark.parametrize("name", ["sum_to_n", "factorial", "popcount", "sum_array", "max_array", "linear_search"])
def test_loops_are_found_and_hold_on_sizes_never_seen(name):
    assert judgement.judge(tasks.get(name), found(of(name)), generator()).right


def test_a_loop_that_may_not_run_at_all_and_answers_where_it_was_asked():
    """The sum of squares up to a0, from 0 on, in a0 itself."""
    rows = [([n], [sum(k * k for k in range(n + 1))]) for n in range(30)]
    given = examples((A0,), (A0,), rows)
    code = found(Problem(given.take(slice(0, None, 2)), Space((*LOOP, "mul"), (0, 5, 6, 10), 6, (-1, 0, 1))))
    assert Evaluator(given).score(code[None]).right[0] == len(rows)


def test_words_are_changed_in_place():
    """One more for each of the a1 words from a0 on."""
    rng, cells = generator(), tuple(memory(0x200 + 4 * i) for i in range(5))
    rows = []
    for n in rng.integers(1, 6, 40):
        words = rng.integers(0, 1000, 5)
        rows.append(([0x200, n, *words], [*(words + (np.arange(5) < n))]))
    space = Space((*LOOP, "lw", "sw"), (0, 5, 6, 10, 11), 6, (-4, -1, 0, 1, 4))
    code = found(Problem(examples((A0, A1, *cells), cells, rows), space))
    assert {"lw", "sw"} <= {line.split()[0] for line in text(code)}


def test_a_loop_may_end_on_what_it_computes():
    """Euclid's algorithm: how often it runs is known from the remainder alone."""
    task = tasks.get("gcd")
    space = Space(("add", "remu", "bne"), (0, 5, 10, 11), 4, (0,))
    assert judgement.judge(task, found(Problem(task.training(generator(), 64), space)), generator()).right


def test_what_no_loop_computes_is_not_found():
    """The negative control: outputs drawn at random, until nothing is left to try."""
    rng = generator()
    rows = [([n], [int(rng.integers(0, 1 << 32))]) for n in range(1, 20)]
    problem = Problem(examples((A0,), (A1,), rows), Space(("add", "addi", "bne"), (0, 10, 11), 3, (-1, 0, 1)))
    budget = Budget(1e9, 120)
    assert methods.get("sketches").search(problem, budget, generator()).code is None
    assert 0 < budget.spent < 1e9


def test_a_search_ends_with_its_budget():
    budget = Budget(1e6, 120)
    assert methods.get("sketches").search(of("bubble_sort"), budget, generator()).code is None
    assert 1e6 <= budget.spent < 1e8


def test_where_nothing_can_count_nothing_is_found():
    problem = of("sum_to_n")
    jumps = replace(problem, space=replace(problem.space, operations=("add", "jal")))
    assert methods.get("sketches").search(jumps, Budget(1e7, 60), generator()).code is None


def test_programs_without_branches_are_refused():
    assert methods.get("sketches").fits(of("sum_to_n")) is None
    assert "branches" in methods.get("sketches").fits(of("max"))
    with pytest.raises(UserError):
        methods.get("sketch")


def test_opposites_are_opposite():
    """On all pairs of some words one of the two branches is taken."""
    words = np.array([0, 1, 2**31 - 1, 2**31, 2**32 - 1], np.uint32)
    pairs = np.stack(np.meshgrid(words, words), axis=-1).reshape(-1, 2)
    given = Examples((A0, A1), (A2,), pairs, np.zeros((len(pairs), 1), np.uint32), 8)
    for number, opposite in loop_counters.OPPOSITE.items():
        codes = np.zeros((2, 2, 5), np.int32)
        codes[:, 0] = [[op, 0, A0.number, A1.number, 8] for op in (number, opposite)]
        codes[:, 1] = [tasks.get("increment").solution[0][OP], A2.number, 0, 0, 1]
        values, _ = Evaluator(given).outputs(codes)
        assert (values[0] + values[1] == 1).all()
