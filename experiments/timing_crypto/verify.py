"""The exact constant-time verifier: taint tracking over runs of the compiled function, cross-checked by its traces.

A run without violation proves that the trace of program counters and of data addresses is the same for every value of the
secrets, given that run's public input: whatever decides the next address is untainted, and so equal, by induction along the
run. Source of the notion of constant time: Almeida et al., Verifying Constant-Time Implementations (USENIX Security 2016).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from backends.core import isa, toolchain
from backends.core.observation import ObservingBackend, Watch
from backends.interface import Batch, Cause, Execution, Status, UserError
from experiments import progress
from experiments.timing_crypto import cases
from experiments.timing_crypto.cases import Inputs, Values
from experiments.timing_crypto.coverage import coverage, jumps_out
from experiments.timing_crypto.dwarf import Place
from experiments.timing_crypto.subject import GUARD_BYTES, Question, Subject, prepare
from experiments.timing_crypto.verdict import CrossCheck, LeftOut, Verdict, Violation

CROSS_CHECK, MAX_STEPS = 1000, 10_000_000
_CHUNK_BYTES, _TRACED_STEPS, _EXTREME_STEPS = 1 << 28, 1_000_000_000, 1_000_000
_TAINT_BYTES, _TRACE_BYTES = 8, 2
"""Of working memory, for every byte of a machine's memory."""
_KINDS = {"branch": "branch", "load": "load address", "store": "store address"}


class Contradiction(Exception):
    """A function was proven and yet its traces differ: the verifier itself is wrong."""


@dataclass(frozen=True)
class Observed:
    """Tainted runs: why each is no proper one (None: it returned); retired `[B]`; leaks, executed `[B, W]` and callers
    `[B, W, CALLERS]` as in Observation."""

    reasons: tuple[str | None, ...]
    retired: np.ndarray
    leaks: np.ndarray
    executed: np.ndarray
    callers: np.ndarray


