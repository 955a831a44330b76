"""Instruction discovery: the rewritten program does what the program did, and is proven to."""

from dataclasses import replace

import numpy as np
import pytest

from backends.conformance.cases import words_program
from backends.core import catalog
from backends.core.isa import encode
from backends.interface import Status
from experiments.isa_discovery import discovery
from experiments.isa_discovery.candidates import Limits
from experiments.isa_discovery.layout import fall_costs
from experiments.isa_discovery.machine_code import Text
from experiments.isa_discovery.proof import unproven
from experiments.isa_discovery.selection import exact
from made_up_code import A0, A1, A2, ROTATION, SPILLED, T0, subject_of, text_of

LIMITS = Limits()
LOOP = [
    *ROTATION, encode("xor", A1, A1, A0), encode("and", A1, A1, A0), encode("addi", A2, A2, imm=-1),
    encode("bne", 0, A2, 0, imm=-28), encode("add", A1, A1, A0),
]  # fmt: skip


@pytest.mark.parametrize("name", ["reference", "jax_tensor"])
def test_a_rewritten_program_does_what_the_program_did_in_as_many_instructions_as_predicted(name):
    registers = np.zeros((1, 16), np.uint32)
    registers[:, A0], registers[:, A1], registers[:, A2] = 0x12345678, 0x9ABCDEF0, 9
    subject = subject_of(LOOP, registers)
    corpus = discovery.collect([subject], LIMITS)
    for count in (1, 2, 4):
        answer = exact(corpus.problem, count)
        assert answer.optimal and not list(discovery.wrong(corpus, answer, 2))
        layout = discovery.rewrite(corpus, answer, {k: f"new{k}" for k in answer.operations})[0]
        program = layout.program()
        assert not list(unproven(layout, program.image.view("<u4")))
        config = replace(subject.config, extensions=layout.isa.extensions)
        run = catalog.create(name).run(program, subject.batch, config, 10_000)
        assert run.status[0] == Status.HALTED and np.array_equal(run.registers, subject.run.registers)
        assert subject.instructions - int(run.retired[0]) == answer.saved == corpus.saved(answer)[0] > 0


def test_a_wrong_rewriting_is_not_proven():
    subject = subject_of(LOOP, np.ones((1, 16), np.uint32))
    corpus = discovery.collect([subject], LIMITS)
    answer = exact(corpus.problem, 2)
    layout = discovery.rewrite(corpus, answer, {k: f"new{k}" for k in answer.operations})[0]
    words = layout.program().image.view("<u4").copy()
    added = next(k for k, word in enumerate(words) if word & 0x7F in (0x0B, 0x2B))
    words[added] ^= 1 << 15  # another source register
    assert list(unproven(layout, words))


def test_a_fixed_address_stays_and_a_fall_over_free_room_costs_a_jump():
    """The second half is entered by an address held in data, so that it may not move up."""
    words = [*ROTATION, encode("xor", A1, A1, A0), encode("ebreak")]
    program = words_program([*words, 0x1000 + 4 * 4], 0x1000)
    counts = np.array([5, 5, 5, 5, 7, 7, 0])
    text = Text(program, ((0x1000, 0x1000 + 4 * len(words)),), counts, np.array([4, 0, 0, 0, 2, 0, 0]))
    assert text.fixed == {0, 4}
    assert [(run, cost) for run, cost in fall_costs(text)] == [(range(4), 5)]


def rewritten(subject, count):
    corpus = discovery.collect([subject], LIMITS)
    answer = exact(corpus.problem, count)
    return answer, discovery.rewrite(corpus, answer, {k: f"new{k}" for k in answer.operations})[0]


def test_a_wrong_word_in_memory_is_not_proven():
    """The same rewriting, of a program that stores another word in between."""
    registers = np.full((1, 16), 0x1200, np.uint32)
    layout = rewritten(subject_of(SPILLED, registers), 1)[1]
    assert layout.gone and not list(unproven(layout, layout.words))
    spoiled = replace(layout, text=text_of([SPILLED[0], SPILLED[1] & ~(31 << 20) | A1 << 20, *SPILLED[2:]]))
    assert list(unproven(spoiled, layout.words))


def test_a_call_comes_back_to_where_its_return_site_is():
    """Behind the call lies an instruction that may not move, so that the return must leap over free room."""
    words = [
        *ROTATION[:3], encode("jal", 1, imm=12), encode("auipc", 13), encode("ebreak"), encode("addi", T0, imm=0),
        encode("jalr", 0, 1, imm=0),
    ]  # fmt: skip
    subject = subject_of(words, np.full((1, 16), 0x1234, np.uint32))
    answer, layout = rewritten(subject, 1)
    config = replace(subject.config, extensions=layout.isa.extensions)
    run = catalog.create("reference").run(layout.program(), subject.batch, config, 100)
    assert answer.saved == 1 == subject.instructions - int(run.retired[0])  # two instructions fewer, and a jump
    assert run.status[0] == Status.HALTED and run.registers[0, A0] == subject.run.registers[0, A0]


def test_data_among_the_instructions_stays_as_it_is():
    data = [encode("jal", imm=-8), encode("beq", 0, A0, A1, -16)]  # as they look
    subject = subject_of([*LOOP, encode("ebreak"), *data], np.full((1, 16), 5, np.uint32))
    answer, layout = rewritten(subject, 2)
    assert answer.saved and layout.program().image.view("<u4")[len(LOOP) + 1 : len(LOOP) + 3].tolist() == data


def test_an_instruction_that_may_not_move_begins_a_block():
    words = [*ROTATION, encode("auipc", 13), encode("add", A0, A0, 13)]
    subject = subject_of(words, np.full((1, 16), 0x1234, np.uint32))
    assert [(b.first, b.end) for b in subject.text.blocks] == [(0, 4), (4, 7)]
    _, layout = rewritten(subject, 1)
    assert layout.replacements and not list(unproven(layout, layout.program().image.view("<u4")))
