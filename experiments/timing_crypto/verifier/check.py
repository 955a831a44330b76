"""The command `check`: from names on the command line to a verdict on the screen or as JSON."""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from backends.core import catalog
from backends.core.observation import ObservingBackend
from backends.core.screen import Screen
from backends.interface import UserError
from experiments.timing_crypto.verifier.dwarf import Place
from experiments.timing_crypto.verifier.subject import Question, functions
from experiments.timing_crypto.verifier.verdict import Verdict, Violation
from experiments.timing_crypto.verifier.verify import verify

_SHOWN_LINES = 12


def run(options: argparse.Namespace) -> int:
    """Prove that what an observer of the program counter and of data addresses sees of a C function does not depend on
    its secrets, or show the instructions and source lines that do."""
    question = _question(options)
    machine = observing(options.backend)
    verdict = verify(question, machine, options.cross_check, options.max_steps, options.seed, show=not options.json)
    if options.json:
        about = {
            "verdict": verdict.word, "statement": verdict.statement, "file": str(question.path), "level": question.level,
            "isa": question.isa, "backend": options.backend, "secrets": question.secrets, "public": question.public,
            "values": question.values,
        }  # fmt: skip
        print(json.dumps({**about, **asdict(verdict)}))
    else:
        _show(question, options.backend, verdict)
    return 0 if verdict.proven else 1


def observing(name: str) -> ObservingBackend:
    """The machine of that name. Raises UserError where its runs cannot be observed."""
    machine = catalog.create(name)
    if not isinstance(machine, ObservingBackend):
        raise UserError(f"backend {name} cannot observe its runs: give --backend gpu_compute or reference")
    return machine


def _question(options: argparse.Namespace) -> Question:
    flags = tuple(f"-D{define}" for define in options.define)
    level, path = f"-O{options.level}", Path(options.file)
    if options.function is None:
        listed = ", ".join(functions(path, options.isa, (level, *flags))) or "none"
        raise UserError(f"no function is named: give --function, {path} has {listed}")
    secrets, public = (_numbers(texts, ":", "NAME or NAME:BYTES") for texts in (options.secret, options.public))
    values = {name: value for name, value in _numbers(options.value, "=", "NAME=N").items() if value is not None}
    return Question(path, options.function, secrets, public, values, level, options.isa, flags)


def _numbers(texts: Sequence[str], separator: str, form: str) -> dict[str, int | None]:
    """Names and the number behind each, None where the form allows that there is none. Raises UserError."""
    found: dict[str, int | None] = {}
    for text in texts:
        name, mark, rest = text.partition(separator)
        if not name.isidentifier() or bool(mark) != bool(rest) or not (mark or form.startswith("NAME or")):
            raise UserError(f"'{text}' is not of the form {form}")
        if name in found:
            raise UserError(f"{name} is named twice: give it once")
        try:
            found[name] = int(rest, 0) if mark else None
        except ValueError:
            raise UserError(f"{name}: '{rest}' is not a whole number") from None
    return found


def _show(question: Question, backend: str, verdict: Verdict) -> None:
    console = Screen(soft_wrap=True, highlight=False)
    colour = "green" if verdict.proven else "red"
    console.print(f"[bold {colour}]{escape(verdict.statement)}[/]")
    for place, violations in groupby(verdict.violations, key=lambda violation: violation.line):
        for violation in violations:
            _show_violation(console, violation)
        if place and place.text:
            console.print(f"    {escape(place.text)}")
    console.print(f"compiled: {escape(str(question.path))} {' '.join((question.level, *question.flags))} for {question.isa}")
    for line in _about(question, verdict):
        console.print(escape(line))
    console.print(f"machine: {backend}; observer: addresses of instructions and data, operands of division")


def _show_violation(console: Console, violation: Violation) -> None:
    secrets, where = ", ".join(violation.secrets), violation.line
    near = " (nearest line, the compiler gives none)" if where and where.near else ""
    place = f"{violation.function}, pc {violation.pc:#x}: {violation.instruction}"
    source = f"{where}{near}" if where else "code of no known line"
    called = " calls library code, where" if where and not violation.place else ""
    console.print(
        f"[bold]{escape(source)}:[/]{called} {violation.kind} depends on [bold]{escape(secrets)}[/]  ({escape(place)})"
    )
    if violation.also_called_from:
        console.print(f"    called at {escape(_lines(violation.also_called_from))} as well, which may leak too")
    if violation.extreme:
        console.print(f"    only with public inputs such as {escape(violation.public)}: if that is none, fix it with --value")


def _about(question: Question, verdict: Verdict) -> Iterator[str]:
    """What the verdict rests on: public inputs, coverage and traces."""
    names, fix = ", ".join(verdict.public_names), "; --value fixes a value" if question.free else ""
    tried = f"{names}; {verdict.public_inputs} inputs tried, of others nothing is said"
    yield f"public: {tried if names else 'nothing, so that one run speaks for all arguments'}"
    for left in verdict.left_out:
        yield f"left out: {left.count} public inputs, such as {left.example}: {left.reason}{fix}"
    covered, crossed = verdict.coverage, verdict.cross_check
    others = f"; nothing is said about the others, at {_lines(covered.unreached)}" if covered.unreached else ""
    yield f"coverage: {covered.reached} of {covered.instructions} instructions reached{others}"
    given = f" with {crossed.public}" if crossed.public else ""
    yield (
        f"cross-check: {crossed.secrets} secrets{given} gave {crossed.distinct_pcs} different traces of program counters "
        f"and {crossed.distinct_accesses} of data addresses"
    )


def _lines(places: Sequence[Place]) -> str:
    shown = ", ".join(str(p) for p in places[:_SHOWN_LINES])
    return shown + (f" and {len(places) - _SHOWN_LINES} more lines" if len(places) > _SHOWN_LINES else "")
