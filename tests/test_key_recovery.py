"""Leaks between secrets and the key recovery: they find what is there, and nothing where nothing is."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from backends.core import catalog
from backends.interface import UserError
from experiments.timing_crypto import attack, leaks, recovery
from experiments.timing_crypto.leaks import SUBJECTS, Effort
from experiments.timing_crypto.policies import POLICIES, Policy
from experiments.timing_crypto.programs import AES, aes_encrypt

MACHINE = catalog.create("gpu_compute")


def test_the_s_box_is_that_of_the_standard():
    assert [recovery.S_BOX[x] for x in (0x00, 0x01, 0x53, 0xFF)] == [0x63, 0x7C, 0xED, 0x16]  # FIPS-197, figure 7
    assert sorted(recovery.S_BOX) == list(range(256))


def test_the_field_is_that_of_the_standard():
    assert recovery.product(0x57, np.array([0x83, 0x13])).tolist() == [0xC1, 0xFE]  # FIPS-197, 4.2


def test_a_key_is_recovered_from_flushed_t_tables():
    found = attack.recover_keys(MACHINE, "aes_ttable", Policy("flushed"), (1 << 17,), keys=2, seed=1)
    shuffled = found["implementation"] == "aes_ttable" + attack.SHUFFLED
    assert shuffled.sum() == 2 and found.loc[~shuffled, "found"].all() and not found.loc[shuffled, "found"].any()
    assert (found.loc[~shuffled, "relations_right"] > 12).all()
    assert (found.loc[~shuffled, "bytes_right"] >= 14).all() and (found.loc[shuffled, "bytes_right"] <= 4).all()
    assert (found["distinct_cycles"] > 1).all()  # the control has as much to go by


@pytest.mark.parametrize(("implementation", "policy"), [("aes_bitsliced", "flushed"), ("aes_ttable", "warm")])
def test_no_key_is_recovered_where_nothing_leaks(implementation, policy):
    found = attack.recover_keys(MACHINE, implementation, Policy(policy), (1 << 12,), keys=2, seed=1)
    assert not found["found"].any()
    assert (found["distinct_cycles"] == 1).all()
    assert found["candidates"].isna().all()


@pytest.mark.parametrize("encryptions", [0, 1, 7])
def test_too_few_encryptions(encryptions):
    with pytest.raises(UserError, match="encryptions: give at least 8"):
        recovery.sample(lambda plaintexts: np.zeros(len(plaintexts)), encryptions, np.random.default_rng(0))


def test_candidates_are_distinct_and_begin_with_the_guess():
    scores = np.random.default_rng(0).normal(size=(16, 256))
    guess = recovery.Guess(scores.argmax(axis=1).astype(np.uint8), scores)
    found = [tuple(c) for c in recovery.candidates(guess)]
    assert found[0] == tuple(guess.key)
    assert len(set(found)) == len(found) == 4096
    losses = [scores[range(16), c].sum() for c in found]
    assert all(a >= b - 1e-9 for a, b in pairwise(losses)), "the most likely come first"


def _table(implementation, policies):
    """Of gpu_compute, judged by reference, and the other way round."""
    chosen, subject = tuple(Policy(p) for p in policies), {implementation: SUBJECTS[implementation]}
    reference = catalog.create("reference")
    one = leaks.Leaks("gpu_compute", MACHINE, reference, Effort(8, 4), 3, 0).table(subject, chosen)
    other = leaks.Leaks("reference", reference, MACHINE, Effort(2, 2), 3, 0).table(subject, chosen)
    return pd.concat([one, other], ignore_index=True)


def test_t_tables_leak_by_the_cache_alone():
    table = _table("aes_ttable", POLICIES)
    assert (table["disagreements"] == 0).all()
    own = table[table["backend"] == "gpu_compute"].set_index("policy")["between_cycles"]
    assert own[""] == own["warm"] == 0
    assert (own[["flushed", "evictions", "background"]] > 0).all()
    flat = table[(table["backend"] == "gpu_compute") & (table["timing"] == "flat")].iloc[0]
    assert (flat["distinct_pcs"], flat["distinct_accesses"]) == (1, 8), "the addresses depend on the key all the same"


@pytest.mark.parametrize("implementation", ["aes_bitsliced", "compare_constant"])
def test_constant_code_does_not_leak(implementation):
    table = _table(implementation, POLICIES)
    assert (table["between_cycles"] == 0).all()
    assert (table["within_sd"] > 0).any(), "evictions vary the time, alike for every secret"


def test_an_early_exit_leaks_without_any_variance():
    flat = _table("compare_early", ())
    assert (flat["within_sd"] == 0).all()
    assert (flat["between_cycles"] > 0).all()


def test_unknown_policy():
    with pytest.raises(UserError, match="unknown policy 'cold': one of warm, flushed, evictions, background"):
        Policy("cold").cache(aes_encrypt("aes_ttable"))


def test_a_background_fills_whole_sets():
    cache = Policy("background").cache(aes_encrypt("aes_ttable"))
    lines = np.array(cache.background) // cache.line_bytes
    sets, counts = np.unique(lines % cache.sets, return_counts=True)
    assert (counts == cache.ways).all()
    assert len(sets) == cache.sets // 4


def test_every_implementation_of_aes_is_a_subject():
    assert set(AES) < set(SUBJECTS)
