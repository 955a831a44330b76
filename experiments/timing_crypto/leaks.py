"""What cycle counts tell about a secret: on every machine, under every timing model and policy.

A deterministic machine has no noise, so nothing is estimated: the same public input is given with many secrets, and the
difference between the slowest and the fastest is the leak. Repetitions differ in the evictions that a policy draws; the
k-th repetition draws the same for every secret, so that a difference between secrets is never one of evictions.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backends.core.calls import Call
from backends.core.observation import ObservingBackend, Watch
from backends.interface import Backend
from experiments.harness import progress
from experiments.timing_crypto import programs
from experiments.timing_crypto.policies import Policy
from experiments.timing_crypto.programs import IMPLEMENTATIONS, Function
from experiments.timing_crypto.schema import TABLES

SUBJECTS = {name: function for name, (function, _) in programs.TIMED.items()}
"""The function of each implementation whose leaks are measured."""


@dataclass(frozen=True)
class Effort:
    """How much of a machine's time a measurement may take: secrets under flat timing and with a cache; most instructions
    of one call (0: any)."""

    flat: int
    cached: int
    most_instructions: int = 0


def secrets_of(function: Function, count: int, seed: int) -> dict[str, np.ndarray]:
    """Values for `count` calls that differ in their secrets alone. A compared buffer equals the public one up to a random
    place, so that comparisons end everywhere."""
    noise = np.random.default_rng(seed)
    values = function.draw(count, noise)
    for name in function.named("public"):
        values[name] = np.repeat(values[name][:1], count, axis=0)
    if function.name.startswith("compare"):
        equal = np.arange(values["b"].shape[1]) < noise.integers(0, values["b"].shape[1] + 1, (count, 1))
        values["a"] = np.where(equal, values["b"], values["a"])
    return values


def cycles(
    machine: Backend, call: Call, policy: Policy | None, values: Mapping[str, np.ndarray], repeats: int, seed: int = 0
) -> np.ndarray:
    """`[S, R]` uint64, cycles of every call of `values` (of S calls); policy None: flat timing.

    R: `repeats` where a policy draws evictions, else 2, to see that nothing varies.
    """
    if policy is None or policy.name != "evictions":
        there = policy.on(call) if policy else call
        return np.stack([programs.run(machine, there, there.batch(values)).cycles for _ in range(2)], axis=1)
    there, size = policy.on(call, seed), len(next(iter(values.values())))
    rows = [{name: np.repeat(v[s : s + 1], repeats, axis=0) for name, v in values.items()} for s in range(size)]
    return np.stack([programs.run(machine, there, there.batch(row)).cycles for row in rows])


def leak(found: np.ndarray) -> dict[str, float]:
    """Of cycles `[S, repeats]`: within_sd, the standard deviation between repetitions of one secret, largest over secrets;
    between_cycles, the slowest minus the fastest secret of one repetition, largest over repetitions."""
    values = found.astype(np.int64)
    return {
        "cycles_min": int(values.min()),
        "cycles_max": int(values.max()),
        "within_sd": float(values.std(axis=1).max()),
        "between_cycles": int(np.ptp(values, axis=0).max()),
    }


@dataclass(frozen=True)
class Leaks:
    """Measures the machine of that name; its cycles are compared with the judge's."""

    name: str
    machine: Backend
    judge: Backend
    effort: Effort
    repeats: int
    seed: int
    device: str = "cpu"

    def table(self, subjects: Mapping[str, str], policies: tuple[Policy, ...]) -> pd.DataFrame:
        """`leaks`, as the schema says: a row a subject and timing, flat, and every policy where it has a cache."""
        timings = (None, *(policies if "cache" in self.machine.capabilities().timings else ()))
        rows = []
        for implementation, function in progress.track(subjects.items(), f"leaks on {self.name}", len(subjects)):
            call = IMPLEMENTATIONS[implementation].prepare(function)
            values = secrets_of(IMPLEMENTATIONS[implementation].functions[function], self.effort.flat, self.seed)
            instructions = int(cycles(self.judge, call, None, values, self.repeats).max())
            if not 0 < self.effort.most_instructions < instructions:
                about = {"implementation": implementation, "instructions": instructions}
                rows += [{**about, **self._row(call, policy, values)} for policy in timings]
        return TABLES["leaks"].frame(rows)

    def _row(self, call: Call, policy: Policy | None, values: Mapping[str, np.ndarray]) -> dict:
        own = {k: v[: self.effort.cached if policy else self.effort.flat] for k, v in values.items()}
        found = cycles(self.machine, call.on(device=self.device), policy, own, self.repeats, self.seed)
        wanted = cycles(self.judge, call, policy, own, self.repeats, self.seed)
        return {
            "backend": self.name, "timing": "cache" if policy else "flat", "policy": policy.name if policy else "",
            "line_bytes": policy.line_bytes if policy else 0, "secrets": len(found), "repeats": found.shape[1],
            **leak(found), **(traces(self.machine, call, own) if policy is None else {}),
            "disagreements": int((found != wanted).sum()),
        }  # fmt: skip


def traces(machine: Backend, call: Call, values: Mapping[str, np.ndarray]) -> dict[str, int]:
    """How many different traces of instruction and of data addresses the calls leave; nothing where that is not observed."""
    if not isinstance(machine, ObservingBackend):
        return {}
    watch = Watch(trace=True)
    _, seen = machine.observe(call.program, call.batch(values), call.config, programs.MAX_STEPS, watch)
    return {"distinct_pcs": len(np.unique(seen.pcs)), "distinct_accesses": len(np.unique(seen.accesses))}
