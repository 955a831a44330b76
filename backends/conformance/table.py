"""Running the case table on machines and telling what came out."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

from backends.conformance import atomics, cases, compare, diagnosis, extensions, oracle, resumed, soft
from backends.conformance.cases import Case, Suite
from backends.core import catalog
from backends.interface import Backend, Cache, DifferentiableBackend, Execution

if TYPE_CHECKING:  # whoever has no screen needs no rich
    from rich.progress import Progress

KINDS = ("value", "trap", "timing", "soft limit", "gradient")
TOLERANCE_FINITE_DIFFERENCE, TOLERANCE_MACHINES = 1e-5, 1e-9


@dataclass(frozen=True)
class Scale:
    """How much is run: operand vectors per operation, random programs, programs per operation in soft runs, gradient
    problems, caches; which instruction sets."""

    vectors: int
    programs: int
    soft_programs: int
    gradients: int
    caches: int
    isas: tuple[str, ...]


SCALES = {
    "smoke": Scale(vectors=24, programs=32, soft_programs=1, gradients=2, caches=1, isas=("rv32em",)),
    "quick": Scale(vectors=128, programs=75, soft_programs=2, gradients=5, caches=1, isas=("rv32em", "rv32im")),
    "full": Scale(vectors=10_000, programs=1500, soft_programs=16, gradients=20, caches=4, isas=("rv32em", "rv32im")),
}


@dataclass
class Row:
    """One line of the table: a machine and a kind of case; a case is one instance."""

    backend: str
    device: str
    kind: str
    cases: int = 0
    passed: int = 0
    failed: int = 0
    first_failure: str = ""
    time_s: float = 0.0

    def add(self, failed: np.ndarray, tell: Callable[[int], str]) -> None:
        self.cases += len(failed)
        self.failed += int(failed.sum())
        self.passed = self.cases - self.failed
        if failed.any() and not self.first_failure:
            self.first_failure = tell(int(np.flatnonzero(failed)[0]))


Verdict = tuple[np.ndarray, Callable[[int], str]]
"""Which instances failed `[k]` bool, and what is said of one."""


@dataclass
class Checker:
    """One machine under test. The judge is `reference`, and for `reference` itself Unicorn.

    suite: cases that were made elsewhere; None: made here.
    """

    name: str
    scale: Scale
    device: str = "cpu"
    suite: Suite | None = None
    backend: Backend = field(init=False)
    reference: Backend = field(init=False)

    def __post_init__(self) -> None:
        self.backend, self.reference = catalog.create(self.name, self.device), catalog.create("reference")
        self.judge = oracle.Unicorn() if self.name == "reference" else None

    def kinds(self) -> tuple[str, ...]:
        """Those of KINDS that the machine offers."""
        known = self.backend.capabilities()
        offered = {"timing": "cache" in known.timings}
        soft_here = isinstance(self.backend, DifferentiableBackend) and self.device in (known.soft_devices or known.devices)
        offered |= dict.fromkeys(("soft limit", "gradient"), soft_here)
        return tuple(kind for kind in KINDS if offered.get(kind, True))

    def row(self, kind: str, advance: Callable[[], None] = lambda: None) -> Row:
        """All cases of a kind."""
        checks = {
            "value": self._values, "trap": lambda: map(self._check, cases.trap_cases()), "timing": self._timings,
            "soft limit": self._limits, "gradient": self._gradients,
        }  # fmt: skip
        row, start = Row(self.name, self.device, kind), time.perf_counter()
        for failed, tell in checks[kind]():
            row.add(failed, tell)
            advance()
        row.time_s = time.perf_counter() - start
        return row

    def _values(self) -> Iterator[Verdict]:
        for isa_name in self.scale.isas:
            yield from map(self._check, (*cases.operation_cases(self.scale.vectors, isa_name), *self._files(isa_name)))
            if self.backend.capabilities().extensions:
                yield from map(self._check, extensions.extension_cases(self.scale.vectors, isa_name))
        if self.backend.capabilities().atomics:
            yield from map(self._check, atomics.atomic_cases(self.scale.vectors))
            yield from self._random(atomics.ISA)
        for isa_name in self.scale.isas:
            yield from self._random(isa_name)

    def _timings(self) -> Iterator[Verdict]:
        """Program files and random programs once more, under caches."""
        for held in cases.CACHES[: self.scale.caches]:
            for isa_name in self.scale.isas:
                yield from (self._check(cases.cached(case, held)) for case in self._files(isa_name))
                yield from self._random(isa_name, held)

    def _files(self, isa_name: str) -> Sequence[Case]:
        return self.suite.files[isa_name] if self.suite else cases.file_cases(isa_name)

    def _random(self, isa_name: str, cache: Cache | None = None) -> Iterator[Verdict]:
        """Random programs, at once and in two sessions; all of them run, also after a failure (the tests shrink failures)."""
        programs = self.scale.programs // (len(self.scale.isas) + 1)
        for case in self.suite.random[isa_name] if self.suite else _generated(isa_name, programs):
            case = case if cache is None else cases.cached(case, cache)
            whole = diagnosis.attempt(self.backend, self._there(case))
            yield self._check(case, whole)
            if isinstance(whole, Execution):
                yield _guarded(f"{case.name}: resumed in the middle, it", partial(self._resumed, case, whole), len(case.index))

    def _resumed(self, case: Case, whole: Execution) -> Verdict:
        failed = resumed.failures(self._there(case), self.backend, whole)
        return failed, _tell(f"{case.name}: resumed in the middle, it differs")

    def _check(self, case: Case, result: Execution | Exception | None = None) -> Verdict:
        """result: what the machine made of the case, where that is there already."""
        case = self._there(case)
        result = result or diagnosis.attempt(self.backend, case)
        if isinstance(result, Exception):
            raised = partial(diagnosis.exception, case, self.backend, result)
            return np.ones(len(case.index), bool), lambda _: raised()
        wrong, judge, wanted = compare.unexpected(case, result), self.judge or self.reference, None
        chosen = np.arange(len(wrong))
        if self.judge is not None:  # Unicorn has no opinion on traps; those the case itself must state
            chosen = np.flatnonzero(oracle.judgeable(case, result)) if case.kind == "value" else chosen[:0]
        if len(chosen):
            part = compare.on_cpu(compare.select(case, chosen))
            wanted = judge.run(part.programs, part.batch, part.config, part.max_steps)
            wrong[chosen] |= compare.mismatches(compare.select_rows(result, chosen), wanted)
        stated = chosen if len(chosen) or not case.expect else np.arange(len(wrong))
        return wrong[stated], partial(self._tell_difference, case, stated, result, wanted)

    def _tell_difference(
        self, case: Case, instances: np.ndarray, result: Execution, wanted: Execution | None, number: int
    ) -> str:
        """Of `instances[number]`; wanted: of all of those, where they were judged."""
        b, judge = int(instances[number]), self.judge or self.reference
        found = compare.select_rows(result, np.array([b]))
        theirs = None if wanted is None else compare.select_rows(wanted, np.array([number]))
        return diagnosis.difference(case, b, self.backend, judge, found, theirs)

    def _there(self, case: Case) -> Case:
        return replace(case, config=replace(case.config, device=self.device))

    def _limits(self) -> Iterator[Verdict]:
        assert isinstance(self.backend, DifferentiableBackend)
        few = cases.operation_cases(min(self.scale.vectors, 128), seed=1, programs=self.scale.soft_programs)
        for case in (*few, *cases.trap_cases(), *self._files("rv32em")):
            hard = self.reference.run(case.programs, case.batch, case.config, case.max_steps)
            for relaxation in self.backend.capabilities().relaxations:
                count = int(soft.fits(self._there(case), hard).sum())
                work = partial(self._limit, case, hard, relaxation)
                yield _guarded(f"{case.name}: soft run ({relaxation}) at temperature 0", work, count)

    def _limit(self, case: Case, hard: Execution, relaxation: str) -> Verdict:
        assert isinstance(self.backend, DifferentiableBackend)
        failed = soft.limit_failures(self._there(case), hard, self.backend, relaxation)
        return failed, _tell(f"{case.name}: soft run ({relaxation}) at temperature 0 differs")

    def _gradients(self) -> Iterator[Verdict]:
        assert isinstance(self.backend, DifferentiableBackend)
        for relaxation in self.backend.capabilities().relaxations:
            others = [m for m in self._others() if relaxation in m.capabilities().relaxations]
            for number, problem in enumerate(soft.gradient_problems(self.scale.gradients, relaxation, self.device)):
                error = partial(soft.finite_difference_error, problem, self.backend, directions=4)
                found = [(error, TOLERANCE_FINITE_DIFFERENCE, "off finite differences")]
                for other in others:
                    error = partial(soft.disagreement, problem, self.backend, other)
                    found.append((error, TOLERANCE_MACHINES, "two machines differ"))
                for error, most, what in found:
                    work = partial(_within, f"problem {number} ({relaxation}): {what}", error, most)
                    yield _guarded(f"problem {number} ({relaxation})", work, 1)

    def _others(self) -> list[DifferentiableBackend]:
        """The machines before this one: each pair is compared once."""
        before = catalog.names()[: catalog.names().index(self.name)] if self.name in catalog.names() else catalog.names()
        made = [catalog.create(n) for n in before if not isinstance(catalog.describe(n, self.device), str)]
        return [b for b in made if isinstance(b, DifferentiableBackend)]


@cache
def _generated(isa_name: str, programs: int) -> Sequence[Case]:
    from backends.conformance import generate  # Hypothesis is needed for this alone

    return generate.some(isa_name, programs)


def _guarded(name: str, work: Callable[[], Verdict], count: int) -> Verdict:
    """The verdict of `work`, on `count` cases; all of them, and one at least, failed where the machine raises."""
    try:
        return work()
    except Exception as error:  # whatever a machine does wrong is a verdict on it
        text = f"{name} raises {diagnosis.line(error)}"
        return np.ones(max(1, count), bool), lambda _: text


def _within(name: str, error: Callable[[], float], most: float) -> Verdict:
    found = error()
    return np.array([not found <= most]), _tell(f"{name} by {found:.2e}")


def _tell(text: str) -> Callable[[int], str]:
    return lambda b: f"{text} (instance {b})"


def rows(backends: list[str], scale: Scale, device: str, progress: "Progress") -> Iterator[Row]:
    """The conformance table of the named machines on a device, each row when it is there. Raises UserError, before the first
    row, for a machine that cannot be used there."""
    for checker in [Checker(name, scale, device) for name in backends]:
        task = progress.add_task(f"conformance of {checker.name}", total=None)
        yield from (checker.row(kind, partial(progress.advance, task)) for kind in checker.kinds())
        progress.update(task, total=1, completed=1)


def report(backends: list[str], scale: str, device: str, as_json: bool) -> int:
    """Print the table, as JSON row after row; 0 where every case passed, else 1."""
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

    from backends.core.screen import Screen

    console, found = Console(stderr=True), list[Row]()
    shown = Progress(console=console, transient=True, disable=not console.is_terminal, redirect_stdout=False)
    with shown as progress:
        for row in rows(backends, SCALES[scale], device, progress):
            found.append(row)
            if as_json:
                print(json.dumps(asdict(row)), flush=True)
    if not as_json:
        table = Table("backend", "device", "kind", "cases", "passed", "failed", "time (s)")
        for row in found:
            counts = map(str, (row.cases, row.passed, row.failed))
            table.add_row(row.backend, row.device, row.kind, *counts, f"{row.time_s:.1f}")
        Screen().print(table)
        for row in found:
            if row.first_failure:
                print(f"{row.backend}, {row.kind}: {row.first_failure}")
    return int(any(row.failed for row in found))
