"""Programs on words of memory by way of registers: what is loaded, what is stored, and what cannot be done so."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.program_search import methods
from experiments.program_search.assembly import text
from experiments.program_search.budget import Budget
from experiments.program_search.evaluation import Evaluator
from experiments.program_search.problem import Examples, Problem, memory, register
from experiments.program_search.space import NOTHING, Space

A0, X, Y, Z = register("a0"), memory(0x100), memory(0x104), memory(0x108)
SPACE = Space(("add", "sub", "xor", "lw", "sw"), (0, 5, 6, 7, 8, 10), 5, (0, 1), (0x100, 0x104, 0x108))


def problem(sources, targets, compute, length=5) -> Problem:
    """Of random words, and what `compute` makes of the inputs."""
    inputs = np.random.default_rng(0).integers(0, 1 << 32, (40, len(sources)), np.uint32)
    outputs = np.stack(compute(*inputs.T), axis=1)
    return Problem(Examples(sources, targets, inputs, outputs, 16), replace(SPACE, length=length))


def found(given: Problem) -> list[str]:
    """The instructions of the code that is found, which is right on all examples."""
    code = methods.get("loaded").search(given, Budget(1e8, 60), np.random.default_rng(0)).code
    assert code is not None and code.shape == (given.space.length, 5)
    assert Evaluator(given.examples).score(code[None]).right[0] == len(given.examples)
    return [line.split()[0] for line in text(code[(code != NOTHING).any(axis=1)])]


def test_words_are_loaded_first_and_stored_last():
    assert found(problem((X, Y), (Z,), lambda x, y: (x + y,))) == ["lw", "lw", "add", "sw"]


def test_a_word_that_is_not_read_is_not_loaded_and_one_that_stays_is_not_stored():
    given = problem((A0, X, Y, Z), (A0, X, Y), lambda a, x, y, z: (a, x, y ^ x))
    assert found(given) == ["lw", "lw", "xor", "sw"]


def test_a_program_leaves_room_for_its_loads():
    """Of what computes the same, that which is short enough with three loads."""
    assert found(problem((X, Y, Z), (A0,), lambda x, y, z: (x - y + z,))).count("lw") == 3
    short = problem((X, Y, Z), (A0,), lambda x, y, z: (x - y + z,), length=4)
    assert methods.get("loaded").search(short, Budget(1e7, 60), np.random.default_rng(0)).code is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"operations": ("add", "lw", "sw", "bne")}, "no branches"),
        ({"operations": ("add", "lw")}, "lw, sw and other"),
        ({"operations": ("lw", "sw")}, "other operations"),
        ({"addresses": (0x100,)}, "no load from zero reaches"),
        ({"registers": (0, 5, 10)}, "fewer registers"),
    ],
)
def test_what_cannot_be_done_so_is_refused(changes, reason):
    given = problem((X, Y), (Z,), lambda x, y: (x + y,))
    assert methods.get("loaded").fits(given) is None
    assert reason in methods.get("loaded").fits(replace(given, space=replace(given.space, **changes)))
