"""The shortest straight-line program: against all programs of small spaces, one by one, and on tables whose shortest known
programs were taken from public reports (`inputs/synthesis.tsv`)."""

import csv
import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from backends.core import isa
from backends.core.isa.words import Arrays
from experiments.program_search import suggestions
from experiments.program_search.budget import Budget, Exhausted
from experiments.program_search.machine_check import correct
from experiments.program_search.problem import Examples, Problem, register
from experiments.program_search.space import OPERATION, Space
from experiments.program_search.ssa import shortest, value_sets
from experiments.program_search.ssa.shortest import USUAL_CONSTANTS, Shortest
from experiments.synthesis import __main__ as command

INPUTS = Path(__file__).parent / "inputs"
OPERATIONS = ("sub", "and", "sltu", "srl", "xori")
REGISTERS = (0, 5, 6, 7, 10, 11)
with open(INPUTS / "synthesis.tsv", encoding="utf-8", newline="") as file:
    KNOWN = {row["file"]: row for row in csv.DictReader(file, delimiter="\t")}


def examples_of(inputs, output):
    return Examples((register("a0"), register("a1")), (register("a0"),), inputs, output[:, None], 8)


def every_value(values, constants=USUAL_CONSTANTS):
    """What one instruction makes of values `[E]`, by definition of the instruction table, of the space's constants."""
    constants = [np.full(len(values[0]), c, np.int64).astype(np.uint32) for c in constants]
    for name in OPERATIONS:
        row = OPERATION[name]
        seconds = values if row.format == "R" else constants
        for a, b in product(values, seconds):
            yield np.asarray(row.meaning(Arrays(), a, b)).astype(np.uint32)


def least(values, wanted, most, constants):
    """How many instructions make the wanted word, by trying all programs of 1, 2, … `most`; `most` + 1 where none does."""

    def within(values, length):
        if length == 1:
            return any((made == wanted).all() for made in every_value(values, constants))
        return any(within([*values, made], length - 1) for made in every_value(values, constants))

    return next((length for length in range(1, most + 1) if within(values, length)), most + 1)


def search(examples, operations=OPERATIONS, length=4, accepts=lambda code: True):
    space = Space(operations, REGISTERS, length, USUAL_CONSTANTS)
    found = Shortest(Problem(examples, space), np.random.default_rng(0))
    return found, list(found.search(Budget(1e9), length + 1, accepts))


@pytest.mark.parametrize("seed", range(6))
def test_no_program_of_a_small_space_is_shorter(seed):
    rng = np.random.default_rng(seed)
    inputs = rng.integers(0, 1 << 32, (6, 2), dtype=np.uint32)
    inputs[:2] &= 7
    values = [np.zeros(6, np.uint32), *np.ascontiguousarray(inputs.T)]
    for _ in range(3):
        choices = [made for made in every_value(values) if not any((made == value).all() for value in values)]
        values.append(choices[rng.integers(len(choices))])
    examples = examples_of(inputs, values[-1])
    found, codes = search(examples)
    constants = {*USUAL_CONSTANTS, *suggestions.immediates(examples)}
    assert len(codes[-1]) == found.no_shorter == least(values[:3], values[-1], 2, constants)


@pytest.mark.parametrize("seed", range(8))
def test_every_program_of_an_accumulator_machine_is_found_or_a_like_one(seed):
    """Five random instructions, of which each reads the one before it, an input or a constant that is loaded."""
    rng, names = np.random.default_rng(seed), ("addi", "xori", "slli", "sub", "xor", "remu", "mul")
    inputs = rng.integers(1, 1 << 32, (30, 2), dtype=np.uint32)
    value, left = inputs[:, rng.integers(2)], 5
    while left:
        name = str(rng.choice(names))
        row, loads = OPERATION[name], bool(rng.integers(2)) and left > 1 and OPERATION[name].format == "R"
        constant = np.full(30, 1 if row.format == "shift" else rng.choice([1, -1]), np.int64).astype(np.uint32)
        other = constant if loads or row.format != "R" else inputs[:, rng.integers(2)]
        pair = (other, value) if row.format == "R" and rng.integers(2) else (value, other)
        value, left = np.asarray(row.meaning(Arrays(), *pair)).astype(np.uint32), left - 1 - loads
    found = Shortest(Problem(examples_of(inputs, value), Space(names, REGISTERS, 5, (1, -1))), np.random.default_rng(0))
    chains = [part for part in found.parts if part.accumulator and part.limits.levels == 0]
    code = next((code for part in chains for code in found._codes(part, Budget(1e9))), None)
    assert code is not None or len(np.unique(value)) == 1
    assert code is None or correct(found.examples, code, "reference").all()


