"""The key recovery of `recovery.py` carried out: random keys, a victim on a machine with a cache, a check of what was found."""

import time
from itertools import islice

import numpy as np
import pandas as pd

from backends.core.calls import Call
from backends.interface import Backend
from experiments.timing_crypto import programs, recovery
from experiments.timing_crypto.policies import Policy
from experiments.timing_crypto.programs import aes_ecb, aes_encrypt, aes_schedule
from experiments.timing_crypto.schema import TABLES

CHUNK = 1 << 13
"""Encryptions in one run of the machine; each has its own memory and cache."""
_CHECKED_AT_ONCE = 256
SHUFFLED = "_shuffled"
"""Behind an implementation's name: the control."""
_ENTRY_BYTES = {"aes_ttable": 4}


def _victim(machine: Backend, encrypt: Call, schedule: np.ndarray) -> recovery.Victim:
    """Encrypts what it is given under one key, each block with the cache that is part of the call `encrypt`."""

    def timed(plaintexts: np.ndarray) -> np.ndarray:
        schedules = np.repeat(schedule[None], len(plaintexts), axis=0)
        return programs.run(machine, encrypt, encrypt.batch({"schedule": schedules, "input": plaintexts})).cycles

    return lambda all_: np.concatenate([timed(all_[k : k + CHUNK]) for k in range(0, len(all_), CHUNK)])


def line_bits(implementation: str, line_bytes: int) -> int:
    """Leading bits of a table index that name a cache line; at least 4, so that an attack can be tried where they do not."""
    entries = max(1, line_bytes // _ENTRY_BYTES.get(implementation, 1))
    return max(4, 8 - (entries.bit_length() - 1))


def recover_keys(
    machine: Backend, implementation: str, policy: Policy, encryptions: tuple[int, ...], keys: int, seed: int
) -> pd.DataFrame:
    """The table `recovery`: attack `keys` random keys, each with the first `encryptions` of one series of plaintexts, in all, a
    quarter a row. candidates: tried against one known block until the key was met; empty where it was not.

    Where counts vary, the attack is carried out once more as a control, on the most encryptions with their counts shuffled.
    """
    rows = []
    for number in range(keys):
        noise = np.random.default_rng([seed, number])
        key = noise.integers(0, 256, 16, np.uint8)
        start = time.perf_counter()
        victim = _victim(machine, policy.on(aes_encrypt(implementation)), aes_schedule(machine, implementation, key))
        bits = line_bits(implementation, policy.line_bytes)
        samples = recovery.sample(victim, max(encryptions), noise)
        sampled_s = time.perf_counter() - start
        asked = [(implementation, [s.first(count // recovery.ROWS) for s in samples], count) for count in encryptions]
        if any(s.cycles.min() < s.cycles.max() for s in samples):
            asked.append((implementation + SHUFFLED, [s.shuffled(noise) for s in samples], max(encryptions)))
        for name, part, count in asked:
            start = time.perf_counter()
            guess = recovery.recover(part, bits)
            tried = _search(machine, implementation, guess, key)
            spent = time.perf_counter() - start + sampled_s * count / max(encryptions)
            distinct, right = len(np.unique([s.cycles for s in part])), int((guess.key == key).sum())
            about = (name, policy.line_bytes, number, count, _relations_right(part, bits, key), right)
            rows.append((*about, tried is not None, tried, distinct, spent))
    return TABLES["recovery"].frame(rows)


def _relations_right(samples: list[recovery.Sample], bits: int, key: np.ndarray) -> int:
    """How many of the 24 first-round differences of leading bits are those of the key."""
    right = 0
    for sample in samples:
        own = key[sample.varying] >> (8 - bits)
        right += sum(int(gains.argmax()) == own[a] ^ own[b] for (a, b), gains in recovery.first_round(sample, bits).items())
    return right


def _search(machine: Backend, implementation: str, guess: recovery.Guess, key: np.ndarray) -> int | None:
    """How many candidates were tried until one encrypted the known block as the victim does; None: none of them does.

    The attacker has one block of plaintext and its ciphertext; he never sees the key.
    """
    if not guess.alternatives.any():
        return None  # nothing varied: every key is as likely as every other
    block = np.zeros((1, 16), np.uint8)
    wanted = aes_ecb(machine, implementation, key[None], block)
    tried, candidates = 0, recovery.candidates(guess)
    while chosen := list(islice(candidates, _CHECKED_AT_ONCE if tried else 1)):
        met = (aes_ecb(machine, implementation, np.stack(chosen), np.repeat(block, len(chosen), 0)) == wanted).all(axis=1)
        if met.any():
            return tried + int(met.argmax()) + 1
        tried += len(chosen)
    return None
