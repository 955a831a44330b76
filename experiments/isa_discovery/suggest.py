"""The command `suggest`: from files to the operations that would pay, and to executables that use them."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from rich.table import Table

from backends.core import catalog
from backends.core.screen import Screen
from backends.interface import Backend, UserError
from experiments.isa_discovery import area, discovery, elf_text, notation, ratified
from experiments.isa_discovery.candidates import Limits
from experiments.isa_discovery.discovery import Corpus, Subject
from experiments.isa_discovery.layout import Layout
from experiments.isa_discovery.profile import profiled
from experiments.isa_discovery.proof import unproven
from experiments.isa_discovery.selection import Selection, exact

COUNT = 4
"""Operations to add, where neither their number nor an area is given."""


@dataclass(frozen=True)
class Suggested:
    """name: of the ratified operation that computes the same, or one of our own. uses: places in the code. saved: executed
    instructions fewer. gates: NAND2 equivalents of the operation alone; None where they are not known here."""

    name: str
    expression: str
    immediate: bool
    uses: int
    saved: int
    gates: float | None


@dataclass(frozen=True)
class Measured:
    """Of a file: executed instructions before, after as predicted, and after as the machine counted them."""

    file: str
    before: int
    predicted: int
    after: int


def run(options: argparse.Namespace) -> int:
    """Which added instructions save most on these programs: the optimum, the operations, and the programs rewritten to use
    them, proven block by block, run and counted."""
    if options.count is not None and options.count < 1:
        raise UserError(f"--count {options.count}: give 1 or more")
    if options.area is not None and not 0 <= options.area < float("inf"):
        raise UserError(f"--area {options.area:g}: give NAND2 equivalents, 0 or more")
    machine = catalog.create(options.backend)
    given = Path(options.input).read_bytes() if options.input else b""
    pairs = [profiled(Path(file), tuple(options.flag) or ("-O2",), given, options.max_steps) for file in options.files]
    subjects = [subject for subject, _ in pairs]
    if len({subject.config.isa for subject in subjects}) > 1:
        raise UserError("some of these files are for RV32E, some for RV32I: give files for one of them")
    corpus = discovery.collect(subjects, Limits(inputs=options.inputs), options.even)
    answer, smallest = chosen(options, corpus)
    if not answer.saved:
        too_small = options.area is not None and options.area < smallest < np.inf
        print(f"Nothing fits: the smallest has {smallest:g} gates." if too_small else "Nothing saves an instruction here.")
        return 1
    names = named(corpus, answer)
    layouts = discovery.rewrite(corpus, answer, names)
    for file, layout in zip(options.files, layouts, strict=True):
        for block in unproven(layout, layout.words):
            raise UserError(f"{file}: the rewritten block at {layout.text.address(block.first):#x} is not proven to be equal")
    measured = [
        measure(file, subject, layout, saved, machine)
        for file, subject, layout, saved in zip(options.files, subjects, layouts, corpus.saved(answer), strict=True)
    ]
    if options.write:
        for file, (_, data), layout in zip(options.files, pairs, layouts, strict=True):
            elf_text.write(Path(options.write), Path(file), data, layout)
    _tell(options, answer, suggested(corpus, answer, names), measured)
    return 0


def chosen(options: argparse.Namespace, corpus: Corpus) -> tuple[Selection, float]:
    """The best selection within the number of operations and the area asked for, and the gates of the smallest operation that
    was looked at."""
    if options.area is None:
        return exact(corpus.problem, options.count or COUNT, limit_s=options.limit_s), 0.0
    count = options.count or corpus.problem.operations
    answer, gates = area.within(corpus.problem, corpus.operations, count, options.area, options.limit_s)
    return answer, float(np.min(gates, where=~np.isnan(gates), initial=np.inf))


def named(corpus: Corpus, answer: Selection) -> dict[int, str]:
    """A name for every chosen operation: the ratified one where it computes the same."""
    names: dict[int, str] = {}
    for number, k in enumerate(answer.operations, 1):
        operation = corpus.operations[k]
        known = ratified.name_of(operation.expression)
        name = known + "i" * operation.immediate if known else f"op{number}"
        names[k] = name if name not in names.values() else f"op{number}"
    return names


def _uses(corpus: Corpus, answer: Selection, operation: int) -> list[int]:
    return [u for u in answer.uses if corpus.problem.operation[u] == operation]


def _saved(corpus: Corpus, uses: Sequence[int]) -> int:
    """Executed instructions, jumps over free room not taken off."""
    return sum(int(corpus.problem.saved[u]) // corpus.weights[corpus.places[u][0]] for u in uses)


def by_saving(corpus: Corpus, answer: Selection) -> list[int]:
    """The numbers of the chosen operations, those that save most first."""
    return sorted(answer.operations, key=lambda k: -_saved(corpus, _uses(corpus, answer, k)))


def suggested(corpus: Corpus, answer: Selection, names: dict[int, str]) -> list[Suggested]:
    """In the order of `by_saving`. Gates are not counted for this alone where they are in no table: a product takes minutes."""
    rows, gates = [], area.known(area.OPERATIONS)
    for k in by_saving(corpus, answer):
        uses, operation = _uses(corpus, answer, k), corpus.operations[k]
        operands = ("a", "imm") if operation.immediate else ("a", "b")
        text, counted = notation.text(operation.expression, operands), gates.get(notation.text(operation.expression))
        rows.append(Suggested(names[k], text, operation.immediate, len(uses), _saved(corpus, uses), counted))
    return rows


def measure(file: str, subject: Subject, layout: Layout, saved: int, machine: Backend) -> Measured:
    """Run the rewritten program. Raises UserError where it does not do what the program did."""
    config = replace(subject.config, extensions=layout.isa.extensions)
    after = machine.run(layout.program(), subject.batch, config, subject.instructions + 1)
    same = all(getattr(after, name) == getattr(subject.run, name) for name in ("output", "errors"))
    if not same or (after.status[0], after.exit_code[0]) != (subject.run.status[0], subject.run.exit_code[0]):
        raise UserError(f"{file}: the rewritten program does something else, a jump that was not foreseen perhaps")
    return Measured(file, subject.instructions, subject.instructions - saved, int(after.retired[0]))


def _tell(options: argparse.Namespace, answer: Selection, rows: Sequence[Suggested], measured: Sequence[Measured]) -> None:
    word = "optimal" if answer.optimal else "not shown to be optimal"
    if options.json:
        told = {"operations": [asdict(row) for row in rows], "files": [asdict(m) for m in measured]}
        print(json.dumps({"verdict": word, "bound": answer.bound, **told}))
        return
    table = Table("operation", "computes", "uses", "instructions saved", "gates")
    for row in rows:
        gates = "unknown" if row.gates is None else f"{row.gates:,g}"
        table.add_row(row.name, row.expression, f"{row.uses:,}", f"{row.saved:,}", gates)
    Screen().print(table)
    for m in measured:
        part = f"{100 * (m.before - m.after) / m.before:.1f} % fewer"
        print(f"{m.file}: {m.before:,} instructions, with these operations {m.after:,} ({m.predicted:,} predicted), {part}")
    bound = "" if answer.optimal else f": no selection saves more than {answer.bound:,.0f}"
    print(f"The selection is {word}{bound}.")
