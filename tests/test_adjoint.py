"""Reverse mode through the discrete machine: against brute force, one flipped bit or one substitute at a time."""

from dataclasses import replace

import numba
import numpy as np
import pytest

from backends.core import isa
from backends.gpu_compute import adjoint
from backends.gpu_compute.codes import pack
from experiments.program_search.evaluation import Evaluator, Workspace
from experiments.program_search.machine_code import gradient_proposals
from experiments.program_search.machine_code.adjoint_scores import Adjoint
from experiments.program_search.random_numbers import seeded
from experiments.program_search.space import IMM, NOTHING, OP, RD, RS1, RS2, random_codes
from experiments.synthesis import tasks
from manual import ALU

FIELDS = (OP, RD, RS1, RS2, IMM)


@numba.njit(_nrt=False)
def _alu(function, a, b):
    return adjoint.alu(function, a, b)


@numba.njit(_nrt=False)
def _pull(function, a, b, g, to_a, to_b, table):
    adjoint.sums(g, table)
    adjoint.pull(function, a, b, g, to_a, to_b, table)


@numba.njit(_nrt=False)
def _score(random, packed, order, cases, work, adjoint):
    return gradient_proposals.score(random, packed, order, cases, work, adjoint)


@pytest.mark.parametrize("name", isa.ARITHMETIC)
def test_derivatives_are_differences_of_flipped_bits(name):
    rng = np.random.default_rng(0)
    function = isa.NUMBER[name]
    words = np.concatenate([rng.integers(0, 1 << 32, 12), [0, 1, 0xFFFFFFFF, 0x80000000]]).astype(np.uint32)
    weights = rng.normal(size=32).astype(np.float32)
    for a, b in zip(words, rng.permutation(words), strict=True):
        to_a, to_b = np.zeros(32, np.float32), np.zeros(32, np.float32)
        _pull(function, a, b, weights, to_a, to_b, np.zeros((8, 16), np.float32))

        def value(x, y):
            word = ALU[name](int(x), int(y)) & 0xFFFFFFFF
            assert _alu(function, np.uint32(x), np.uint32(y)) == word
            return weights @ (word >> np.arange(32) & 1)

        for k in range(32):
            bit = 1 << k
            by_a = value(int(a) | bit, b) - value(int(a) & ~bit, b)
            by_b = value(a, int(b) | bit) - value(a, int(b) & ~bit)
            assert to_a[k] == pytest.approx(by_a, abs=1e-4), (name, hex(a), hex(b), k)
            assert to_b[k] == pytest.approx(by_b, abs=1e-4), (name, hex(a), hex(b), k)


class Scored:
    """The scores of a code over all examples of a task, and what substitutes really cost."""

    def __init__(self, name: str, code: np.ndarray, seed: int) -> None:
        task, rng = tasks.get(name), np.random.default_rng(seed)
        examples = task.training(rng, 16)
        self.evaluator = Evaluator(replace(examples, steps=max(examples.steps, len(code))))
        cases = self.evaluator.cases
        self.adjoint = Adjoint.of(task.space, cases)
        packed, order = pack(code[None])[0], np.arange(len(self.evaluator))
        _score(seeded(rng), packed, order, cases, Workspace.of(cases), self.adjoint)
        self.code, self.choices, self.scores = self.adjoint.code.copy(), self.adjoint.choices, self.adjoint.scores

    def differences(self, slot: int):
        """(field, score, real difference) of each substitute of a slot."""
        tables = self.choices
        k, form = tables.place_of[self.code[slot, OP]], adjoint.FORM[self.code[slot, OP]]
        immediates = tables.immediates[slot, k, : tables.counts[slot, k]]
        choices = (tables.numbers, *(tables.registers,) * 3, immediates)
        now = self.distance(self.code)
        for field, values in zip(FIELDS, choices, strict=True):
            if (field == RS2 and form not in (adjoint.REGISTER, adjoint.STORE)) or (field == IMM and form == adjoint.REGISTER):
                continue
            if field != RD and self.code[slot, RD] == 0 and form != adjoint.STORE:
                continue
            for c, value in enumerate(values):
                other = self.code.copy()
                other[slot, field] = value
                if isa.OPERATIONS[other[slot, OP]].format == "shift":
                    other[slot, IMM] &= 31
                yield field, self.scores[field][slot, c], self.distance(other) - now

    def distance(self, code: np.ndarray) -> int:
        return int(self.evaluator.score(code[None]).distance[0])


