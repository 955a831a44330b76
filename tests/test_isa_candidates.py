"""Instruction discovery: what may be replaced, and what computes the same."""

from itertools import combinations

import numpy as np
import pytest

from backends.conformance.cases import PROGRAMS
from backends.core import catalog, toolchain
from backends.core.isa import encode
from backends.core.isa.expressions import CONSTANT, Expression, Node
from backends.core.isa.words import Arrays
from backends.core.state import load
from backends.interface import Batch
from experiments.isa_discovery.candidates import Candidate, Limits, candidates
from experiments.isa_discovery.checker import faults
from experiments.isa_discovery.dataflow import flow_of, known_words
from experiments.isa_discovery.machine_code import Text
from experiments.isa_discovery.operations import equal, operations, signature, uses
from made_up_code import A0, A1, A2, ROTATION, SPILLED, T0, T1, text_of

RNG = np.random.default_rng(0)
LIMITS = Limits()


def found(words, limits=LIMITS):
    text = text_of(words)
    return {(c.root, c.slots, c.inputs) for b in text.blocks for c in candidates(flow_of(text, b), limits)}


def test_a_rotation_is_one_operation_of_one_word():
    assert (2, frozenset((0, 1, 2)), (-1 - A0,)) in found(ROTATION)


def test_a_value_that_is_alive_behind_is_not_hidden():
    assert not any(0 in slots for _, slots, _ in found(ROTATION[:3]))  # an environment may look at t0


def test_where_a_register_is_about_to_be_written_again_the_operation_runs_before():
    """Unless its own result would be there too early."""
    end = encode("addi", T0, imm=0)
    words = [encode("xor", T0, A0, A1), encode("lw", A0, A2), encode("and", T0, T0, A1), end]
    text = text_of(words)
    here = [c for c in candidates(flow_of(text, text.blocks[0]), LIMITS) if c.slots == {0, 2}]
    assert {(c.root, c.place) for c in here} == {(2, 1)}
    for reads in (encode("sw", 0, A2, T0), encode("addi", T0, A2)):
        assert not any({0, 2} <= slots for _, slots, _ in found([*words[:2], reads, *words[2:]]))


def test_an_address_in_the_program_is_an_input_and_another_constant_is_built_in():
    """0x1000 is where the program lies; 0x77777000 is no address."""
    for upper, inputs in ((0x1000, {0, -1 - A0}), (0x77777000, {-1 - A0})):
        words = [encode("lui", T0, imm=upper), encode("xor", T1, A0, T0), encode("add", A0, T1, A0), encode("addi", T1, imm=0)]
        assert inputs in [set(named) for root, _, named in found(words) if root == 2]


def test_there_are_never_more_inputs_or_nodes_than_the_limits_say():
    rng = np.random.default_rng(1)
    names, registers = ("add", "xor", "and", "sub"), (A0, A1, A2, T0, T1)
    words = [encode(str(rng.choice(names)), *map(int, rng.choice(registers, 3))) for _ in range(40)]
    for limits in (Limits(1, 6, 6), Limits(2, 4, 10), Limits(2, 6, 24)):
        for _, slots, inputs in found(words, limits):
            assert len(inputs) <= limits.inputs and len(slots) <= (limits.nodes_of_one if len(inputs) == 1 else limits.nodes)


def drawn_block(rng, length):
    names, registers = ("add", "xor", "and", "sub"), (A0, A1, A2, T0, T1)
    text = text_of([encode(str(rng.choice(names)), *map(int, rng.choice(registers, 3))) for _ in range(length)])
    return flow_of(text, text.blocks[0])


