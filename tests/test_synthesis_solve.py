"""The command `solve`: tables that are examples and tables that are not, what a found program must be, and its ELF."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from backends import __main__ as machines
from backends.core import catalog, elf, toolchain
from backends.interface import Batch, Status, UserError
from experiments.program_search import assembly, methods
from experiments.program_search.assembly import assemble
from experiments.program_search.budget import Budget, Exhausted
from experiments.program_search.method import Method
from experiments.program_search.problem import Outcome
from experiments.program_search.space import minimise, without
from experiments.synthesis import __main__ as command
from experiments.synthesis import executable, solve, table, tasks

ABS = [("srai", "t0", "a0", 31), ("xor", "a0", "a0", "t0"), ("sub", "a0", "a0", "t0")]
SUM = [("add", "a1", "a1", "a0"), ("addi", "a0", "a0", -1), ("bne", "a0", "zero", -8)]


def write(folder, text, name="rows.csv"):
    path = folder / name
    path.write_text(text)
    return path


def csv_of(folder, name, count=20):
    """A CSV file of training examples of a task, and the examples."""
    examples = tasks.get(name).training(np.random.default_rng(1), count)
    header = [f"in.{at}" for at in examples.sources] + [f"out.{at}" for at in examples.targets]
    cells = np.hstack([examples.inputs, examples.outputs])
    return write(folder, "\n".join(",".join(map(str, row)) for row in [header, *cells.tolist()]) + "\n"), examples


class Options(NamedTuple):
    relaxation: str = "bits"


@pytest.fixture
def stand_in(monkeypatch):
    """A function that makes the command's only method one that says these programs, one after the other, for ever."""

    def use(*programs, spends=100.0):
        seen = []

        def run(problem, budget, rng, options):
            seen.append((problem, options.relaxation))
            budget.spent += spends
            lines = programs[min(len(seen), len(programs)) - 1]
            return Outcome(None if lines is None else assemble(lines))

        method = Method("stand_in", "control", "says programs", run, 1.0, Options, compiled_once=False)
        monkeypatch.setattr(methods, "names", lambda: ["stand_in"])
        monkeypatch.setattr(methods, "get", lambda name: method)
        monkeypatch.setattr(solve, "DEFAULT_METHOD", "stand_in")
        return seen

    return use


# --- tables


def test_values_are_decimal_or_hexadecimal_signed_or_unsigned(tmp_path):
    given = table.read(write(tmp_path, "in.a0, in.x11,out.mem[0x104]\n-1, 0xFF, +7\n4294967295,-0x80000000,007\n\n"), 8)
    assert [str(at) for at in given.examples.sources + given.examples.targets] == ["a0", "a1", "mem[0x104]"]
    assert given.examples.inputs.tolist() == [[0xFFFFFFFF, 255], [0xFFFFFFFF, 1 << 31]]
    assert given.examples.outputs.tolist() == [[7], [7]]
    assert given.lines.tolist() == [2, 3]


def test_columns_may_stand_in_any_order_and_the_file_may_begin_with_a_byte_order_mark(tmp_path):
    given = table.read(write(tmp_path, "\ufeffout.a0,in.mem[8],in.a1\n1,2,3\n"), 8)
    assert [str(at) for at in given.examples.sources] == ["mem[0x8]", "a1"]
    assert given.examples.inputs.tolist() == [[2, 3]]


@pytest.mark.parametrize(("rows", "kept"), [(4, []), (5, [4]), (14, [4, 9])])
def test_every_fifth_row_is_kept_back(tmp_path, rows, kept):
    text = "in.a0,out.a0\n" + "".join(f"{i},{i}\n" for i in range(rows))
    assert np.flatnonzero(table.read(write(tmp_path, text), 8).held_out).tolist() == kept


def test_no_program_is_tried_on_a_row_that_it_was_made_from(tmp_path):
    given = table.read(write(tmp_path, "in.a0,out.a0\n" + "7,49\n0x7,49\n" * 5 + "2,4\n3,9\n4,16\n5,25\n6,36\n"), 8)
    assert np.flatnonzero(given.held_out).tolist() == [14]


