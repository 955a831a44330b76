"""The discrete methods: what they draw, what they find, and that they stop."""

from dataclasses import replace

import numpy as np
import pytest

from backends.core import isa
from backends.gpu_compute.codes import pack, unpack
from backends.interface import UserError
from experiments.program_search import assembly, methods, random_numbers
from experiments.program_search.budget import Budget
from experiments.program_search.evaluation import Evaluator
from experiments.program_search.machine_code import markov_chain
from experiments.program_search.problem import Examples, Location, Problem, memory, register
from experiments.program_search.space import (
    IMM,
    NOTHING,
    OP,
    OPERATION,
    RD,
    RS1,
    RS2,
    SEARCHABLE,
    STRAIGHT,
    Space,
    choices,
    random_codes,
)
from experiments.program_search.ssa.register_allocation import Leaf, Node, allocate
from experiments.synthesis import tasks

METHODS = ("random_search", "enumeration", "mcmc", "smt")
A0, A1 = register("a0"), register("a1")
BRANCHING = Space(("add", "addi", "bne", "blt"), (0, 5, 10, 11), 3, (-1, 1))


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


def solved(method: str, problem: Problem, seconds: float = 60) -> np.ndarray:
    """The code that a method finds, checked on all examples and to be of the space."""
    code = methods.get(method).search(problem, Budget(1e12, seconds), generator()).code
    assert code is not None and code.shape == (problem.space.length, 5)
    scores = Evaluator(problem.examples).score(code[None])
    assert scores.right[0] == len(problem.examples) and scores.distance[0] == 0
    lines = code[(code != NOTHING).any(axis=1)]
    assert set(lines[:, OP]) <= {isa.NUMBER[name] for name in problem.space.operations} | {isa.NUMBER["addi"]}
    assert set(lines[:, RD : RS2 + 1].ravel()) <= {0, *problem.space.registers}
    return code


def computed_by(code: np.ndarray, sources: tuple[Location, ...], targets: tuple[Location, ...]) -> Examples | None:
    """Examples of what a code computes from small and large words; None where it does not always end."""
    rng = generator()
    inputs = rng.integers(0, 1 << 32, (16, len(sources)), np.uint32) >> rng.choice([0, 29], (16, 1)).astype(np.uint32)
    blank = Examples(sources, targets, inputs, np.zeros((16, len(targets)), np.uint32), 40)
    found, ended = Evaluator(blank).outputs(code[None])
    return replace(blank, outputs=found[0]) if ended.all() else None


def uniform(counts: np.ndarray) -> bool:
    """Whether no count is more than five standard deviations from their mean."""
    return bool((np.abs(counts - counts.mean()) <= 5 * np.sqrt(counts.mean())).all())


def test_random_codes_are_uniform_over_operations_and_then_over_fields():
    space = Space(("add", "addi", "beq", "srai", "jal"), (0, 10, 11), 3, (-1, 0, 5))
    codes = random_codes(space, generator(), 30_000)
    assert all(assembly.encodable(code) for code in codes[:200])
    for slot in range(3):
        rows = codes[:, slot]
        assert uniform(np.unique(rows[:, OP], return_counts=True)[1])
        for name in space.operations:
            drawn = rows[rows[:, OP] == isa.NUMBER[name]]
            absent = ~np.array(isa.FORMATS[OPERATION[name].format])
            assert not drawn[:, RD : RS2 + 1][:, absent].any()  # fields that it does not have are 0
            values, counts = np.unique(drawn[:, IMM], return_counts=True)
            assert set(values) == set(space.immediates(name, slot)) and uniform(counts)
            if name in ("add", "addi", "srai"):
                pairs, counts = np.unique(drawn[:, [RD, RS1]], axis=0, return_counts=True)
                assert len(pairs) == 9 and uniform(counts)


def test_compiled_random_numbers_are_uniform():
    state = random_numbers.seeded(generator())
    drawn = np.array([random_numbers.below(state, 7) for _ in range(7000)])
    assert set(drawn) == set(range(7)) and uniform(np.bincount(drawn))
    shares = np.array([random_numbers.uniform(state) for _ in range(8000)])
    assert shares.min() > 0 and shares.max() <= 1 and uniform(np.histogram(shares, 8, (0, 1))[0])


def test_packed_codes_unpack_to_what_they_were():
    codes = random_codes(Space(SEARCHABLE, (0, 5, 10, 15), 7), generator(), 500)
    assert np.array_equal(unpack(pack(codes)), codes)


