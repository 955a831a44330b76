"""The host build: the same answers, and a clock that sees what it shall see (what dudect finds is measured elsewhere)."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from backends.interface import UserError
from experiments.timing_crypto.clocks import native
from experiments.timing_crypto.programs import AES, IMPLEMENTATIONS


@pytest.mark.parametrize("name", AES)
def test_aes_is_right_on_the_host(name):
    library = native.build(IMPLEMENTATIONS[name].path)
    random = np.random.default_rng(0)
    key, plain, output = random.bytes(16), random.bytes(64), np.zeros(64, np.uint8)
    cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    library.aes128_ecb_encrypt(key, plain, native.at(output), 4)
    assert output.tobytes() == cipher.update(plain)
    library.aes128_ecb_decrypt(key, output.tobytes(), native.at(output), 4)
    assert output.tobytes() == plain


def test_what_is_timed_is_what_is_asked_for():
    """The harness puts the last input into place and calls the function with the catalogue's arguments."""
    timed = native.prepare("sha256", np.random.default_rng(1))
    messages = np.random.default_rng(2).integers(0, 256, (3, 64), np.uint8)
    timed.times(messages)
    assert timed.buffers["digest"].tobytes() == hashlib.sha256(messages[-1].tobytes()).digest()


@pytest.mark.parametrize("monotonic", [False, True])
def test_the_clock_sees_the_early_exit(monkeypatch, monotonic):
    """Equal buffers are compared to the end, random ones not: medians, which a busy machine does not move that far."""
    if monotonic:
        monkeypatch.setattr(native.Native, "clock", lambda _: "monotonic")
    found = native.measure("compare_early", 20_000, seed=0)
    assert np.median(found.cycles[found.classes]) > np.median(found.cycles[~found.classes])


def test_a_flush_empties_the_caches():
    warm, flushed = (native.measure("aes_ttable", 5_000, 0, flush=flush).cycles for flush in (False, True))
    assert np.median(flushed) > 2 * np.median(warm)


def test_classes_are_drawn_at_random_and_the_clock_is_named():
    found = native.measure("compare_constant", 1000, seed=3)
    assert found.cycles.shape == found.classes.shape == (1000,)
    assert 400 < found.classes.sum() < 600
    assert found.clock in ("tsc", "cntvct", "monotonic")
    assert not (found.classes == native.measure("compare_constant", 1000, seed=4).classes).all()


def test_without_a_usable_counter_the_monotonic_clock_is_taken_and_named(monkeypatch):
    timed = native.prepare("compare_early", np.random.default_rng(0))

    class Stopped:
        def harness_counter_works(self) -> int:
            return 0

    assert replace(timed, library=Stopped()).clock() == "monotonic"
    monkeypatch.setattr(native.Native, "clock", lambda _: "monotonic")
    assert native.measure("compare_early", 1000, 0).clock == "monotonic"


def test_variance_is_of_one_input():
    table = native.variance("aes_bitsliced", inputs=3, calls=500, seed=0)
    assert table["input"].tolist() == [0, 1, 2]
    assert (table["median"] > 0).all()
    assert (table["spread_99"] <= table["spread"]).all()
    assert (table[["variation", "variation_99"]] >= 0).all(axis=None)


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_measurements(n):
    with pytest.raises(UserError, match=f"^{n} measurements: give at least 2"):
        native.measure("compare_early", n, 0)


def test_what_cannot_be_measured(tmp_path):
    with pytest.raises(UserError, match="aes_bitsliced has no tables"):
        native.measure("aes_bitsliced", 10, 0, flush=True)
    with pytest.raises(UserError, match="no native measurement of 'primitives': one of aes_ttable"):
        native.measure("primitives", 10, 0)
    (tmp_path / "wrong.c").write_text("int f(void) { return }")
    with pytest.raises(UserError, match=r"wrong\.c does not compile for this host"):
        native.build(tmp_path / "wrong.c")
