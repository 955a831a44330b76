"""Tainted runs of the function under test: every public input, and why a run is no proper call where it is none."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from backends.core.observation import ObservingBackend, Watch
from backends.interface import Batch, Cause, Execution, Status
from experiments.harness import progress
from experiments.timing_crypto.verifier import cases
from experiments.timing_crypto.verifier.cases import Values
from experiments.timing_crypto.verifier.subject import GUARD, GUARD_BYTES, Subject

_CHUNK_BYTES, _EXTREME_STEPS = 1 << 28, 1_000_000
_TAINT_BYTES = 8
"""Of working memory, for every byte of a machine's memory."""


class Runs(NamedTuple):
    """Tainted runs. public: values of the public parameters by name, plausible `[B]` bool, as `public_inputs` gives them;
    reasons `[B]`, why each is no proper call (None: it is one); retired `[B]`; the others as in Observation."""

    public: Values
    plausible: np.ndarray
    reasons: np.ndarray
    retired: np.ndarray
    leaks: np.ndarray
    executed: np.ndarray
    callers: np.ndarray


def tainted(subject: Subject, machine: ObservingBackend, max_steps: int, rng: np.random.Generator, show: bool) -> Runs:
    """All public inputs, the plausible ones first. Extreme ones are given up sooner: they may be lengths."""
    public, plausible = cases.public_inputs(subject, rng)
    values = {**public, **cases.secret_inputs(subject, public, len(plausible), rng)}
    count, watch = int(plausible.sum()), Watch(secrets=subject.secrets())

    def observed(piece: slice, steps: int) -> tuple[np.ndarray, ...]:
        batch = guarded_batch(subject, {name: v[piece] for name, v in values.items()})
        execution, seen = machine.observe(subject.call.program, batch, subject.call.config, steps, watch)
        reasons = np.array(list(_reasons(subject, execution, steps)), object)
        return reasons, execution.retired, seen.leaks, seen.executed, seen.callers

    found = [observed(piece, max_steps) for piece in chunks(subject, count, _TAINT_BYTES, show, "taint")]
    steps = min(max_steps, max(_EXTREME_STEPS, 16 * max(int(retired.max()) for _, retired, *_ in found)))
    for piece in chunks(subject, len(plausible) - count, _TAINT_BYTES, show, "extreme public inputs"):
        found.append(observed(slice(count + piece.start, count + piece.stop), steps))
    return Runs(public, plausible, *map(np.concatenate, zip(*found, strict=True)))


def _reasons(subject: Subject, execution: Execution, max_steps: int) -> Iterator[str | None]:
    """Why each run is no proper call of the function, None where it returned and stayed within its buffers."""
    for b, spilled in enumerate(subject.spill(execution.memory)):
        pc = int(execution.pc[b])
        where = f"pc {pc:#x}, {subject.debug.place(pc) or subject.debug.symbol(pc) or 'no function'}"
        if execution.status[b] == Status.TRAPPED:
            cause = Cause(execution.cause[b]).name.lower().replace("_", " ")
            yield f"trap, {cause}, at {where}"
        elif execution.status[b] == Status.OUT_OF_STEPS:
            yield f"no end within {max_steps} instructions, it was at {where}"
        elif execution.status[b] == Status.HALTED:
            yield f"halt at {where}"
        else:
            yield None if spilled is None else f"write beyond the end of {spilled}"


def chunks(subject: Subject, count: int, cost: int, show: bool, what: str) -> Iterable[slice]:
    """The instances in pieces that fit memory."""
    size = max(1, min(256, _CHUNK_BYTES // (cost * subject.call.config.memory_bytes)))
    pieces = [slice(k, min(k + size, count)) for k in range(0, count, size)]
    return progress.track(pieces, what, len(pieces)) if show else pieces


def guarded_batch(subject: Subject, values: Values) -> Batch:
    """Instances with a guard behind each of their buffers."""
    guarded = {}
    for name, value in values.items():
        guard = np.broadcast_to(GUARD, (len(value), GUARD_BYTES))
        guarded[name] = np.hstack([value, guard]) if value.ndim == 2 else value
    return subject.call.batch(guarded)


def described(values: Values, b: int) -> str:
    """A public input in one short text."""
    texts = []
    for name, value in values.items():
        text = bytes(value[b][:8]).hex() + ("…" if value.shape[1] > 8 else "") if value.ndim == 2 else str(int(value[b]))
        texts.append(f"{name}={text}")
    return ", ".join(texts)
