"""Where AES leaks through a data cache: line size by policy by implementation, and the alignment of its tables."""

import numpy as np
import pandas as pd

from backends.core.calls import Call
from backends.interface import Backend
from experiments.harness import progress
from experiments.timing_crypto import programs
from experiments.timing_crypto.clocks import dudect
from experiments.timing_crypto.leaks import cycles, leak, secrets_of
from experiments.timing_crypto.policies import CAPACITY_BYTES, Policy
from experiments.timing_crypto.programs import AES, aes_encrypt

FUNCTION = "aes128_encrypt"
_CHUNK = 1 << 12
INSTRUCTIONS = 1 << 26
"""Of all measurements of one cell together; a long-running implementation gets fewer."""
_FEWEST = 256
OFFSETS = (4, 16, 32)
"""Bytes by which tables are moved off the beginning of a line; lines then hold entries of two tables."""


def sweep(
    machine: Backend, implementations: tuple[str, ...], policies: tuple[Policy, ...], secrets: int, repeats: int,
    measurements: int, seed: int,
) -> pd.DataFrame:  # fmt: skip
    """The table `sweep`: a row an implementation and policy; of those with tables also one for each of OFFSETS, under the
    default policy. Its dudect test is of one fixed plaintext against random ones."""
    rows = []
    cells = [(i, p, 0) for i in implementations for p in policies]
    cells += [(i, Policy(), offset) for i in implementations if AES[i].tables_bytes for offset in OFFSETS]
    for implementation, policy, offset in progress.track(cells, "cache sweep", len(cells)):
        call = aes_encrypt(implementation, ("-O2", f"-DTABLE_OFFSET={offset}"))
        values = secrets_of(AES[implementation].functions[FUNCTION], secrets, seed)
        found = cycles(machine, call, policy, values, repeats, seed)
        count = int(np.clip(INSTRUCTIONS // int(found.min()), min(_FEWEST, measurements), measurements))
        timed, fixed = fixed_against_random(machine, call, policy, count, seed)
        rows.append({
            "implementation": implementation, "policy": policy.name, "line_bytes": policy.line_bytes,
            "capacity_bytes": CAPACITY_BYTES, "table_offset": offset, "secrets": secrets, "repeats": repeats,
            **leak(found), "measurements": count, "max_t": dudect.dudect(timed, fixed).largest,
        })  # fmt: skip
    return pd.DataFrame(rows)


def fixed_against_random(machine: Backend, call: Call, policy: Policy, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Cycles `[count]` of encryptions under one random key, and `[count]` bool, whose plaintext was the fixed one."""
    noise = np.random.default_rng(seed)
    fixed = dudect.classes(count, noise)
    schedule, block = noise.integers(0, 256, (1, 176), np.uint8), noise.integers(0, 256, (1, 16), np.uint8)
    plaintexts = np.where(fixed[:, None], block, noise.integers(0, 256, (count, 16), np.uint8))
    timed = []
    for k, part in enumerate(np.array_split(plaintexts, -(-count // _CHUNK))):
        there = policy.on(call, seed + k)
        batch = there.batch({"schedule": np.repeat(schedule, len(part), axis=0), "input": part})
        timed.append(programs.run(machine, there, batch).cycles)
    return np.concatenate(timed), fixed
