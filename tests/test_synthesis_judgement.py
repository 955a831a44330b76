"""Truth of a success: formulas against the reference machine, proofs that hold, refutations that the machine confirms."""

from dataclasses import replace

import numpy as np
import pytest
import z3

from backends.core import isa
from backends.core.isa.formulas import Formulas
from experiments.program_search import assembly, equivalence
from experiments.program_search.assembly import assemble
from experiments.program_search.machine_check import correct
from experiments.program_search.problem import Examples, memory, register
from experiments.program_search.space import BRANCHES, IMM, OP, OPERATION, STRAIGHT, Space, random_codes
from experiments.synthesis import judgement, tasks
from experiments.synthesis.run import density
from experiments.synthesis.statistics import wilson
from manual import ALU

SELF = [("beq", "zero", "zero", 0)]


def judged(name, *lines):
    return judgement.judge(tasks.get(name), assemble(lines), np.random.default_rng(0))


@pytest.mark.parametrize("name", isa.ARITHMETIC)
def test_formulas_of_operations_agree_with_the_reference_machine(name):
    rng = np.random.default_rng(1)
    ends = (0, 1, 2, 31, 32, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
    pairs = [(a, b) for a in ends for b in ends] + rng.integers(0, 1 << 32, (50, 2)).tolist()
    for a, b in pairs:
        value = z3.simplify(OPERATION[name].meaning(Formulas(), z3.BitVecVal(a, 32), z3.BitVecVal(b, 32)))
        assert value.as_long() == ALU[name](a, b) & 0xFFFFFFFF


def straight_codes():
    """Random programs of all operations that have a formula, forward branches among them."""
    rng = np.random.default_rng(2)
    operations = (*STRAIGHT, *BRANCHES, "mul", "mulhu", "div", "remu", "lui")
    space = Space(operations, (0, 5, 10, 11), 6)
    for code in random_codes(space, rng, 400):
        forward = [max(4, abs(int(imm))) for imm in code[:, IMM]]
        branch = np.isin(code[:, OP], [isa.NUMBER[name] for name in BRANCHES])
        code[:, IMM] = np.where(branch, np.minimum(forward, 4 * (6 - np.arange(6))), code[:, IMM])
        yield code


def test_symbolic_execution_agrees_with_the_reference_machine():
    rng, branches = np.random.default_rng(3), 0
    for code in list(straight_codes())[:150]:
        values = tasks.values.words(rng, (4, 2))
        x, y = z3.BitVecs("x y", 32)
        registers = equivalence.execute(code, {10: x, 11: y})
        branches += int(sum(isa.OPERATIONS[op].kind == "branch" for op in code[:, OP]))
        for a, b in values.tolist():
            pairs = (x, z3.BitVecVal(a, 32)), (y, z3.BitVecVal(b, 32))
            found = [z3.simplify(z3.substitute(registers[r], *pairs)).as_long() for r in (5, 10, 11)]
            row = Examples(
                (register("a0"), register("a1")), (register("t0"), register("a0"), register("a1")),
                np.array([[a, b]], np.uint32), np.array([found], np.uint32), 6,
            )  # fmt: skip
            assert correct(row, code, "reference").all(), assembly.text(code)
    assert branches > 50


@pytest.mark.parametrize("name", [n for n in tasks.names() if tasks.get(n).meaning is not None])
def test_known_solutions_of_straight_tasks_are_proven(name):
    verdict = judgement.judge(tasks.get(name), tasks.get(name).solution, np.random.default_rng(0))
    assert verdict == judgement.Verdict(True, judgement.HELD_OUT, equivalence.PROVEN)


@pytest.mark.parametrize("name", tasks.names("loops"))
def test_known_solutions_of_loops_are_tested(name):
    verdict = judgement.judge(tasks.get(name), tasks.get(name).solution, np.random.default_rng(0))
    assert verdict == judgement.Verdict(True, judgement.HELD_OUT, equivalence.TESTED)


def test_another_way_to_write_it_is_proven():
    assert judged("max", ("bge", "a0", "a1", 8), ("add", "a0", "a1", "zero")).proof == equivalence.PROVEN
    square = judged("square_plus", ("mul", "t0", "a0", "a0"), ("add", "a0", "t0", "a0"))
    assert square.proof == equivalence.PROVEN
    average = [("or", "t0", "a0", "a1"), ("xor", "t1", "a0", "a1"), ("srli", "t1", "t1", 1), ("and", "a0", "a0", "a1")]
    assert judged("average", *average, ("add", "a0", "a0", "t1")).proof == equivalence.PROVEN


def test_one_wrong_input_of_all_is_found():
    """x + 1 but for x + 1 = 0x12345678: no test would meet it."""
    rare = [("addi", "a0", "a0", 1), ("lui", "t0", 0x12345000), ("addi", "t0", "t0", 0x678), ("bne", "a0", "t0", 8)]
    verdict = judged("increment", *rare, ("addi", "a0", "a0", 1))
    assert (verdict.right, verdict.proof, verdict.tested) == (False, equivalence.REFUTED, judgement.HELD_OUT)
    assert verdict.counterexample == (0x12345677,)


def test_a_wrong_program_is_refuted_by_a_row():
    verdict = judged("abs", ("addi", "a0", "a0", 0))
    assert (verdict.right, verdict.proof) == (False, equivalence.REFUTED)
    assert verdict.counterexample[0] > 1 << 31


def test_a_loop_that_holds_on_small_sizes_alone_is_refuted():
    task = tasks.get("popcount")
    code = np.concatenate([assemble([("andi", "a0", "a0", 255)]), task.solution])
    assert correct(task.training(np.random.default_rng(0), 64), code).all()
    verdict = judgement.judge(task, code, np.random.default_rng(0))
    assert (verdict.right, verdict.proof) == (False, equivalence.REFUTED)
    assert verdict.counterexample[0] > 255


def test_what_the_solver_gives_up_is_undecided():
    """Distributivity over a split by a mask, x = (x & y) + (x & ~y), which takes a solver very long."""
    split = [("and", "t0", "a0", "a1"), ("xori", "t1", "a1", -1), ("and", "t1", "a0", "t1")]
    products = [("mul", "t0", "t0", "a1"), ("mul", "t1", "t1", "a1"), ("add", "a0", "t0", "t1")]
    code, rng = assemble(split + products), np.random.default_rng(0)
    verdict = judgement.judge(tasks.get("mul"), code, rng, effort=300_000)
    assert (verdict.right, verdict.proof, verdict.counterexample) == (True, equivalence.UNDECIDED, None)


@pytest.mark.parametrize("machine", ["reference", "gpu_compute"])
@pytest.mark.parametrize(
    ("what", "lines"),
    [
        ("runs for ever", [("addi", "a0", "a0", 1), *SELF]),
        ("traps", [("addi", "a0", "a0", 1), ("lw", "t0", -4, "zero")]),
        ("takes too many steps", [("addi", "a0", "a0", 1)] + [("addi", "t0", "t0", 1)] * 5),
        ("has no encoding", [("addi", "a0", "a0", 5000), ("addi", "a0", "a0", -4999)]),
    ],
)
def test_a_program_that_does_not_end_well_is_wrong(machine, what, lines):
    examples = tasks.get("increment").draw(np.random.default_rng(0), 20)
    assert not correct(examples, assemble(lines), machine).any(), what
    assert correct(examples, assemble([("addi", "a0", "a0", 1)]), machine).all()


@pytest.mark.parametrize("base", [0, 0x100, 0x104, 0xFFFFFFF8])
def test_memory_of_examples_may_lie_anywhere(base):
    words = np.array([[base, 7, 8]], np.uint32)
    row = Examples((register("a0"), memory(base), memory(base + 4)), (register("a1"), memory(base)), words,
                   np.array([[15, 15]], np.uint32), 8)  # fmt: skip
    code = [("lw", "a1", 0, "a0"), ("lw", "t0", 4, "a0"), ("add", "a1", "a1", "t0"), ("sw", "a1", 0, "a0")]
    assert correct(row, assemble(code), "reference").all()
    assert correct(row, assemble(code), "gpu_compute").all()
    assert not correct(replace(row, outputs=np.array([[15, 7]], np.uint32)), assemble(code)).any()


@pytest.mark.parametrize("line", [("lw", "a0", 0, "a0"), ("bne", "a0", "zero", -4), ("beq", "a0", "a0", 0)])
def test_loops_and_memory_have_no_formula(line):
    with pytest.raises(equivalence.NoFormula):
        equivalence.execute(assemble([("addi", "t0", "zero", 1), line]), {10: z3.BitVec("x", 32)})


def test_the_density_of_a_space_that_can_be_counted():
    """Of addi over two registers and two constants one code of eight is x + 1."""
    task = replace(tasks.get("increment"), space=Space(("addi",), (0, 10), 1, (0, 1)))
    _, low, high = density(task, np.random.default_rng(0), 4000)
    assert low < 1 / 8 < high
    assert high - low < 0.025


def test_a_space_without_a_solution_has_a_bound():
    task = replace(tasks.get("increment"), space=Space(("add",), (0, 10), 2))
    hits, low, high = density(task, np.random.default_rng(0), 1000)
    assert (hits, low) == (0, 0.0)
    assert 0 < high < 0.01


def test_wilson_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    for probability, trials in ((0.5, 30), (0.1, 30), (0.9, 200)):
        held = [
            low <= probability <= high for low, high in (wilson(s, trials) for s in rng.binomial(trials, probability, 2000))
        ]
        assert 0.92 < np.mean(held) < 0.98
    assert wilson(0, 30)[0] == 0.0
    assert wilson(30, 30)[1] == 1.0
    assert wilson(0, 0) == (0.0, 1.0)