def test_the_examples_are_not_written_over(tmp_path, capsys):
    path = write(tmp_path, "in.a0,out.a0\n1,2\n")
    before = path.read_bytes()
    assert command.main(["solve", str(path), "--out", str(path)]) == 2
    assert "holds the examples" in capsys.readouterr().err and path.read_bytes() == before


BAD_TABLES = {
    "": "is empty",
    "\n\n": "is empty",
    "in.a0,out.a0\n": "no rows",
    "in.a0,out.a0\n1,2\n1\n": "line 3: 1 cells, the header has 2",
    "in.a0,out.a0\n1,2,3\n": "line 2: 3 cells, the header has 2",
    "in.a0,in.a1\n1,2\n": "no column of outputs",
    "out.a0\n1\n": "no column of inputs",
    "a0,out.a0\n1,2\n": "unknown column 'a0'",
    "in.a0,out.a0,\n1,2,\n": "unknown column ''",
    "in.a0,in.a0,out.a0\n1,2,3\n": "'in.a0' and 'in.a0' name the same place",
    "in.a0,in.x10,out.a0\n1,2,3\n": "'in.a0' and 'in.x10' name the same place",
    "in.mem[8],in.mem[0x8],out.a0\n1,2,3\n": "name the same place",
    "in.b7,out.a0\n1,2\n": "'in.b7' names no register",
    "in.sp,out.a0\n1,2\n": "sp is reserved",
    "in.a0,out.ra\n1,2\n": "ra is reserved",
    "in.zero,out.a0\n1,2\n": "zero is reserved",
    "in.a6,out.a0\n1,2\n": "a6 is reserved, or no register of RV32E",
    "in.x16,out.a0\n1,2\n": "no register of RV32E",
    "in.mem[0x102],out.a0\n1,2\n": "a multiple of 4",
    "in.mem[-4],out.a0\n1,2\n": "a multiple of 4",
    "in.mem[0xfffffffc],out.a0\n1,2\n": "a multiple of 4, from 0",
    "in.mem[here],out.a0\n1,2\n": "'here' is no address",
    "in.mem[],out.a0\n1,2\n": "'' is no address",
    "in.mem[0],in.mem[0x10000],out.a0\n1,2,3\n": "within 4096 bytes",
    "in.a0,out.a0\n1,two\n": "line 2, column out.a0: 'two' is no whole number",
    "in.a0,out.a0\n1,\n": "line 2, column out.a0: '' is no whole number",
    "in.a0,out.a0\n1,2\n1.5,2\n": "line 3, column in.a0: '1.5' is no whole number",
    "in.a0,out.a0\n4294967296,2\n": "column in.a0: 4294967296 does not fit into 32 bits",
    "in.a0,out.a0\n1,-2147483649\n": "does not fit into 32 bits",
    "in.a0,out.a0\n1," + "9" * 5000 + "\n": "does not fit into 32 bits",
    "in.a0,out.a0\n1,2\n3,4\n0x1,5\n": "lines 2 and 4 contradict each other",
    "in.a0,out.a0\n1,2\n3,4\n5,6\n7,8\n1,5\n": "lines 2 and 6 contradict each other",
}


@pytest.mark.parametrize("text", BAD_TABLES)
def test_a_table_that_is_none_is_one_clear_line(tmp_path, capsys, text):
    path = write(tmp_path, text)
    assert command.main(["solve", str(path)]) == 2
    error = capsys.readouterr().err
    assert BAD_TABLES[text] in error
    assert error.startswith(f"error: {path}")
    assert error.count("\n") == 1


