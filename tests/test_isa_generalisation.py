"""Families of programs: what is held out is right and trains nothing; operations are worth something where they should be."""

from itertools import chain
from types import SimpleNamespace

import pytest

from backends.core import catalog
from backends.interface import UserError
from experiments.isa_discovery import corpus, discovery, generalisation
from experiments.isa_discovery.profile import profiled
from experiments.isa_discovery.suggest import measure, named

LOOP = """volatile unsigned sink[8];
int main(void) {{
    unsigned x = sink[7];
    for (unsigned i = 0; i < {rounds}; i++) {{
        {body}
        sink[{place}] = x;
    }}
    return 0;
}}
"""
TURNED = "x = (x << 7 | x >> 25) + i;"
OWN = "x = 8 * x - 5; sink[1] = i, sink[2] = i, sink[3] = i, sink[4] = i;"


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Two families turn and add, one does something else."""
    folder, subjects = tmp_path_factory.mktemp("planted"), {}
    for name, body, rounds, place in (("one", TURNED, 400, 0), ("two", TURNED, 900, "i & 7"), ("other", OWN, 500, 0)):
        file = folder / f"{name}.c"
        file.write_text(LOOP.format(body=body, rounds=rounds, place=place))
        subjects[name] = [profiled(file, ("-O2",), b"", 1 << 20)[0]]
    return subjects


def test_families_share_no_program_and_there_are_enough():
    training, held_out = (list(chain(*families.values())) for families in (corpus.TRAINING, corpus.HELD_OUT))
    assert len(set(training)) == len(training) >= 30 and len(corpus.TRAINING) >= 6
    assert len(set(held_out)) == len(held_out) >= 10 and len(corpus.HELD_OUT) >= 5
    assert not set(training) & set(held_out) and not set(corpus.TRAINING) & set(corpus.HELD_OUT)
    assert all(corpus.TRAINING.values()) and all(corpus.HELD_OUT.values())


def test_held_out_programs_find_the_published_answers():
    """Each says itself whether it does, and `subjects` refuses one that does not."""
    subjects = corpus.subjects(*corpus.HELD_OUT)
    assert len(subjects) == sum(map(len, corpus.HELD_OUT.values()))
    assert all(subject.run.exit_code[0] == 0 and subject.instructions > 20_000 for subject in subjects)


def test_what_two_families_share_is_worth_its_optimum_and_nothing_elsewhere(planted):
    families = generalisation.collect(planted, {})
    table = generalisation.leave_one_out(families, 1).set_index("family")
    assert table.optimal.all() and (table.own_optimum_percent > 0).all()
    assert (table.reduction_percent[["one", "two"]] == table.own_optimum_percent[["one", "two"]]).all()
    assert table.reduction_percent["other"] == 0
    assert generalisation.mean_percent(table.reset_index(), ("one", "other")) == table.reduction_percent["one"] / 2


def test_the_reduction_of_a_held_out_program_is_what_the_machine_counts(planted):
    held_out = {"two": planted["two"], "prng": corpus.subjects("prng")}
    families = generalisation.collect({"one": planted["one"], "other": planted["other"]}, held_out)
    table, machine = generalisation.from_training(families, 4), catalog.create("gpu_compute")
    answer = generalisation.selected(families, tuple(families.training), 4)
    used = families.covers.selection(answer.operations)
    assert set(used.operations) == set(answer.operations) and not list(discovery.wrong(families.corpus, used, 2))
    layouts = discovery.rewrite(families.corpus, used, named(families.corpus, used))
    saved = families.corpus.saved(used)
    for (family, (k,)), reduction in zip(families.members.items(), table.reduction_percent, strict=True):
        found = measure(family, families.corpus.subjects[k], layouts[k], saved[k], machine)
        assert found.after == found.predicted
        assert reduction == pytest.approx(100 * (found.before - found.after) / found.before)


def test_selection_never_sees_what_is_held_out(planted):
    with_it = generalisation.collect({"one": planted["one"]}, {"other": planted["other"]})
    alone = generalisation.collect({"one": planted["one"]}, {})
    chosen = [
        {families.corpus.operations[o].expression for o in generalisation.selected(families, ("one",), 2).operations}
        for families in (with_it, alone)
    ]
    assert chosen[0] == chosen[1]


def test_operations_of_one_program_alone_can_be_kept_out(planted):
    families = generalisation.collect(planted, {})
    operation, places = families.corpus.problem.operation, families.corpus.places
    for least in (1, 2):
        found = generalisation.selected(families, tuple(planted), 6, shared_by=least).operations
        users = [{place[0] for place, of in zip(places, operation, strict=True) if of == one} for one in found]
        assert found and min(map(len, users)) == least


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda patch, folder: None, "no family of programs is called"),
        (lambda patch, folder: patch.setattr(corpus, "find_spec", lambda name: None), "is not installed"),
        (
            lambda patch, folder: patch.setattr(corpus, "find_spec", lambda name: SimpleNamespace(origin=str(folder / "x.py"))),
            "ships musl otherwise",
        ),
    ],
)
def test_what_is_missing_is_said(monkeypatch, tmp_path, change, message):
    corpus.musl.cache_clear()
    change(monkeypatch, tmp_path)
    with pytest.raises(UserError, match=message):
        corpus.subjects("unheard of" if "family" in message else "prng")


def test_a_program_that_is_wrong_is_refused(monkeypatch, tmp_path):
    file = tmp_path / "wrong.c"
    file.write_text("/* exit: 0. It is not. */\nint main(void) { return 3; }\n")
    monkeypatch.setitem(corpus.TRAINING, "wrong", (file,))
    with pytest.raises(UserError, match="exit code 3"):
        corpus.subjects("wrong")