@pytest.mark.parametrize("seed", range(3))
def test_every_candidate_that_there_is_is_found(seed):
    """Against all subsets of a block, and all that they could replace, each looked at by the checker."""
    flow, wanted = drawn_block(np.random.default_rng(seed), 7), {}
    for size in range(2, 6):
        for inside in map(frozenset, combinations(range(7), size)):
            inputs = {v for s in inside for v in flow.takes[s] if v not in inside and v not in flow.constants}
            if not inputs or len(inputs) > 2 or not _connected(flow, inside):
                continue
            for others in subsets(inside - {max(inside)}):
                slots = others | {max(inside)}
                candidate = Candidate(max(inside), slots, tuple(inputs), inside - slots, max(inside))
                if len(slots) > 1 and not list(faults(flow, [candidate], 2)):
                    wanted[inside] = max(wanted.get(inside, 0), len(slots))
    there = list(candidates(flow, Limits(2, 5, 5)))
    assert {c.slots | c.kept: len(c.slots) for c in there if c.place == c.root} == wanted
    assert not any(list(faults(flow, [c], 2)) for c in there)


def subsets(of):
    return (frozenset(some) for size in range(len(of) + 1) for some in combinations(sorted(of), size))


def test_candidates_that_replace_different_instructions_can_always_stand_together():
    """Also where some run earlier than their last instruction: what selection takes for granted."""
    rng, early = np.random.default_rng(3), 0
    for _ in range(300):
        flow = drawn_block(rng, 14)
        there, cover = list(candidates(flow, LIMITS)), []
        for k in rng.permutation(len(there)).tolist():
            if all(there[k].slots.isdisjoint(c.slots) for c in cover):
                cover.append(there[k])
        assert not list(faults(flow, cover, 2))
        early += sum(c.place < c.root for c in cover)
    assert early > 50


def _connected(flow, slots):
    """Whether all lead to the last."""
    reached, waiting = set(), [max(slots)]
    while waiting:
        slot = waiting.pop()
        reached.add(slot)
        waiting += [v for v in flow.takes[slot] if v in slots and v not in reached]
    return reached == slots


def test_a_word_that_the_block_has_stored_is_known():
    assert (5, frozenset((2, 4, 5)), (-1 - A0,)) in found(SPILLED)  # before slot 3; the store needs slot 0


@pytest.mark.parametrize(
    "between",
    [encode("sw", 0, A2, A1), encode("sb", 0, 2, A1, imm=11), encode("sh", 0, 2, A1, imm=8), encode("addi", 2, 2, imm=0)],
    ids=["another base", "a byte of it", "a half of it", "the base is written"],
)
def test_a_word_that_may_have_changed_is_not_known(between):
    words = [*SPILLED[:2], between, *SPILLED[2:]]
    assert not any(5 in slots for _, slots, _ in found(words))
    apart = encode("sw", 0, 2, A1, imm=12)
    assert any(5 in slots for _, slots, _ in found([*SPILLED[:2], apart, *SPILLED[2:]]))


def test_what_a_register_always_holds_is_built_in():
    """A mask is made before a loop; where another way leads into the loop with another mask, it is an operand."""
    loop = [encode("slli", T1, A0, imm=8), encode("and", A0, T1, T0), encode("addi", T1, imm=0), encode("bne", 0, A0, A1, -12)]
    for start, known in (
        ([encode("lui", T0, imm=0x77777000)] * 2, True),
        ([encode("bne", 0, A0, A1, 8), encode("addi", T0, 0, imm=7)], False),
    ):
        text = text_of([*start, *loop])
        words = dict(zip((b.first for b in text.blocks), known_words(text), strict=True))
        assert (words[2].get(T0) == 0x77777000) == known
        flow = flow_of(text, next(b for b in text.blocks if b.first == 2), words[2])
        assert {c.inputs for c in candidates(flow, LIMITS) if c.root == 3} == {(-1 - A0,) if known else (-1 - A0, -1 - T0)}


