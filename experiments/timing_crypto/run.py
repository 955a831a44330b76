"""Timing: what is proven constant-time, what leaks in whose clock, and a key recovered where there is a leak."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from backends.core import catalog
from backends.interface import Backend
from experiments.harness.options import chosen_of, count_of
from experiments.harness.parts import Part, run_parts
from experiments.timing_crypto import attack, sweep
from experiments.timing_crypto.clocks import trials
from experiments.timing_crypto.clocks.trials import Trials
from experiments.timing_crypto.leaks import SUBJECTS, Effort, Leaks
from experiments.timing_crypto.policies import POLICIES, Policy
from experiments.timing_crypto.programs import AES, IMPLEMENTATIONS, LEVELS
from experiments.timing_crypto.schema import TABLES
from experiments.timing_crypto.vectors import vectors
from experiments.timing_crypto.verifier import tables
from experiments.timing_crypto.verifier.check import observing

JUDGE = "gpu_compute"
LINES_BYTES = (4, 16, 32, 64, 128)
SWEPT_SECRETS = 16
KNOWN_SECRETS = 200
ATTACKS: dict[str, tuple[int, tuple[int, ...]]] = {
    "aes_ttable": (64, (15, 16, 17)),
    "aes_sbox": (4, (17, 18)),
    "aes_scan": (64, (10,)),
    "aes_bitsliced": (64, (12,)),
}
"""Of each implementation: bytes of the victim's cache lines; log2 of the encryptions with which it is tried. An S-box of 256
bytes is on four lines of 64 bytes, all of which every encryption touches; lines of 4 bytes show it. Of constant-time code every
count is the same, so that more of them say no more."""


@dataclass(frozen=True)
class Scale:
    """levels, known_levels: of optimisation, of implementations and of functions with known answers. secrets: of a
    cross-check. efforts: of each machine in `leaks`. repeats: of a call under a policy. swept: measurements of a cell of the
    sweep. trials: with noisy clocks. keys: attacked, per implementation; more: added to the log2 of encryptions."""

    levels: tuple[str, ...]
    known_levels: tuple[str, ...]
    secrets: int
    efforts: dict[str, Effort]
    repeats: int
    swept: int
    trials: Trials
    keys: dict[str, int]
    more: int = 0


_EFFORTS = {
    "gpu_compute": Effort(1000, 64),
    "jax_tensor": Effort(8, 4),
    "torch_neural": Effort(8, 0, 10_000),
    "reference": Effort(4, 4, 20_000),
}
SCALES = {
    "smoke": Scale(
        ("-O2",), ("-O2",), 50, dict.fromkeys(_EFFORTS, Effort(4, 4, 10_000)), 2, 256, Trials(20_000, 30, 1),
        dict.fromkeys(ATTACKS, 1), -2,
    ),
    "quick": Scale(
        ("-O0", "-O2", "-O3", "-Os"), ("-O0", "-O2"), 250, _EFFORTS, 4, 512, Trials(150_000, 100, 3),
        {"aes_ttable": 6, "aes_sbox": 1, "aes_scan": 6, "aes_bitsliced": 6},
    ),
    "full": Scale(LEVELS, LEVELS, 10_000, _EFFORTS, 8, 65_536, Trials(5_000_000, 3000, 6), dict.fromkeys(ATTACKS, 20), 3),
}  # fmt: skip


def run(cfg) -> dict[str, pd.DataFrame]:
    """The tables of the schema. Raises UserError for a value that nothing can have."""
    wanted, scale = cfg.experiment, SCALES[cfg.scale]
    chosen = chosen_of(wanted.implementations, IMPLEMENTATIONS, "implementation")
    named = chosen_of(wanted.policies, POLICIES, "policy")
    cached = "cache" in chosen_of(wanted.timings, ("flat", "cache"), "timing")
    policies = tuple(Policy(name) for name in named) if cached else ()
    noisy = replace(scale.trials, native=count_of(wanted.measurements, scale.trials.native, "measurements", 2))
    count_of(wanted.encryptions, 8, "encryptions", 8)
    count_of(wanted.random_keys, 1, "random_keys", 1)
    machines, judge = {name: catalog.create(name, cfg.device) for name in cfg.backends}, observing(JUDGE)
    subjects = {i: SUBJECTS[i] for i in chosen if i in SUBJECTS}
    trusted = (judge, scale.secrets, cfg.seed)
    parts = [
        Part("functions", partial(tables.functions, scale.known_levels, judge, cfg.seed, KNOWN_SECRETS)),
        *(Part(f"vectors_{n}", partial(vectors, n, machine, chosen, cfg.scale, cfg.seed)) for n, machine in machines.items()),
        *(Part(f"constant_time_{i}", partial(tables.constant_time, (i,), scale.levels, *trusted)) for i in chosen),
        Part("dudect", partial(trials.noisy, chosen, machines, noisy, cfg.seed, cfg.device), timed=True),
        Part("variance", partial(trials.variance, chosen, 8, 10_000, cfg.seed), timed=True),
    ]
    for name, machine in machines.items():
        effort = scale.efforts.get(name, scale.efforts["reference"])
        measured = Leaks(name, machine, judge, effort, scale.repeats, cfg.seed, cfg.device)
        parts.append(Part(f"leaks_{name}", partial(measured.table, subjects, policies)))
    aes = tuple(i for i in chosen if i in AES)
    if aes and policies:
        grid = tuple(replace(p, line_bytes=n) for p in policies for n in LINES_BYTES)
        swept = SWEPT_SECRETS, scale.repeats, scale.swept, cfg.seed
        parts.append(Part("sweep", partial(sweep.sweep, judge, aes, grid, *swept)))
        parts += [Part(f"recovery_{i}", partial(_recovered, cfg.experiment, scale, judge, i, cfg.seed)) for i in aes]
    return _joined(run_parts(cfg, parts))


def _joined(found: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables: parts that are named after a table, and then a machine or an implementation, are its rows."""
    rows: dict[str, list[pd.DataFrame]] = {}
    for name, part in found.items():
        rows.setdefault(next(t for t in TABLES if name == t or name.startswith(f"{t}_")), []).append(part)
    return {name: pd.concat([p for p in some if len(p)] or some[:1], ignore_index=True) for name, some in rows.items()}


def _recovered(wanted, scale: Scale, judge: Backend, implementation: str, seed: int) -> pd.DataFrame:
    """The attack with all numbers of encryptions up to the most that are wanted."""
    line_bytes, powers = ATTACKS[implementation]
    counts = [1 << power + scale.more for power in powers]
    most = count_of(wanted.encryptions, counts[-1], "encryptions", 8)
    tried = tuple(sorted({n for n in counts if n < most} | {most}))
    policy, keys = Policy("flushed", line_bytes), count_of(wanted.random_keys, scale.keys[implementation], "random_keys", 1)
    return attack.recover_keys(judge, implementation, policy, tried, keys, seed)