@dataclass(frozen=True)
class Runs:
    """What was seen of all public inputs."""

    inputs: Inputs
    seen: Observed


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
    runs = _tainted(subject, machine, max_steps, rng, show)
    counted = _counted(runs)
    if not counted.any():
        plausible = next(b for b, plausible in enumerate(runs.inputs.plausible) if plausible)
        raise UserError(_refused(subject, runs, plausible))
    violations = tuple(_violations(subject, runs, np.flatnonzero(counted)))
    chosen = _telling(runs, counted)
    steps = min(max_steps, max(1, _TRACED_STEPS // cross_check)) if violations else max_steps
    crossed = _cross_check(subject, machine, _row(runs.inputs.values, chosen), cross_check, steps, rng, show)
    if not runs.seen.leaks[chosen].any() and max(crossed.distinct_pcs, crossed.distinct_accesses) > 1:
        raise Contradiction(f"{question.path}, {question.function}: nothing depends on a secret, and yet {crossed}")
    return Verdict(
        question.function, not violations, violations, tuple(runs.inputs.values), int(counted.sum()),
        _left_out(subject, runs, counted), coverage(subject, runs.seen.executed[counted].any(axis=0)), crossed,
        int(runs.seen.retired[counted].max()),
    )  # fmt: skip


def _chunks(subject: Subject, count: int, cost: int, show: bool, what: str) -> Iterable[slice]:
    """The instances in pieces that fit memory."""
    size = max(1, min(256, _CHUNK_BYTES // (cost * subject.call.config.memory_bytes)))
    pieces = [slice(k, min(k + size, count)) for k in range(0, count, size)]
    return progress.track(pieces, what, len(pieces)) if show else pieces


def _row(values: Values, b: int) -> Values:
    return {name: v[b : b + 1] for name, v in values.items()}


def _batch(subject: Subject, values: Values) -> Batch:
    """Instances with a guard behind each of their buffers."""
    guarded = {}
    for name, value in values.items():
        guard = np.broadcast_to(subject.guard, (len(value), GUARD_BYTES))
        guarded[name] = np.hstack([value, guard]) if value.ndim == 2 else value
    return subject.call.batch(guarded)


def _tainted(subject: Subject, machine: ObservingBackend, max_steps: int, rng: np.random.Generator, show: bool) -> Runs:
    """All public inputs, the plausible ones first. Extreme ones are given up sooner: they may be lengths."""
    inputs = cases.public_inputs(subject, rng)
    values = {**inputs.values, **cases.secret_inputs(subject, inputs.values, len(inputs.plausible), rng)}
    count, found = int(inputs.plausible.sum()), []
    for piece in _chunks(subject, count, _TAINT_BYTES, show, "taint"):
        found.append(_observed(subject, machine, values, piece, max_steps))
    longest = max(int(part.retired.max()) for part in found)
    for piece in _chunks(subject, len(inputs.plausible) - count, _TAINT_BYTES, show, "extreme public inputs"):
        steps = min(max_steps, max(_EXTREME_STEPS, 16 * longest))
        found.append(_observed(subject, machine, values, slice(count + piece.start, count + piece.stop), steps))
    return Runs(inputs, _joined(found))


def _joined(parts: Sequence[Observed]) -> Observed:
    reasons = tuple(reason for part in parts for reason in part.reasons)
    retired, leaks, executed, callers = (
        np.concatenate(arrays)
        for arrays in zip(*((p.retired, p.leaks, p.executed, p.callers) for p in parts), strict=True)
    )
    return Observed(reasons, retired, leaks, executed, callers)


def _observed(subject: Subject, machine: ObservingBackend, values: Values, piece: slice, steps: int) -> Observed:
    """The instances of a piece of the inputs, with taint."""
    batch = _batch(subject, {name: v[piece] for name, v in values.items()})
    watch = Watch(secrets=subject.secrets())
    execution, seen = machine.observe(subject.call.program, batch, subject.call.config, steps, watch)
    leaks = seen.leaks | _illegal_secrets(subject, execution, seen.leaks)
    return Observed(tuple(_reasons(subject, execution, steps)), execution.retired, leaks, seen.executed, seen.callers)


def _illegal_secrets(subject: Subject, execution: Execution, leaks: np.ndarray) -> np.ndarray:
    """As `leaks`, for secrets that were executed and were no instruction, which no machine counts as fetched."""
    found = np.zeros_like(leaks)
    for b in np.flatnonzero(execution.cause == Cause.ILLEGAL_INSTRUCTION):
        pc = int(execution.pc[b])
        for number, secret in enumerate(subject.secrets()):
            if secret.address is not None and secret.address - 4 < pc < secret.address + secret.size:
                found[b, (pc - subject.call.config.memory_base) // 4] |= np.uint8(1 << number)
    return found


def _reasons(subject: Subject, execution: Execution, max_steps: int) -> Iterator[str | None]:
    """Why each run is no proper call of the function, None where it returned and stayed within its buffers."""
    for b, spilled in enumerate(subject.spill(execution.memory)):
        where = _where(subject, int(execution.pc[b]))
        if execution.status[b] == Status.TRAPPED:
            cause = Cause(execution.cause[b]).name.lower().replace("_", " ")
            yield f"trap, {cause}, at {where}"
        elif execution.status[b] == Status.OUT_OF_STEPS:
            yield f"no end within {max_steps} instructions, it was at {where}"
        elif execution.status[b] == Status.HALTED:
            yield f"halt at {where}"
        else:
            yield None if spilled is None else f"write beyond the end of {spilled}"


def _where(subject: Subject, pc: int) -> str:
    place = subject.debug.place(pc)
    return f"pc {pc:#x}, {place or subject.debug.symbol(pc) or 'no function'}"


def _counted(runs: Runs) -> np.ndarray:
    """`[B]` bool, the runs of which something is said: proper ones, and of plausible inputs those with a violation."""
    proper = np.array([reason is None for reason in runs.seen.reasons])
    leaking = runs.seen.leaks.any(axis=1)
    return proper | leaking & runs.inputs.plausible


def _refused(subject: Subject, runs: Runs, b: int) -> str:
    free = subject.question.free
    mend = f"; if it needs certain public values, fix them, such as --value {free[0]}=16" if free else ""
    given = _described(runs.inputs.values, b)
    return f"{subject.function.name} does not return{' with ' + given if given else ''}: {runs.seen.reasons[b]}{mend}"


def _described(values: Values, b: int) -> str:
    """A public input in one short text."""
    texts = []
    for name, value in values.items():
        text = (
            bytes(value[b][:8]).hex() + ("…" if value.shape[1] > 8 else "") if value.ndim == 2 else str(int(value[b]))
        )
        texts.append(f"{name}={text}")
    return ", ".join(texts)


def _left_out(subject: Subject, runs: Runs, counted: np.ndarray) -> tuple[LeftOut, ...]:
    groups: dict[str, list[int]] = {}
    for b in np.flatnonzero(~counted):
        groups.setdefault(runs.seen.reasons[b] or "", []).append(int(b))
    found = [LeftOut(len(rows), _described(runs.inputs.values, rows[0]), reason) for reason, rows in groups.items()]
    return tuple(sorted(found, key=lambda left: -left.count))


def _telling(runs: Runs, counted: np.ndarray) -> int:
    """The instance whose public input the cross-check takes: with the most violations, and of those the last plausible."""
    leaks = (runs.seen.leaks != 0).sum(axis=1)
    order = np.lexsort((np.arange(len(leaks)), runs.inputs.plausible, leaks, counted))
    return int(order[-1])


def _violations(subject: Subject, runs: Runs, instances: np.ndarray) -> Iterator[Violation]:
    """In order of address; of library code once per line that calls it."""
    leaked, jumps = runs.seen.leaks[instances] != 0, jumps_out(subject)
    for slot in np.flatnonzero(leaked.any(axis=0)).tolist():
        pc = subject.call.config.memory_base + 4 * slot
        place = subject.debug.place(pc)
        sites: dict[Place | None, list[int]] = {}
        for b in instances[leaked[:, slot]].tolist():
            caller = None if place else _caller(subject, runs.seen, jumps, b, slot)
            sites.setdefault(caller, []).append(b)
        for caller, rows in sites.items():
            yield _violation(subject, runs, slot, pc, place, caller, rows)


def _caller(subject: Subject, seen: Observed, jumps: list[tuple[int, int]], b: int, slot: int) -> Place | None:
    """The line of the file that called the library code in which instance b leaked. jumps: those that lead out of the file.

    After a call that was the last thing a function did there is no way back to it: then the jump that led out.
    """
    debug, base = subject.debug, subject.call.config.memory_base
    for back in seen.callers[b, slot].tolist():
        if back and (place := debug.place(back - 4)):
            return place
    taken = [(pc, target) for pc, target in jumps if seen.executed[b, (pc - base) // 4]]
    symbol = debug.symbol(base + 4 * slot)
    return debug.place(min(taken, key=lambda jump: debug.symbol(jump[1]) != symbol)[0]) if taken else None


def _violation(
    subject: Subject, runs: Runs, slot: int, pc: int, place: Place | None, caller: Place | None, rows: list[int]
) -> Violation:
    labels = int(np.bitwise_or.reduce(runs.seen.leaks[rows, slot]))
    names = tuple(s.name for k, s in enumerate(subject.secrets()) if labels >> k & 1)
    word = int.from_bytes(subject.call.program.image[pc - subject.call.program.base :][:4].tobytes(), "little")
    kind = _kind(word)
    function = place.function if place else subject.debug.symbol(pc) or "no function"
    text = toolchain.disassemble(word, pc)
    return Violation(
        pc,
        function,
        text,
        kind,
        names,
        place,
        caller,
        _described(runs.inputs.values, rows[0]),
        bool(not runs.inputs.plausible[rows].any()),
    )


def _kind(word: int) -> str:
    """What of an instruction depends on a secret, where something does."""
    number = int(isa.decode(np.array([word], np.uint32), 32).op[0])
    if number == isa.ILLEGAL:
        return "secret executed as code"
    row = isa.OPERATIONS[number]
    if row.name == "jalr":
        return "jump target"
    if row.name == "ecall":
        return "environment call"
    if row.name.startswith(("div", "rem")):
        return "variable-time operand"
    return _KINDS.get(row.kind, "secret executed as code")


def _cross_check(
    subject: Subject, machine: ObservingBackend, public: Values, count: int, steps: int, rng: np.random.Generator,
    show: bool,
) -> CrossCheck:  # fmt: skip
    pcs: set[int] = set()
    accesses: set[int] = set()
    most = 0
    for piece in _chunks(subject, count, _TRACE_BYTES, show, "cross-check"):
        size = piece.stop - piece.start
        given = {name: np.repeat(v, size, axis=0) for name, v in public.items()}
        values = {**given, **cases.secret_inputs(subject, given, size, rng)}
        watch = Watch(trace=True)
        execution, seen = machine.observe(
            subject.call.program, _batch(subject, values), subject.call.config, steps, watch
        )
        pcs |= set(seen.pcs.tolist())
        accesses |= set(seen.accesses.tolist())
        most = max(most, int(execution.retired.max()))
    return CrossCheck(count, len(pcs), len(accesses), _described(public, 0) if public else "", most)