def test_words_that_registers_hold_are_those_of_a_run():
    """What constant propagation says of a block's beginning, against every arrival there."""
    program, _ = toolchain.load(PROGRAMS / "coding" / "adler32.c", "rv32em")
    config = toolchain.machine_for(program, "rv32em")
    size = len(program.image) // 4
    text = Text(program, ((program.base, program.base + 4 * size),), np.ones(size, np.int64), np.zeros(size, np.int64))
    words = {text.address(b.first): known for b, known in zip(text.blocks, known_words(text), strict=True) if known}
    state = load(program, Batch(toolchain.initial_registers(config)), config)
    session, checked = catalog.create("reference").open(state), 0
    for step in range(1, 4000):
        session.advance(np.array([step], np.uint64))
        for register, word in words.get(int(state.pc[0]), {}).items():
            assert int(state.registers[0, register]) == word
            checked += 1
    assert checked


def test_equal_operations_are_one_whatever_their_form_and_the_order_of_operands():
    words = [
        encode("xori", T0, A0, imm=-1), encode("and", T1, T0, A1),  # a1 & ~a0
        encode("and", T0, A2, A1), encode("xor", A2, T0, A2), encode("addi", T0, imm=0),  # a2 & ~a1
    ]  # fmt: skip
    text = text_of(words)
    flow = flow_of(text, text.blocks[0])
    made = operations([u for c in candidates(flow, LIMITS) for u in uses(flow, c)])
    andn = next(o for o in made if len(o.uses) == 2 and not o.immediate)
    a, b = RNG.integers(0, 1 << 32, (2, 50), np.uint32)
    first = andn.expression(Arrays(), a, b)
    assert np.array_equal(first, b & ~a) or np.array_equal(first, a & ~b)
    assert {exchanged for _, exchanged in andn.uses} == {False, True}


def test_what_differs_in_one_word_is_not_equal():
    one, other = Expression((Node("sltu", 0, 1),)), Expression((Node("slt", 0, 1),))
    assert equal(one, one) and not equal(one, other) and not equal(one, one, swapped=True)


def test_what_differs_in_one_word_that_is_not_drawn_is_not_equal():
    """Two bounds next to each other, of a sum; and a sum written as a difference, which is equal for all words."""

    def bounded(operation, by, bound):
        return Expression((Node(CONSTANT, by), Node(operation, 0, 2), Node(CONSTANT, bound), Node("sltu", 3, 4)))

    one, next_, same = bounded("add", 5000, 77), bounded("add", 5000, 78), bounded("sub", -5000 & 0xFFFFFFFF, 77)
    assert signature(one) == signature(next_) and not equal(one, next_)
    assert equal(one, same)


def test_the_checker_refuses_wrong_covers():
    words = [
        encode("xor", T0, A0, A1), encode("and", T1, T0, A2), encode("add", A2, T0, T1), encode("sub", A1, A2, T1),
        encode("addi", T0, imm=0), encode("addi", T1, imm=0), encode("addi", A2, imm=0),
    ]  # fmt: skip
    text = text_of(words)
    flow = flow_of(text, text.blocks[0])

    def said(*cover, inputs=2, kept=()):
        uses_ = [Candidate(max(s), frozenset(s) - set(kept), tuple(i), frozenset(kept), max(s)) for s, i in cover]
        return " ".join(faults(flow, uses_, inputs))

    a0, a1, a2 = -1 - A0, -1 - A1, -1 - A2
    assert said(((0, 1, 2, 3), (a0, a1, a2)), inputs=3) == ""
    assert "has 3 inputs, more than 2" in said(((0, 1, 2, 3), (a0, a1, a2)))
    assert "is in two uses" in said(((2, 3), (0, 1)), ((1, 2), (0, a2)))
    assert "the instruction 2 does not find the value of 0" in said(((0, 1), (a0, a1, a2)), inputs=3)
    assert said(((0, 1), (a0, a1, a2)), inputs=3, kept=(0,)) == ""
    assert "names other inputs" in said(((2, 3), (0, a2)))
    assert "does not find the value of 1" in said(((0, 2), (a0, a1, 1)), ((1, 3), (0, a2, 2)), inputs=3)  # each waits
    assert "takes in what no operation computes" in said(((3, 7), (1, 2)))