def test_bytes_that_are_no_text_and_files_that_are_none(tmp_path, capsys):
    (tmp_path / "bytes.csv").write_bytes(b"in.a0,out.a0\n\xff\xfe,1\n")
    for path, what in (("bytes.csv", "UTF-8"), ("missing.csv", "No such file"), (".", "directory")):
        assert command.main(["solve", str(tmp_path / path)]) == 2
        assert what in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--length", "0"], "--length 0: give more than 0"),
        (["--length", "-3"], "--length -3"),
        (["--budget-s", "0"], "--budget-s 0"),
        (["--budget-s", "nan"], "--budget-s nan"),
        (["--evaluations", "-1"], "--evaluations -1"),
        (["--steps", "0"], "--steps 0"),
        (["--seed", "-1"], "--seed -1"),
        (["--ops", "add,frobnicate"], "unknown operation 'frobnicate'"),
        (["--ops", ""], "operation"),
        (["--ops", "ecall"], "unknown operation 'ecall'"),
        (["--method", "magic"], "unknown method 'magic'"),
        (["--backend", "abacus"], "unknown backend 'abacus'"),
        (["--method", "random_search", "--relaxation", "bits"], "has no choice of relaxation"),
        (["--method", "random_search", "--backend", "jax_tensor"], "has no choice of backend"),
        (["--out", "/nowhere/at/all.elf"], "is no folder"),
        (["--out", "."], "is a folder"),
        (["--length", "1000"], "--length 1000: give at most 64"),
    ],
)
def test_options_that_cannot_be_are_one_clear_line(tmp_path, capsys, options, what):
    path = write(tmp_path, "in.a0,out.a0\n1,2\n")
    assert command.main(["solve", str(path), *options]) == 2
    error = capsys.readouterr().err
    assert what in error
    assert error.count("\n") == 1


# --- what is searched


def test_the_space_has_zero_the_examples_registers_and_three_for_scratch(tmp_path):
    examples = table.read(write(tmp_path, "in.t1,in.mem[0x7f0],out.a0\n1,2,700\n2,3,700\n3,4,700\n"), 8).examples
    spaces = solve.spaces(examples, 6, None)
    scratch = (0, 5, 6, 7, 8, 10)
    assert [space.registers for space in spaces] == [(0, 5, 6, 7, 8, 9, 10), *[scratch] * 4]  # and one for the word
    assert [(space.straight, space.length) for space in spaces] == [
        (True, 6), (False, 5), (False, 6), (True, 6), (False, 6),
    ]  # fmt: skip
    assert spaces[0].size() < spaces[3].size() and spaces[1].size() < spaces[2].size() < spaces[4].size()
    for space in spaces:
        assert {"lw", "sw", "mul"} <= set(space.operations)
        assert {0x7F0, 700} <= set(space.constants)
        assert 0x7F0 in space.immediates("lw", 0) and 0x7F0 in space.immediates("sw", 0)
    assert {space.operations for space in solve.spaces(examples, 6, ["add", "bne"])} == {("add", "bne")}


def test_methods_see_neither_held_out_rows_nor_more_time_than_there_is(tmp_path, stand_in):
    path, _ = csv_of(tmp_path, "abs")
    seen = stand_in(None)
    given = table.read(path, 8)
    answer = solve.solve(given, methods.get("stand_in"), solve.spaces(given.examples, 4, None), Budget(1e6, 5), 0)
    assert not answer.found
    assert answer.executions == 400
    assert [len(problem.examples) for problem, _ in seen] == [16] * 4
    held_out = {row.tobytes() for row in given.examples.inputs[given.held_out]}
    assert held_out.isdisjoint(row.tobytes() for row in seen[0][0].examples.inputs) or len(held_out) < 4


def test_a_method_that_runs_out_of_its_budget_has_found_nothing(tmp_path):
    def run(problem, budget, rng, options):
        budget.spent += budget.executions
        return Outcome(None)

    given = table.read(csv_of(tmp_path, "abs")[0], 8)
    method = Method("spender", "control", "spends", run, 1.0)
    answer = solve.solve(given, method, solve.spaces(given.examples, 4, None), Budget(1000, 5), 0)
    assert (answer.found, answer.code, answer.executions) == (False, None, 1000)
    with pytest.raises(Exhausted):
        Budget(1, 1).spend(2)


