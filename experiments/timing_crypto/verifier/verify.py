"""The exact constant-time verifier: taint tracking over runs of the compiled function, cross-checked by its traces.

A run without violation proves that the trace of program counters and of data addresses is the same for every value of the
secrets, given that run's public input: whatever decides the next address is untainted, and so equal, by induction along the
run. Source of the notion of constant time: Almeida et al., Verifying Constant-Time Implementations (USENIX Security 2016).
"""

import numpy as np
import pandas as pd

from backends.core.observation import ObservingBackend, Watch
from backends.interface import UserError
from experiments.timing_crypto.verifier import cases
from experiments.timing_crypto.verifier.cases import Values
from experiments.timing_crypto.verifier.findings import coverage, violations
from experiments.timing_crypto.verifier.runs import Runs, chunks, described, guarded_batch, tainted
from experiments.timing_crypto.verifier.subject import Question, Subject, prepare
from experiments.timing_crypto.verifier.verdict import CrossCheck, LeftOut, Verdict

CROSS_CHECK, MAX_STEPS = 1000, 10_000_000
_TRACED_STEPS = 1_000_000_000
"""In a cross-check, of all runs together, where violations are known anyway."""
_TRACE_BYTES = 2
"""Of working memory, for every byte of a machine's memory."""


class Contradiction(Exception):
    """A function was proven and yet its traces differ: the verifier itself is wrong."""


def verify(
    question: Question, machine: ObservingBackend, cross_check: int = CROSS_CHECK, max_steps: int = MAX_STEPS,
    seed: int = 0, show: bool = False,
) -> Verdict:  # fmt: skip
    """Check a function on a machine. cross_check: secrets whose traces are compared; max_steps: instructions of a run.

    show: a progress bar. Raises UserError for a function that cannot be checked, Contradiction if the verifier is wrong.
    """
    if cross_check < 2:
        raise UserError(f"cross-check of {cross_check} secrets: give at least 2, or there is nothing to compare")
    if max_steps < 1:
        raise UserError(f"max-steps {max_steps}: give at least 1")
    subject = prepare(question)
    rng = np.random.default_rng(seed)
    runs = tainted(subject, machine, max_steps, rng, show)
    # of what is something said: of proper runs, and of plausible inputs with a violation
    counted = pd.isna(runs.reasons) | runs.leaks.any(axis=1) & runs.plausible
    if not counted.any():
        b, free = int(runs.plausible.argmax()), question.free
        fix = f"; if it needs certain public values, fix them, such as --value {free[0]}=16" if free else ""
        given = f" with {described(runs.public, b)}" if runs.public else ""
        raise UserError(f"{question.function} cannot be checked{given}: {runs.reasons[b]}{fix}")
    found = tuple(violations(subject, runs, np.flatnonzero(counted)))
    # the cross-check takes the public input with the most violations, and of those the last plausible one
    leaks = (runs.leaks != 0).sum(axis=1)
    chosen = int(np.lexsort((np.arange(len(leaks)), runs.plausible, leaks, counted))[-1])
    steps = min(max_steps, max(1, _TRACED_STEPS // cross_check)) if found else max_steps
    public = {name: v[chosen : chosen + 1] for name, v in runs.public.items()}
    crossed = _cross_check(subject, machine, public, cross_check, steps, rng, show)
    if not leaks[chosen] and max(crossed.distinct_pcs, crossed.distinct_accesses) > 1:
        raise Contradiction(f"{question.path}, {question.function}: nothing depends on a secret, and yet {crossed}")
    return Verdict(
        question.function, not found, found, tuple(runs.public), int(counted.sum()),
        _left_out(runs, counted), coverage(subject, runs.executed[counted].any(axis=0)), crossed,
        int(runs.retired[counted].max()),
    )  # fmt: skip


def _left_out(runs: Runs, counted: np.ndarray) -> tuple[LeftOut, ...]:
    left = pd.Series(runs.reasons)[~counted].fillna("")
    first = left.drop_duplicates()
    found = [LeftOut(int((left == reason).sum()), described(runs.public, b), reason) for b, reason in first.items()]
    return tuple(sorted(found, key=lambda left: -left.count))


def _cross_check(
    subject: Subject, machine: ObservingBackend, public: Values, count: int, steps: int, rng: np.random.Generator,
    show: bool,
) -> CrossCheck:  # fmt: skip
    pcs, accesses, most = set[int](), set[int](), 0
    for piece in chunks(subject, count, _TRACE_BYTES, show, "cross-check"):
        size = piece.stop - piece.start
        given = {name: np.repeat(v, size, axis=0) for name, v in public.items()}
        values = {**given, **cases.secret_inputs(subject, given, size, rng)}
        batch = guarded_batch(subject, values)
        execution, seen = machine.observe(subject.call.program, batch, subject.call.config, steps, Watch(trace=True))
        pcs |= set(seen.pcs.tolist())
        accesses |= set(seen.accesses.tolist())
        most = max(most, int(execution.retired.max()))
    return CrossCheck(count, len(pcs), len(accesses), described(public, 0) if public else "", most)