def test_a_code_found_is_right_on_the_machine_and_each_is_shorter_than_the_one_before():
    rng = np.random.default_rng(0)
    inputs = rng.integers(0, 1 << 32, (20, 2), dtype=np.uint32)
    examples = examples_of(inputs, np.minimum(inputs[:, 0], inputs[:, 1]))
    _, codes = search(examples, ("sltu", "sub", "and", "add", "addi", "xor"), 6)
    lengths = [len(code) for code in codes]
    assert lengths == sorted(set(lengths), reverse=True)
    assert all(correct(examples, code, "reference").all() for code in codes)


@pytest.mark.parametrize(("operations", "wanted"), [(("sub",), "sub"), (("xori", "and"), "xori"), (("addi", "sub"), "addi")])
def test_what_changes_nothing_is_one_instruction_of_the_space(operations, wanted):
    inputs = np.random.default_rng(0).integers(0, 1 << 32, (10, 2), dtype=np.uint32)
    found, codes = search(examples_of(inputs, inputs[:, 1]), operations, 2)
    assert [isa.OPERATIONS[code[0, 0]].name for code in codes] == [wanted] and found.no_shorter == 1
    assert correct(found.examples, codes[0], "reference").all()


@pytest.mark.parametrize("factor", [10, -7, 1000])
def test_a_factor_is_suggested(factor):
    inputs = np.random.default_rng(0).integers(1, 1 << 20, (12, 2), dtype=np.uint32)
    _, codes = search(examples_of(inputs, inputs[:, 0] * np.int64(factor).astype(np.uint32)), ("addi", "mul", "slli"), 4)
    assert len(codes[-1]) == 2


def test_nothing_is_shown_where_a_program_was_turned_down():
    inputs = np.arange(1, 21, dtype=np.uint32).reshape(10, 2)
    found, codes = search(examples_of(inputs, inputs[:, 0] - inputs[:, 1]), accepts=lambda code: False, length=2)
    assert not codes
    assert found.no_shorter == 1


def test_nothing_is_shown_where_a_candidate_had_no_room(monkeypatch):
    monkeypatch.setattr(value_sets, "_CAPACITY", 16)
    inputs = np.random.default_rng(1).integers(0, 1 << 32, (10, 2), dtype=np.uint32)
    found, codes = search(examples_of(inputs, inputs[:, 0] * inputs[:, 1] ^ 0x12345), length=3)
    assert not codes
    assert found.unsure


def test_an_example_that_refutes_a_program_is_added():
    inputs = np.zeros((40, 2), np.uint32)
    inputs[:, 0] = np.arange(40) * 3 + 1
    inputs[-1] = 0xFFFF0000, 1
    output = np.where(inputs[:, 1], inputs[:, 0] - 1, inputs[:, 0]).astype(np.uint32)
    found, codes = search(examples_of(inputs, output))
    assert isa.OPERATIONS[codes[-1][0, 0]].name == "sub"
    assert len(codes[-1]) == 1 == found.no_shorter


def test_the_budget_ends_a_search():
    inputs = np.random.default_rng(2).integers(0, 1 << 32, (10, 2), dtype=np.uint32)
    space = Space(OPERATIONS, REGISTERS, 8, USUAL_CONSTANTS)
    found = Shortest(Problem(examples_of(inputs, inputs[:, 0] * inputs[:, 1]), space), np.random.default_rng(0))
    budget = Budget(1e6)
    with pytest.raises(Exhausted):
        list(found.search(budget, 9, lambda code: True))
    assert 1e6 <= budget.spent < 1e8


@pytest.mark.parametrize("operations", [("beq", "add"), ("lw", "add"), ("lui", "add")])
def test_spaces_that_are_not_searched_are_named(operations):
    examples = examples_of(np.ones((5, 2), np.uint32), np.ones(5, np.uint32))
    assert shortest.fits(Problem(examples, Space(operations, REGISTERS, 3))) is not None


@pytest.mark.parametrize(
    ("file", "options"),
    [
        ("sign_extend_bit.csv", []), ("sign_extend_12.csv", []), ("cap_255.csv", []), ("align_8.csv", []),
        ("absdiff_unsigned.csv", ["--ops", "sltu,sub,xor,addi,and"]),  # with all operations a quarter of a minute
    ],
)  # fmt: skip
def test_solve_finds_the_shortest_known_program_and_shows_it(file, options, capsys, tmp_path):
    given = [str(INPUTS / file), "--json", "--out", str(tmp_path / "x.elf"), *options]
    assert command.main(["solve", *given]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["instructions"] == int(KNOWN[file]["known_instructions"])
    assert answer["shortest"] is True
    assert answer["held_out"]["right"] == answer["held_out"]["rows"] > 0