@pytest.mark.parametrize("name", ["max", "square_plus", "swap"])
def test_scores_of_the_last_instruction_are_exact(name):
    rng, space, seen = np.random.default_rng(1), tasks.get(name).space, 0
    for seed, code in enumerate(random_codes(space, rng, 12)):
        for field, score, real in Scored(name, code, seed).differences(space.length - 1):
            assert score == pytest.approx(real, abs=1e-2), (name, seed, field)
            seen += 1
    assert seen > 300


def test_scores_of_earlier_instructions_point_the_right_way():
    rng, space, agree = np.random.default_rng(2), tasks.get("max").space, []
    for seed, code in enumerate(random_codes(space, rng, 24)):
        scored = Scored("max", code, seed)
        for slot in range(space.length - 1):
            pairs = np.array([(score, real) for _, score, real in scored.differences(slot)])
            if len(pairs) and pairs[:, 0].std() > 0 and pairs[:, 1].std() > 0:
                agree.append(np.corrcoef(pairs.T)[0, 1])
    assert len(agree) > 10
    assert np.median(agree) > 0.5


@pytest.mark.parametrize("name", ["sum_array", "reverse", "gcd", "sum_to_n"])
def test_what_is_there_scores_nothing_in_loops(name):
    """A substitute that is what is there already changes nothing, however often the slot runs."""
    task = tasks.get(name)
    rng, codes = np.random.default_rng(3), [np.array(task.solution, np.int32)]
    for code in (*codes, *random_codes(task.space, rng, 4)):
        filled = np.array([*code.tolist(), *[NOTHING] * (task.space.length - len(code))], np.int32)
        scored = Scored(name, filled, 0)
        for slot, fields in enumerate(scored.code):
            registers = scored.choices.registers.tolist()
            for field in (RD, RS1, RS2):
                assert scored.scores[field][slot, registers.index(fields[field])] == 0
            k = scored.choices.numbers.tolist().index(fields[OP])
            if adjoint.FORM[fields[OP]] not in (adjoint.NOTHING, adjoint.STORE):
                assert scored.scores[OP][slot, k] == 0


def test_a_tape_is_undone():
    """Going back leaves registers and memory as they were before the run."""
    task = tasks.get("reverse")
    evaluator = Evaluator(task.training(np.random.default_rng(0), 4))
    cases = evaluator.cases
    scored = Adjoint.of(task.space, cases)
    code = np.array([*task.solution.tolist(), NOTHING], np.int32)
    packed, (x, memory, words) = pack(code[None])[0], Workspace.of(cases)
    for e in range(len(evaluator)):
        x[:], memory[:] = 0, cases.memory[e]
        before = cases.starts[e].copy()
        length, ended = _record(packed, before, memory, words, cases.base, cases.steps, x, scored.room.tape)
        assert ended and length > 0
        _back(length, code, adjoint.State(x, memory, cases.base), scored)
        assert (x[: len(before)] == before).all()
        assert (memory == cases.memory[e]).all()


@numba.njit(_nrt=False)
def _record(packed, registers, memory, words, base, steps, x, tape):
    return adjoint.record(packed, registers, memory, words, base, steps, x, tape)


@numba.njit(_nrt=False)
def _back(length, code, state, scored):
    adjoint.back(length, code, state, scored.choices, scored.room, scored.scores)