def test_proposals_stay_in_the_space_and_reach_all_of_it():
    space = Space(("add", "xori", "srai", "bne"), (0, 10, 11), 2, (-1, 7))
    tables, state = choices(space), random_numbers.seeded(generator())
    packed, seen = pack(np.array([[NOTHING] * 2], np.int32)), set()
    for _ in range(40_000):
        markov_chain.propose_blindly(state, packed[0], tables)
        seen.update(map(tuple, unpack(packed)[0].tolist()))
    wanted = set(map(tuple, random_codes(space, generator(), 20_000).reshape(-1, 5).tolist()))
    wanted = {line for line in wanted if line[RD] or line[OP] == isa.NUMBER["bne"]}  # a write to x0 is not proposed
    # a branch that is moved keeps its target, so its distance may be one that no draw gives that slot
    assert wanted <= seen and all(assembly.encodable(np.array([line])) for line in seen)


@pytest.mark.parametrize("method", METHODS)
def test_a_planted_instruction_is_found(method):
    solved(method, Problem(tasks.get("increment").training(generator(), 16), replace(tasks.get("increment").space, length=1)))


@pytest.mark.parametrize("method", ["enumeration", "mcmc", "smt"])
@pytest.mark.parametrize("name", ["p03", "swap"])
def test_bit_tricks_and_two_outputs(method, name):
    task = tasks.get(name)
    space = Space(("add", "sub", "and", "xor"), (0, 5, 10, 11), task.shortest)
    solved(method, Problem(task.training(generator(), 32), space))


def test_enumeration_meets_its_goals_from_both_sides():
    for name in ("average", "max"):  # four and five instructions, of all that STRAIGHT has
        task = tasks.get(name)
        solved("enumeration", Problem(task.training(generator(), 64), task.space))


@pytest.mark.parametrize("method", ["enumeration", "mcmc"])
def test_a_loop_and_a_cell_of_memory(method):
    task = tasks.get("sum_to_n")
    code = solved(method, Problem(task.training(generator(), 24), Space(("add", "addi", "bne"), (0, 10, 11), 3, (-1, 0, 1))))
    held_out = task.held_out(generator(), 200)
    assert Evaluator(held_out).score(code[None]).right[0] == 200
    cell, inputs = memory(0x104), np.arange(5, 25, dtype=np.uint32)[:, None]
    examples = Examples((cell,), (cell, A0), inputs, np.concatenate([inputs + 3, inputs], axis=1).astype(np.uint32), 8)
    pointer = replace(examples, sources=(cell, A1), inputs=np.concatenate([inputs, inputs * 0 + 0x100], axis=1))
    solved(method, Problem(pointer, Space(("lw", "sw", "addi"), (0, 5, 10, 11), 3, (0, 3, 4))))


@pytest.mark.parametrize("space", [BRANCHING, Space(("add", "sub", "andi", "srai", "sltu"), (0, 5, 10, 11), 2, (-1, 1, 31))])
def test_enumeration_finds_whatever_a_code_of_the_space_computes(space):
    for code in random_codes(space, generator(), 25):
        examples = computed_by(code, (A0, A1), (A0,))
        if examples is not None:
            solved("enumeration", Problem(examples, space))


def test_values_are_given_registers_or_none():
    a, b = Leaf(10), Leaf(11)
    number = isa.NUMBER
    difference = Node(number["xor"], a, b)
    mask = Node(number["sub"], Leaf(0), Node(number["slt"], a, b))
    greater = Node(number["xor"], a, Node(number["and"], difference, mask))
    space = Space(STRAIGHT, (0, 5, 10, 11), 5)
    code = allocate({10: greater}, (10, 11), space)
    assert code is not None
    task = tasks.get("max")
    assert Evaluator(task.held_out(generator(), 300)).score(code[None]).right[0] == 300
    assert allocate({10: greater}, (10, 11), replace(space, length=4)) is None
    assert allocate({10: greater}, (10, 11), replace(space, registers=(0, 10, 11))) is None


@pytest.mark.parametrize("method", METHODS)
def test_a_search_ends_with_its_budget(method):
    rng = generator()
    inputs, outputs = (rng.integers(0, 1 << 32, (32, 1), np.uint32) for _ in range(2))
    problem = Problem(Examples((A0,), (A0,), inputs, outputs, 8), Space(STRAIGHT, (0, 5, 6, 10), 6))
    solved(method, Problem(tasks.get("increment").training(rng, 4), tasks.get("increment").space))  # compile
    budget = Budget(1e12, 1.0)
    assert methods.get(method).search(problem, budget, rng).code is None and budget.elapsed_s < 2.5
    if method != "smt":
        budget = Budget(3e5, 60)
        assert methods.get(method).search(problem, budget, rng).code is None
        assert budget.elapsed_s < 10 and 3e5 <= budget.spent < 3e7


def test_smt_says_what_it_does_not_take():
    task = tasks.get("sum_to_n")
    with pytest.raises(UserError, match="straight-line register programs only"):
        methods.get("smt").search(Problem(task.training(generator(), 8), task.space), Budget(1e9, 1), generator())
