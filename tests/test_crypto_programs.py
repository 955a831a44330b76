"""The programs of programs/crypto, at every level of optimisation, against oracles that nobody here wrote."""

import hashlib
import struct

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from backends.core import calls, catalog
from backends.interface import UserError
from experiments.timing_crypto import known_answers, vectors
from experiments.timing_crypto.programs import (
    AES,
    IMPLEMENTATIONS,
    LEVELS,
    aes_ecb,
    aes_functions,
    chacha20_functions,
    run,
    sha256_functions,
    sized,
)

GPU = catalog.create("gpu_compute")


def called(implementation, function: str, level: str, values: dict) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The output buffers of a function, and the instructions that each call retired."""
    call = implementation.prepare(function, (level,))
    done = run(GPU, call, call.batch(values))
    return {n: call.buffer(done, n) for n in implementation.functions[function].named("output")}, done.retired


# AES


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", AES)
def test_aes_in_both_directions(name, level):
    """CBC goes through the key schedule, the cipher and the inverse cipher."""
    implementation, random = sized(name, aes_functions(blocks=2)), np.random.default_rng(0)
    values = implementation.functions["aes128_cbc_encrypt"].draw(16, random)
    wanted = [_cbc(*row) for row in zip(values["key"], values["iv"], values["input"], strict=True)]
    given, encrypting = called(implementation, "aes128_cbc_encrypt", level, values)
    assert (given["output"] == np.stack(wanted)).all()
    back, decrypting = called(implementation, "aes128_cbc_decrypt", level, {**values, "input": given["output"]})
    assert (back["output"] == values["input"]).all()
    assert np.ptp(encrypting) == np.ptp(decrypting) == 0  # under flat timing none of them leaks


def _cbc(key, iv, plain) -> np.ndarray:
    cipher = Cipher(algorithms.AES(key.tobytes()), modes.CBC(iv.tobytes()))
    return np.frombuffer(cipher.encryptor().update(plain.tobytes()), np.uint8)


def test_every_row_under_its_own_key():
    keys, data = np.random.default_rng(1).integers(0, 256, (2, 3, 16), np.uint8)
    data = np.tile(data, (1, 3))
    pairs = zip(keys, data, strict=True)
    there = [Cipher(algorithms.AES(k.tobytes()), modes.ECB()).encryptor().update(d.tobytes()) for k, d in pairs]
    sent = aes_ecb(GPU, "aes_ttable", keys, data)
    assert sent.tobytes() == b"".join(there)
    assert (aes_ecb(GPU, "aes_bitsliced", keys, sent, decrypt=True) == data).all()


def times(a: int, b: int) -> int:
    """In the field of FIPS-197, 4.2."""
    result = 0
    for k in range(8):
        result ^= (a << k) * (b >> k & 1)
    for k in range(14, 7, -1):
        result ^= (0x11B << (k - 8)) * (result >> k & 1)
    return result


def sbox() -> list[int]:
    """FIPS-197, 5.1.1."""
    found = []
    for x in range(256):
        b = next((y for y in range(256) if times(x, y) == 1), 0)
        turned = [b << k & 0xFF | b >> (8 - k) for k in range(5)]
        found.append(turned[0] ^ turned[1] ^ turned[2] ^ turned[3] ^ turned[4] ^ 0x63)
    return found


@pytest.mark.parametrize("offset", [0, 16])
@pytest.mark.parametrize("name", ["aes_ttable", "aes_sbox"])
def test_tables_follow_from_their_definition_and_lie_where_asked(name, offset):
    call = AES[name].prepare("aes128_encrypt", ("-O2", f"-DTABLE_OFFSET={offset}"))
    start = call.program.symbols["aes_tables"]
    assert start % 64 == 0
    place = start + offset - call.program.base
    given = call.program.image[place : place + AES[name].tables_bytes].tobytes()
    forward = sbox()
    inverse = [forward.index(x) for x in range(256)]
    wanted = bytes(forward + inverse)
    if name == "aes_ttable":
        wanted = _rotations(forward, (2, 1, 1, 3)) + _rotations(inverse, (14, 9, 13, 11)) + wanted
    assert given == wanted


def _rotations(box: list[int], column: tuple[int, ...]) -> bytes:
    """Four tables: S-box and MixColumns of a byte in row 0, 1, 2, 3."""
    return bytes(times(s, column[(r - row) % 4]) for row in range(4) for s in box for r in range(4))


def test_every_level_is_another_program_and_keeps_its_symbols():
    programs = [AES["aes_scan"].prepare("aes128_encrypt", (level,)).program for level in LEVELS]
    assert len({p.image.tobytes() for p in programs}) == len(LEVELS)
    assert all("aes128_encrypt" in p.symbols for p in programs)


# SHA-256 and ChaCha20


@pytest.mark.parametrize("level", LEVELS)
def test_sha256_of_every_way_to_pad(level):
    lengths = np.array([0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 200], np.uint32)
    implementation = sized("sha256", sha256_functions(200))
    messages = np.random.default_rng(2).integers(0, 256, (len(lengths), 200), np.uint8)
    given, _ = called(implementation, "sha256", level, {"message": messages, "length": lengths})
    for digest, message, length in zip(given["digest"], messages, lengths, strict=True):
        assert digest.tobytes() == hashlib.sha256(message[:length].tobytes()).digest()


@pytest.mark.parametrize("level", LEVELS)
def test_chacha20_of_every_length(level):
    implementation = sized("chacha20", chacha20_functions(200))
    values = implementation.functions["chacha20"].draw(8, np.random.default_rng(3))
    values["length"] = np.array([0, 1, 63, 64, 65, 127, 128, 200], np.uint32)
    values["counter"][-1] = 0xFFFFFFFF - 4
    given, _ = called(implementation, "chacha20", level, values)
    for k, row in enumerate(given["output"]):
        start = struct.pack("<I", values["counter"][k]) + values["nonce"][k].tobytes()
        cipher = Cipher(algorithms.ChaCha20(values["key"][k].tobytes(), start), mode=None)
        length = int(values["length"][k])
        assert row[:length].tobytes() == cipher.encryptor().update(values["input"][k, :length].tobytes())
        assert not row[length:].any()


# Known answers


def test_all_known_answers_on_gpu_compute():
    table = vectors.vectors("gpu_compute", GPU, list(IMPLEMENTATIONS), "quick")
    assert (table["passed"] == table["cases"]).all()
    found = table.set_index(["implementation", "suite"])["cases"]
    for implementation in AES:
        for suite, cases in known_answers.KAT_SUITES.items():
            assert found[implementation, suite] == 2 * cases  # encrypt and decrypt
    assert set(found.index.get_level_values(0)) == set(vectors.NAMES)


@pytest.mark.parametrize("name", ["reference", "jax_tensor", "torch_neural"])
def test_examples_of_the_standards_on_the_other_machines(name):
    chosen = ["aes_ttable", "aes_sbox", "chacha20"]
    examples = {"FIPS-197", "RFC 8439"}
    wanted = {n: [a for a in vectors.answers(n) if a.suite in examples] for n in chosen}
    tables = [vectors.check(name, catalog.create(name), n, some) for n, some in wanted.items()]
    assert [int(t["passed"].sum()) for t in tables] == [5, 5, 3]


def test_the_known_answers_are_those_of_another_implementation():
    """The examples that are written down here, not read from a file."""
    written = [a for a in known_answers.aes() if a.suite.startswith(("FIPS", "SP")) and a.function != "aes128_expand"]
    assert len(written) == 8
    for answer in written:
        iv = answer.inputs.get("iv")
        cipher = Cipher(algorithms.AES(answer.inputs["key"]), modes.CBC(iv) if iv else modes.ECB())
        coder = cipher.encryptor() if answer.function.endswith("encrypt") else cipher.decryptor()
        assert coder.update(answer.inputs["input"]) == answer.output


def test_a_wrong_answer_is_counted():
    right = vectors.answers("chacha20")[:2]
    wrong = known_answers.Answer("RFC 8439", "chacha20", right[0].inputs, bytes(len(right[0].output)))
    table = vectors.check("gpu_compute", GPU, "chacha20", [*right, wrong])
    assert table[["cases", "passed"]].to_numpy().tolist() == [[3, 2]]


def test_known_answers_that_are_not_installed(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cryptography_vectors", None)
    with pytest.raises(UserError, match="pip install cryptography-vectors"):
        known_answers.aes()


def test_a_function_that_does_not_return(tmp_path):
    (tmp_path / "stray.c").write_text("int f(void) { return *(volatile int *)4; }")
    call = calls.prepare(tmp_path / "stray.c", "f", [])
    with pytest.raises(UserError, match=r"^stray\.c did not return: trapped access outside memory at 0x"):
        run(GPU, call, call.batch({"nothing": np.zeros(1)}))
