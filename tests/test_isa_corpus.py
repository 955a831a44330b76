"""The corpus: every program says itself whether it is right; the best operations for all of it, used, measured as predicted."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from backends.core import catalog
from backends.interface import Status
from experiments.isa_discovery import discovery, ratified
from experiments.isa_discovery.baselines import frequency_greedy, marginal_greedy
from experiments.isa_discovery.candidates import Limits
from experiments.isa_discovery.profile import profiled
from experiments.isa_discovery.proof import unproven
from experiments.isa_discovery.selection import exact
from experiments.isa_discovery.suggest import measure, named

PROGRAMS = Path(__file__).parents[1] / "programs"
FAMILIES = ("ciphers", "coding", "control", "hashing", "numeric", "sorting", "text")
FILES = sorted(file for family in FAMILIES for file in (PROGRAMS / family).glob("*.c"))


@pytest.fixture(scope="module")
def subjects():
    return [profiled(file, ("-O2",), b"", 1 << 22)[0] for file in FILES]


def test_there_are_thirty_programs_in_seven_families_and_all_are_right(subjects):
    assert len(FILES) >= 30 and {file.parent.name for file in FILES} == set(FAMILIES)
    for file, subject in zip(FILES, subjects, strict=True):
        assert (subject.run.status[0], subject.run.exit_code[0]) == (Status.EXITED, 0), file.name
        assert int(subject.text.counts.sum()) == subject.instructions, file.name


def test_ratified_operations_are_found_where_a_program_computes_them():
    """The positive control. Of zext.h the mask is shared with another operation, so that it is one instruction already."""
    subject, _ = profiled(PROGRAMS / "ratified" / "operations.c", ("-O2",), b"", 1 << 22)
    assert subject.run.exit_code[0] == 0
    corpus = discovery.collect([subject], Limits())
    declared = yaml.safe_load((Path(discovery.__file__).parent / "reachable.yaml").read_text())
    assert set(declared["reachable"]) | set(declared["unreachable"]["branch"]) == set(ratified.OPERATIONS)
    assert set(declared["reachable"]) - {ratified.name_of(o.expression) for o in corpus.operations} <= {"zext.h"}


def test_what_is_best_for_some_families_is_optimal_and_measured_as_predicted(subjects):
    pairs = [(f, s) for f, s in zip(FILES, subjects, strict=True) if f.parent.name in ("hashing", "sorting", "text")]
    corpus = discovery.collect([subject for _, subject in pairs], Limits(), even=True)
    machine, answers = catalog.create("gpu_compute"), {count: exact(corpus.problem, count) for count in (1, 8, 16)}
    assert all(answer.optimal and not list(discovery.wrong(corpus, answer, 2)) for answer in answers.values())
    assert 0 < answers[1].saved < answers[8].saved < answers[16].saved
    for greedy in (frequency_greedy, marginal_greedy):
        assert greedy(corpus.problem, 8, np.random.default_rng(0)).saved <= answers[8].saved
    layouts = discovery.rewrite(corpus, answers[16], named(corpus, answers[16]))
    for (file, subject), layout, saved in zip(pairs, layouts, corpus.saved(answers[16]), strict=True):
        assert not list(unproven(layout, layout.words))
        measured = measure(file.name, subject, layout, saved, machine)
        assert measured.after == measured.predicted
