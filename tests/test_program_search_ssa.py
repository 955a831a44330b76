"""Searches over static single assignment: what programs compute, and the derivatives they learn from, against flips."""

from dataclasses import replace

import numba
import numpy as np
import pytest

import manual
from backends.gpu_compute.codes import pack
from experiments.program_search.evaluation import Evaluator
from experiments.program_search.problem import Problem
from experiments.program_search.space import NEVER
from experiments.program_search.ssa import kernel, markov_chain, straight_through
from experiments.program_search.ssa.form import Fields
from experiments.program_search.ssa.lowering import read_off
from experiments.synthesis import tasks

TASKS = ("max", "mul", "swap", "clamp")
SLOTS = 6


@numba.njit(_nrt=False)
def _begin(state, cases):
    kernel.restart(state, cases)


@numba.njit(_nrt=False)
def _forward(state, cases, e):
    kernel.forward(state, cases, e)


@numba.njit(_nrt=False)
def _score(state, cases, count):
    state.scores[:] = 0.0
    wrong = 0
    for e in range(count):
        _forward(state, cases, e)
        wrong += kernel.wrong_bits(state, cases, e)
        kernel.backward(state, cases, e)
    return wrong


@numba.njit(_nrt=False)
def _wrong(state, cases, count):
    wrong = 0
    for e in range(count):
        _forward(state, cases, e)
        wrong += kernel.wrong_bits(state, cases, e)
    return wrong


def descents(name: str, focus: float = 0.0) -> straight_through.Descents:
    task = tasks.get(name)
    made = Problem(task.training(np.random.default_rng(0), 24), task.space)
    options = straight_through.Options(slots=SLOTS, focus=(focus,))
    return straight_through.Descents(made, np.random.default_rng(1), options)


@pytest.mark.parametrize("name", TASKS)
def test_a_draw_and_the_code_read_off_compute_the_same(name):
    made, read = descents(name), 0
    state, problem = made.members[0], made.form.problem
    evaluator = Evaluator(problem.examples)
    for _ in range(300):
        _begin(state, made.cases)
        code = read_off(made.form, state.chosen)
        if code is None:
            continue
        assert len(code) == problem.space.length and pack(code[None]).shape == (1, len(code) + 2)
        found, ended = evaluator.outputs(code[None])
        assert ended.all()
        for e in range(len(evaluator)):
            _forward(state, made.cases, e)
            assert (state.x[state.chosen.out] == found[0, e]).all()
        read += 1
    assert read > 50


@pytest.mark.parametrize("name", TASKS)
def test_scores_next_to_the_outputs_are_differences_in_wrong_bits(name):
    """The number of wrong bits is linear in the bits of an output, so what an output reads is scored exactly, and so is what
    computes a word that outputs alone read."""
    made, seen = descents(name), 0
    state, first, count = made.members[0], made.form.first, 24
    for _ in range(40):
        _begin(state, made.cases)
        now = _score(state, made.cases, count)
        scores = Fields(*(field.copy() for field in state.score))
        read = {*state.chosen.rs1.tolist(), *state.chosen.rs2.tolist()}
        slots = [slot for slot in range(SLOTS) if first + slot in state.chosen.out and first + slot not in read]
        cells = [("out", o) for o in range(len(state.chosen.out))]
        cells += [(field, slot) for slot in slots for field in ("op", "rs1", "rs2")]
        for field, row in cells:
            drawn, prior = getattr(state.chosen, field), getattr(made.cases.by_field, field)
            held = drawn[row]
            for c in np.flatnonzero(prior[row] > NEVER)[::3]:
                drawn[row] = c
                real = _wrong(state, made.cases, count) - now
                assert getattr(scores, field)[row, c] == pytest.approx(real, abs=1e-2), (field, row, c)
                seen += real != 0
            drawn[row] = held
    assert seen > 50


def test_a_focus_weighs_bits_and_keeps_their_mean():
    made = descents("max", focus=0.25)
    _begin(made.members[0], made.cases)
    weights = made.members[0].weights
    assert weights.mean() == pytest.approx(1) and np.allclose(weights[1:] / weights[:-1], 2**-0.25)


@pytest.mark.parametrize("name", TASKS)
def test_a_chain_knows_the_cost_of_where_it_is(name):
    """After any number of proposals, taken and taken back, cost and needed slots are those of the program that it holds."""
    task, compared = tasks.get(name), 0
    made = Problem(task.training(np.random.default_rng(0), 24), replace(task.space, length=1))
    chains = markov_chain.Chains(made, np.random.default_rng(1), markov_chain.Options(slots=SLOTS, wrong=3.0))
    state, chain = chains.members[0], chains.chains[0]
    for _ in range(40):
        chains.go(2000)
        off = np.bitwise_count(np.array(manual.outputs(chains.form, state.chosen), np.uint32) ^ chains.cases.wanted).sum(axis=1)
        few = state.order[: chain.few[0]]
        if state.last[0] >= 0:
            assert state.last[0] == (off + 3 * (off > 0))[few].sum()
            compared += 1
        assert set(state.order) == set(range(24))
        needed, first = {int(r) for r in state.chosen.out}, chains.form.first
        for slot in reversed(range(SLOTS)):
            if first + slot in needed:
                needed |= {int(state.chosen.rs1[slot]), int(state.chosen.rs2[slot])}
        assert [first + slot in needed for slot in range(SLOTS)] == chain.needed.tolist()
    assert compared > 20
