"""Known answers: what AES-128, SHA-256 and ChaCha20 must give, from the standards and from oracles that nobody here wrote.

The files of NIST's validation suites (AESAVS, SHAVS) and of RFC 8439 come with the package `cryptography-vectors`; random
cases are answered by `cryptography` and `hashlib`. Sources: FIPS-197 A.1, B, C.1; NIST SP 800-38A F.1.1, F.1.2, F.2.1,
F.2.2; FIPS 180-4.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from backends.interface import UserError

KAT_SUITES = {"GFSbox": 7, "KeySbox": 21, "VarKey": 128, "VarTxt": 128}
"""Known-answer tests of AESAVS, and how many cases of a key of 128 bits each has, encrypting and decrypting."""
_BLOCK, _CASES = 16, 32
"""Bytes of a block of AES; random cases of a function."""


@dataclass(frozen=True)
class Answer:
    """One case: a function of the catalogue, its inputs by name (bytes of a buffer, a word), how its output begins."""

    suite: str
    function: str
    inputs: Mapping[str, bytes | int]
    output: bytes


def aes() -> list[Answer]:
    """FIPS-197, SP 800-38A, the known-answer tests in ECB, the multi-block messages in ECB and CBC."""
    found = list(_standards())
    for name in KAT_SUITES:
        found += _validation(name, "ecb", f"ECB{name}128.rsp")
    return found + _validation("MMT ECB", "ecb", "ECBMMT128.rsp") + _validation("MMT CBC", "cbc", "CBCMMT128.rsp")


def sha256(seed: int) -> list[Answer]:
    """The examples of FIPS 180-4, the short messages of SHAVS, random messages of 0 to 300 bytes."""
    examples = [b"", b"abc", b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"]
    random = np.random.default_rng(seed)
    drawn = [random.bytes(int(n)) for n in random.integers(0, 301, _CASES)]
    cases = [("FIPS 180-4", m, hashlib.sha256(m).digest()) for m in examples]
    for record, _ in _records("hashes/SHA2/SHA256ShortMsg.rsp"):
        cases.append(("SHAVS short", bytes.fromhex(record["Msg"])[: int(record["Len"]) // 8], bytes.fromhex(record["MD"])))
    cases += [("random", m, hashlib.sha256(m).digest()) for m in drawn]
    return [Answer(suite, "sha256", {"message": m, "length": len(m)}, digest) for suite, m, digest in cases]


def chacha20(seed: int) -> list[Answer]:
    """RFC 8439, A.2, and random messages of 1 to 300 bytes answered by `cryptography`."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

    cases, random = [], np.random.default_rng(seed)
    for record, _ in _records("ciphers/ChaCha20/rfc7539.txt"):
        key, nonce, message, output = (bytes.fromhex(record[name]) for name in ("KEY", "NONCE", "PLAINTEXT", "CIPHERTEXT"))
        cases.append(("RFC 8439", int(record["INITIAL_BLOCK_COUNTER"]), key, nonce, message, output))
    for _ in range(_CASES):
        key, nonce, message = random.bytes(32), random.bytes(12), random.bytes(int(random.integers(1, 301)))
        counter = int(random.integers(0, 1 << 31))
        cipher = Cipher(algorithms.ChaCha20(key, counter.to_bytes(4, "little") + nonce), mode=None)
        cases.append(("random", counter, key, nonce, message, cipher.encryptor().update(message)))
    return [
        Answer(suite, "chacha20", {"counter": counter, "key": key, "nonce": nonce, "input": text, "length": len(text)}, output)
        for suite, counter, key, nonce, text, output in cases
    ]


def _standards() -> Iterator[Answer]:
    """FIPS-197 and SP 800-38A; all but one case have the same key."""
    key, iv = "2b7e151628aed2a6abf7158809cf4f3c", bytes(range(16)).hex()
    expanded = (
        "a0fafe1788542cb123a339392a6c7605f2c295f27a96b9435935807a7359f67f3d80477d4716fe3e1e237e446d7a883b"
        "ef44a541a8525b7fb671253bdb0bad00d4d1c6f87c839d87caf2b8bc11f915bc6d88a37a110b3efddbf98641ca0093fd"
        "4e54f70e5f5fc9f384a64fb24ea6dc4fead27321b58dbad2312bf5607f8d292fac7766f319fadc2128d12941575c006e"
        "d014f9a8c9ee2589e13f0cc8b6630ca6"
    )
    yield Answer("FIPS-197", "aes128_expand", {"key": bytes.fromhex(key)}, bytes.fromhex(key + expanded))
    yield from _block_mode("FIPS-197", "ecb", key, "", "3243f6a8885a308d313198a2e0370734", "3925841d02dc09fbdc118597196a0b32")
    other, block = bytes(range(16)).hex(), bytes(0x11 * k for k in range(16)).hex()
    yield from _block_mode("FIPS-197", "ecb", other, "", block, "69c4e0d86a7b0430d8cdb78070b4c55a")
    plain = (
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
    )
    ecb = (
        "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf"
        "43b1cd7f598ece23881b00e3ed0306887b0c785e27e8ad3f8223207104725dd4"
    )
    cbc = (
        "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
        "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7"
    )
    yield from _block_mode("SP 800-38A ECB", "ecb", key, "", plain, ecb)
    yield from _block_mode("SP 800-38A CBC", "cbc", key, iv, plain, cbc)


def _validation(suite: str, mode: str, file: str) -> list[Answer]:
    """The cases of a file of AESAVS, each in the direction that its section is for."""
    found = []
    for record, section in _records(f"ciphers/AES/{mode.upper()}/{file}"):
        both = _block_mode(suite, mode, record["KEY"], record.get("IV", ""), record["PLAINTEXT"], record["CIPHERTEXT"])
        found += [a for a in both if a.function.endswith(section.lower())]
    return found


def _block_mode(suite: str, mode: str, key: str, iv: str, plain: str, cipher: str) -> Iterator[Answer]:
    """A case in both directions; texts in hexadecimal."""
    for direction, source, wanted in (("encrypt", plain, cipher), ("decrypt", cipher, plain)):
        inputs: dict[str, bytes | int] = {"key": bytes.fromhex(key), "input": bytes.fromhex(source)}
        inputs["blocks"] = len(source) // 2 // _BLOCK
        if mode == "cbc":
            inputs["iv"] = bytes.fromhex(iv)
        yield Answer(suite, f"aes128_{mode}_{direction}", inputs, bytes.fromhex(wanted))


def _records(file: str) -> Iterator[tuple[dict[str, str], str]]:
    """Records of `NAME = value` lines, with the last [SECTION] before each. Raises UserError where the package is missing."""
    try:
        from cryptography_vectors import open_vector_file
    except ImportError:
        raise UserError("the known answers are not here: pip install cryptography-vectors") from None
    section = ""
    with open_vector_file(file, "r") as lines:
        text = lines.read()
    for paragraph in text.split("\n\n"):
        rows = [line.split(" = ") for line in paragraph.splitlines() if " = " in line and line[0] not in "#["]
        if rows:
            yield {name.strip(): value.strip() for name, value in rows}, section
        elif paragraph.startswith("[") or "\n[" in paragraph:
            section = paragraph[paragraph.rindex("[") + 1 : paragraph.rindex("]")]