def test_a_found_program_loses_the_instructions_that_do_nothing(tmp_path, capsys, stand_in):
    path, _ = csv_of(tmp_path, "abs")
    junk = [("addi", "t1", "t1", 3), language_nothing(), ("mul", "t2", "a0", "a0")]
    stand_in([junk[0], ABS[0], junk[1], *ABS[1:], junk[2]], None)
    assert command.main(["solve", str(path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [line.strip() for line in report["program"]] == ["srai t0, a0, 31", "xor a0, a0, t0", "sub a0, a0, t0"]
    assert report["training"] == {"rows": 16, "right": 16}
    assert report["held_out"] == {"rows": 4, "right": 4}
    assert (report["found"], report["instructions"], report["method"], report["executions"]) == (True, 3, "stand_in", 200)


def test_a_shorter_program_is_looked_for_and_taken_where_it_holds(tmp_path, stand_in):
    """Four instructions, then three; after these one that is wrong, which does not take their place."""
    given = table.read(csv_of(tmp_path, "abs")[0], 8)
    by_way = [ABS[0], ("xor", "t1", "a0", "t0"), ("add", "a0", "t1", "zero"), ABS[2]]
    seen = stand_in(by_way, ABS, ABS[:2])
    answer = solve.solve(given, methods.get("stand_in"), solve.spaces(given.examples, 4, None), Budget(1e6, 5), 0)
    assert answer.found and assembly.text(answer.code) == assembly.text(assemble(ABS))
    assert [problem.space.length for problem, _ in seen] == [4, 3, 2, 2]
    assert answer.executions == 400


def language_nothing():
    return ("addi", "zero", "zero", 0)


def test_without_a_slot_branches_go_where_they_went():
    code = assemble([("beq", "a0", "zero", 12), language_nothing(), ("addi", "a0", "a0", -1), ("bne", "a0", "zero", -12)])
    shorter = without(code, 1)
    assert assembly.text(shorter) == assembly.text(
        assemble([("beq", "a0", "zero", 8), ("addi", "a0", "a0", -1), ("bne", "a0", "zero", -8)])
    )
    assert len(minimise(code, lambda made: True)) == 1
    assert (minimise(code, lambda made: False) == code).all()


def test_a_program_that_does_not_hold_on_other_rows_is_not_found(tmp_path, capsys, stand_in):
    """Doubling is squaring as long as x is 0 or 2."""
    path = write(tmp_path, "in.a0,out.a0\n0,0\n2,4\n0,0\n2,4\n3,9\n2,4\n")
    stand_in([("add", "a0", "a0", "a0")])
    assert command.main(["solve", str(path), "--out", str(tmp_path / "x.elf")]) == 1
    out = capsys.readouterr().out
    assert "no program of at most 8 instructions found" in out
    assert "right on 5 of 5 examples and 0 of 1 held-out rows; wrong on line 6" in out
    assert not (tmp_path / "x.elf").exists()


def test_after_a_program_that_does_not_hold_the_search_goes_on(tmp_path, capsys, stand_in):
    path = write(tmp_path, "in.a0,out.a0\n0,0\n2,4\n0,0\n2,4\n3,9\n2,4\n")
    stand_in([("add", "a0", "a0", "a0")], [("mul", "a0", "a0", "a0")])
    assert command.main(["solve", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rejected_programs"] == 1


def test_a_program_is_shown_also_where_its_file_cannot_be_written(tmp_path, capsys, stand_in):
    path, _ = csv_of(tmp_path, "abs")
    stand_in(ABS)
    assert command.main(["solve", str(path), "--out", "/dev/full"]) == 2
    shown = capsys.readouterr()
    assert "sub a0, a0, t0" in shown.out
    assert shown.err.startswith("error: /dev/full: ")


def test_options_reach_a_method_that_has_them(tmp_path, stand_in):
    path, _ = csv_of(tmp_path, "abs")
    seen = stand_in(ABS)
    assert command.main(["solve", str(path), "--relaxation", "value", "--method", "stand_in"]) == 0
    assert {relaxation for _, relaxation in seen} == {"value"}
    with pytest.raises(UserError, match="has no choice of backend: leave --backend out"):
        solve.bound("stand_in", backend="jax_tensor", relaxation=None)


def test_loops_need_steps_and_a_found_one_may_take_more(tmp_path, capsys, stand_in):
    path = write(tmp_path, "in.a0,out.a1\n1,1\n2,3\n100,5050\n")
    stand_in(SUM)
    assert command.main(["solve", str(path), "--steps", "18"]) == 1
    assert command.main(["solve", str(path), "--steps", "19"]) == 0  # 16 times as many, once it is found
    assert "3 of 3 examples and no held-out rows" in capsys.readouterr().out


# --- the whole way, with a method of the suite


def test_a_task_of_one_instruction_is_found(tmp_path, capsys):
    path, _ = csv_of(tmp_path, "increment")
    assert command.main(["solve", str(path), "--length", "1", "--ops", "addi,add,xori", "--method", "random_search"]) == 0
    out = capsys.readouterr().out
    assert "addi a0, a0, 1" in out
    assert "right on 16 of 16 examples and 4 of 4 held-out rows" in out
    assert machines.main(["run", str(tmp_path / "rows.elf")]) == 0
    assert capsys.readouterr().out == "20 of 20 rows right\n"


def test_a_task_that_no_program_of_that_length_solves_ends_at_the_budget(tmp_path, capsys):
    path, _ = csv_of(tmp_path, "abs")
    assert (
        command.main(["solve", str(path), "--length", "1", "--budget-s", "1", "--ops", "add,sub", "--method", "random_search"])
        == 1
    )
    out = capsys.readouterr().out
    assert "no program of at most 1 instructions found: " in out
    assert not (tmp_path / "rows.elf").exists()


# --- the ELF


def run(data, isa="rv32em", machine="gpu_compute"):
    program, built_for = elf.parse(data, "solution")
    assert built_for == "rv32em"
    config = toolchain.machine_for(program, isa)
    batch = Batch(toolchain.initial_registers(config))
    ran = catalog.create(machine).run(program, batch, config, 1_000_000)
    assert ran.status[0] == Status.EXITED
    return program, ran.output[0].decode(), int(ran.exit_code[0])


@pytest.mark.parametrize("name", ["swap", "clamp", "gcd", "sum_array", "reverse", "bubble_sort"])
@pytest.mark.parametrize("isa", ["rv32em", "rv32im"])
def test_the_executable_says_how_many_rows_are_right(name, isa):
    task = tasks.get(name)
    examples = task.training(np.random.default_rng(2), 24)
    program, output, code = run(executable.build(task.solution, examples), isa)
    assert (output, code) == ("24 of 24 rows right\n", 0)
    assert "solution" in program.symbols
    outputs = examples.outputs.copy()
    outputs[[3, 17], -1] ^= np.uint32(1 << 30)
    wrong = type(examples)(examples.sources, examples.targets, examples.inputs, outputs, examples.steps)
    assert run(executable.build(task.solution, wrong), isa)[1:] == ("22 of 24 rows right\n", 1)


@pytest.mark.parametrize("base", [0, 0x104, 0x7FF0, 0xFFEFFFF0])
def test_words_of_memory_lie_where_the_examples_say(tmp_path, base):
    text = f"in.mem[{base}],in.a0,out.mem[{base + 8}]\n" + "".join(f"{i},{base},{i + 1}\n" for i in range(7))
    examples = table.read(write(tmp_path, text), 8).examples
    code = assemble([("lw", "t0", 0, "a0"), ("addi", "t0", "t0", 1), ("sw", "t0", 8, "a0")])
    for machine in ("reference", "gpu_compute"):
        assert run(executable.build(code, examples), machine=machine)[1:] == ("7 of 7 rows right\n", 0)


def test_every_row_starts_with_clean_registers_and_memory(tmp_path):
    """A program that counts in memory and in a register beside its inputs and outputs."""
    text = "in.mem[0x100],out.mem[0x108],out.a0\n" + "".join(f"{i},1,1\n" for i in range(5))
    examples = table.read(write(tmp_path, text), 8).examples
    counts = [("lw", "t0", 0x108 - 0x100, "a5"), ("addi", "s1", "s1", 1), ("addi", "a0", "s1", 0)]
    code = assemble([("addi", "a5", "zero", 0x100), *counts, ("addi", "t0", "t0", 1), ("sw", "t0", 8, "a5")])
    assert run(executable.build(code, examples))[1:] == ("5 of 5 rows right\n", 0)


def test_a_table_of_many_columns_and_rows(tmp_path):
    header = ",".join([f"in.mem[{0x100 + 4 * i}]" for i in range(200)] + [f"out.mem[{0x100 + 4 * i}]" for i in range(200)])
    rows = np.random.default_rng(0).integers(0, 1 << 32, (123, 200)).tolist()
    given = table.read(write(tmp_path, "\n".join([header, *(",".join(map(str, row + row)) for row in rows)])), 8)
    assert run(executable.build(assemble([language_nothing()]), given.examples))[1:] == ("123 of 123 rows right\n", 0)
    with pytest.raises(UserError, match="401 columns"):
        table.read(write(tmp_path, header + ",in.a0\n"), 8)


@pytest.mark.parametrize("machine", catalog.names())
def test_the_executable_runs_on_every_machine(tmp_path, capsys, machine):
    task = tasks.get("abs")
    path = Path(tmp_path) / "abs.elf"
    path.write_bytes(executable.build(task.solution, task.training(np.random.default_rng(0), 6)))
    assert machines.main(["run", str(path), "--backend", machine]) == 0
    assert capsys.readouterr().out == "6 of 6 rows right\n"


def test_a_method_searches_the_spaces_that_it_can(tmp_path):
    """Annealing descends on straight-line programs alone, and the others are left out."""
    examples = csv_of(tmp_path, "abs")[1]
    choices = solve.spaces(examples, 4, None)
    kept = solve.fitting(methods.get("annealed"), choices, examples)
    assert kept and all(space.straight for space in kept) and not all(space.straight for space in choices)
    assert solve.fitting(methods.get("mcmc"), choices, examples) == choices
    with pytest.raises(UserError, match="annealed cannot search this"):
        solve.fitting(methods.get("annealed"), [space for space in choices if not space.straight], examples)


def test_compiling_comes_before_the_clock(tmp_path):
    """Every kind of space is tried once, with little to spend, by methods that are compiled once for all problems."""
    tried = []

    def run(problem, budget, rng, options):
        tried.append((problem.space.straight, budget.executions))
        return Outcome(None)

    choices = solve.spaces(csv_of(tmp_path, "abs")[1], 4, None)
    solve.warm(Method("one", "discrete", "is compiled once", run, 1.0), choices)
    assert sorted(straight for straight, _ in tried) == [False, True] and all(spent < 1e6 for _, spent in tried)
    tried.clear()
    solve.warm(Method("many", "discrete", "is compiled for each", run, 1.0, compiled_once=False), choices)
    assert not tried
    budget = Budget(1.0, 1e-9)
    with pytest.raises(Exhausted):
        budget.check()
    budget.seconds = 60.0
    budget.restart()
    budget.check()


def test_every_method_says_whether_it_takes_a_problem():
    """Every method answers whether it takes a problem."""
    task = tasks.get("abs")
    problem = task.problem(np.random.default_rng(0), 8)
    reasons = {name: reason for name in methods.names() if (reason := methods.get(name).fits(problem)) is not None}
    assert set(reasons) == {"loaded", "sketches"} and all(reasons.values())  # for memory, and for loops
