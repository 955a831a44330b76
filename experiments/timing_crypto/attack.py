"""The key recovery of `recovery.py` carried out: random keys, a victim on a machine with a cache, a check of what was found."""

import time
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pandas as pd

from backends.core.calls import Call
from backends.interface import Backend
from experiments.timing_crypto import recovery
from experiments.timing_crypto.policies import Policy
from experiments.timing_crypto.programs import aes

CHUNK = 1 << 13
"""Encryptions in one run of the machine; each has its own memory and cache."""
_CHECKED_AT_ONCE = 256
_ENTRY_BYTES = {"aes_ttable": 4}


@dataclass(frozen=True)
class Victim:
    """Encrypts what it is given under one key, each block on a machine whose cache is as the policy says."""

    machine: Backend
    encrypt: Call
    schedule: np.ndarray

    def __call__(self, plaintexts: np.ndarray) -> np.ndarray:
        """`[N]` uint64, cycles of each plaintext `[N, 16]` uint8."""
        chunks = [plaintexts[k : k + CHUNK] for k in range(0, len(plaintexts), CHUNK)]
        return np.concatenate([self._run(chunk) for chunk in chunks])

    def _run(self, plaintexts: np.ndarray) -> np.ndarray:
        schedules = np.repeat(self.schedule[None], len(plaintexts), axis=0)
        batch = self.encrypt.batch({"schedule": schedules, "input": plaintexts})
        return aes.run(self.machine, self.encrypt, batch).cycles


def line_bits(implementation: str, line_bytes: int) -> int:
    """Leading bits of a table index that name a cache line; at least 4, so that an attack can be tried where they do not."""
    entries = max(1, line_bytes // _ENTRY_BYTES.get(implementation, 1))
    return max(4, 8 - (entries.bit_length() - 1))


def recover_keys(
    machine: Backend, implementation: str, policy: Policy, encryptions: tuple[int, ...], keys: int, seed: int
) -> pd.DataFrame:
    """Attack `keys` random keys, each with the first `encryptions` of one series of plaintexts, in all, a quarter a row.

    Returns implementation, line_bytes, key, encryptions, relations_right (of 24), bytes_right (of 16), found, candidates
    (tried against one known block until the key was met; empty where it was not), distinct_cycles, time_s.
    """
    rows = []
    for number in range(keys):
        noise = np.random.default_rng([seed, number])
        key = noise.integers(0, 256, 16, np.uint8)
        start = time.perf_counter()
        victim = Victim(machine, policy.on(aes.encrypt(implementation)), aes.schedule(machine, implementation, key))
        bits = line_bits(implementation, policy.line_bytes)
        samples = recovery.sample(victim, max(encryptions), noise)
        sampled_s = time.perf_counter() - start
        for count in encryptions:
            part = [s.first(count // recovery.ROWS) for s in samples]
            start = time.perf_counter()
            guess = recovery.recover(part, bits)
            tried = _search(machine, implementation, guess, key)
            spent = time.perf_counter() - start + sampled_s * count / max(encryptions)
            rows.append(
                (implementation, policy.line_bytes, number, count, _relations_right(part, bits, key),
                 int((guess.key == key).sum()), tried is not None, tried, _distinct(part), spent)
            )  # fmt: skip
    columns = (
        "implementation", "line_bytes", "key", "encryptions", "relations_right", "bytes_right", "found", "candidates",
        "distinct_cycles", "time_s",
    )  # fmt: skip
    return pd.DataFrame(rows, columns=columns).astype({"candidates": "Int64"})


def _distinct(samples: list[recovery.Sample]) -> int:
    return len(np.unique(np.concatenate([s.cycles for s in samples])))


def _relations_right(samples: list[recovery.Sample], bits: int, key: np.ndarray) -> int:
    """How many of the 24 first-round differences of leading bits are those of the key."""
    right = 0
    for sample in samples:
        own = key[sample.varying] >> (8 - bits)
        right += sum(found == own[a] ^ own[b] for (a, b), found in recovery.relations(sample, bits).items())
    return right


def _search(machine: Backend, implementation: str, guess: recovery.Guess, key: np.ndarray) -> int | None:
    """How many candidates were tried until one encrypted the known block as the victim does; None: none of them does.

    The attacker has one block of plaintext and its ciphertext; he never sees the key.
    """
    if not guess.alternatives.any():
        return None  # nothing varied: every key is as likely as every other
    block = np.zeros((1, 16), np.uint8)
    wanted = aes.ecb(machine, implementation, key[None], block)
    tried, candidates = 0, recovery.candidates(guess)
    while chosen := list(islice(candidates, _CHECKED_AT_ONCE if tried else 1)):
        met = (aes.ecb(machine, implementation, np.stack(chosen), np.repeat(block, len(chosen), 0)) == wanted).all(axis=1)
        if met.any():
            return tried + int(met.argmax()) + 1
        tried += len(chosen)
    return None
