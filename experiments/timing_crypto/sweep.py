"""Where AES leaks through a data cache: line size by policy by implementation."""

import numpy as np
import pandas as pd

from backends.interface import Backend
from experiments import progress
from experiments.timing_crypto.clocks import dudect
from experiments.timing_crypto.leaks import cycles, leak, secrets_of
from experiments.timing_crypto.policies import Policy
from experiments.timing_crypto.programs import AES, aes

FUNCTION = "aes128_encrypt"
_CHUNK = 1 << 12
INSTRUCTIONS = 1 << 26
"""Of all measurements of one cell together; a long-running implementation gets fewer."""
_FEWEST = 256


def sweep(
    machine: Backend, implementations: tuple[str, ...], policies: tuple[Policy, ...], secrets: int, repeats: int,
    measurements: int, seed: int,
) -> pd.DataFrame:  # fmt: skip
    """One row an implementation and policy.

    Returns implementation, policy, line_bytes, capacity_bytes, secrets, repeats, cycles_min, cycles_max, within_sd,
    between_cycles (as `leaks.leak`), and measurements and max_t of the dudect test, one fixed plaintext against random ones.
    """
    rows = []
    cells = [(i, p) for i in implementations for p in policies]
    for implementation, policy in progress.track(cells, "cache sweep", len(cells)):
        call, function = aes.encrypt(implementation), AES[implementation].functions[FUNCTION]
        found = cycles(machine, call, policy, secrets_of(function, secrets, seed), repeats, seed)
        count = int(np.clip(INSTRUCTIONS // int(found.min()), min(_FEWEST, measurements), measurements))
        timed, fixed = fixed_against_random(machine, implementation, policy, count, seed)
        rows.append({
            "implementation": implementation, "policy": policy.name, "line_bytes": policy.line_bytes,
            "capacity_bytes": policy.capacity_bytes, "secrets": secrets, "repeats": repeats, **leak(found),
            "measurements": count, "max_t": dudect.dudect(timed, fixed).largest,
        })  # fmt: skip
    return pd.DataFrame(rows)


def fixed_against_random(
    machine: Backend, implementation: str, policy: Policy, count: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cycles `[count]` of encryptions under one random key, and `[count]` bool, whose plaintext was the fixed one."""
    noise = np.random.default_rng(seed)
    call, fixed = aes.encrypt(implementation), dudect.classes(count, noise)
    schedule, block = noise.integers(0, 256, (1, 176), np.uint8), noise.integers(0, 256, (1, 16), np.uint8)
    plaintexts = np.where(fixed[:, None], block, noise.integers(0, 256, (count, 16), np.uint8))
    timed = [
        cycles(machine, policy.on(call, seed + k), None, {
            "schedule": np.repeat(schedule, len(part), axis=0), "input": part
        }, 1)[:, 0]
        for k, part in enumerate(np.array_split(plaintexts, -(-count // _CHUNK)))
    ]  # fmt: skip
    return np.concatenate(timed), fixed
