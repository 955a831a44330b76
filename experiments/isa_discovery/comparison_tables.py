"""The tables about what selected operations are worth elsewhere, and against other choices; `schema` says what they are.

With an ingredient of the search taken away; in families that had no part in the selection; against gates and the ratified
extensions; and beside what Clang makes of these.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from backends.core.isa import ARITHMETIC
from experiments.isa_discovery import area, compilers, generalisation, ratified
from experiments.isa_discovery.candidates import Limits
from experiments.isa_discovery.discovery import Corpus
from experiments.isa_discovery.schema import TABLES
from experiments.isa_discovery.selection import Problem, exact
from experiments.isa_discovery.selection_tables import SHOWN, Families, collected, named_files, percent, programs_of, selected

DEPENDS_ON = (
    "experiments/isa_discovery/areas.csv", "experiments/isa_discovery/cells.lib", "experiments/isa_discovery/units.csv",
)  # fmt: skip


ARMS: dict[str, tuple[Limits, Callable[[Corpus], Problem]]] = {
    "as chosen": (Limits(), lambda of: of.problem),
    "one input": (Limits(inputs=1), lambda of: of.problem),
    "two instructions": (Limits(2, 2, 2), lambda of: of.problem),
    "no operand is an immediate": (Limits(), lambda of: of.problem.only(_plain(of))),
    "merged by form, not by meaning": (Limits(), lambda of: _by_form(of)),
}
"""Each takes an ingredient away."""


def limits(families: Families, arm: str) -> pd.DataFrame:
    """What is saved without an ingredient."""
    allowed, problem_of = ARMS[arm]
    of = collected(families, allowed)
    problem = problem_of(of)
    answer = exact(problem, SHOWN)
    kept = _plain(of) if len(problem.saved) < len(of.uses) else np.arange(len(of.uses))
    chosen = [int(kept[u]) for u in answer.uses]
    mean, in_all = percent(of, replace(answer, uses=tuple(chosen)))
    return TABLES["limits"].frame([(arm, len(problem.saved), problem.operations, mean, in_all)])


def _plain(of: Corpus) -> np.ndarray:
    """The uses without an immediate as an operand."""
    return np.array([u for u, use in enumerate(of.uses) if use.immediate is None])


def _by_form(of: Corpus) -> Problem:
    """Every expression is an operation of its own."""
    number: dict[tuple, int] = {}
    forms = [number.setdefault((use.expression, use.immediate is not None), len(number)) for use in of.uses]
    return replace(
        of.problem, operation=np.array(forms), areas=np.ones(len(number)), immediate=np.array([i for _, i in number])
    )


def generalised(training: Families, held_out: Families) -> pd.DataFrame:
    """What is selected on some families is worth to others."""
    known, others = ({f: programs_of(f) for f in families} for families in (training, held_out))
    found = generalisation.collect(known, others)
    tables = [generalisation.from_training(found, SHOWN), generalisation.from_training(found, SHOWN, shared_by=2)]
    return pd.concat([*tables, generalisation.leave_one_out(found, SHOWN)], ignore_index=True)


def front(families: Families) -> pd.DataFrame:
    """Instructions saved against gates: the best within areas, of operations that do not multiply or divide, beside the
    ratified extensions."""
    of, rows = collected(families), []
    allowed = [k for k, o in enumerate(of.operations) if not any(n.operation in _LARGE for n in o.expression.nodes)]
    simple = np.flatnonzero(np.isin(of.problem.operation, allowed))
    for most in AREAS:
        found, gates = area.within(of.problem.only(simple), [of.operations[k] for k in allowed], MOST, most, 600.0)
        answer = replace(found, uses=tuple(simple[list(found.uses)].tolist()))
        chosen = [of.operations[allowed[k]].expression for k in found.operations]
        alone = float(gates[list(found.operations)].sum())
        point = (f"within {most} gates", "selected", len(chosen), alone, area.alu_area("rv32e", chosen))
        rows.append((*point, percent(of, answer)[0], answer.optimal))
    names = [ratified.name_of(operation.expression) for operation in of.operations]
    for extension, members in ratified.EXTENSIONS.items():
        uses = np.array([u for u, o in enumerate(of.problem.operation) if names[o] in members], np.int64)
        found = exact(of.problem.only(uses), len(of.operations))
        answer = replace(found, uses=tuple(uses[list(found.uses)].tolist()))
        unit = area.alu_area("rv32e", ratified.expressions(extension))
        rows.append((extension, "ratified", len(members), np.nan, unit, percent(of, answer)[0], found.optimal))
    rows.append(("nothing", "base", 0, 0.0, area.alu_area("rv32e"), 0.0, True))
    return TABLES["front"].frame(rows)


_LARGE = {name for name in ARITHMETIC if name.startswith(("mul", "div", "rem"))}
AREAS = (100, 200, 400, 800, 1600)
MOST = 16


def clang(families: Families) -> pd.DataFrame:
    """Programs as Clang builds them when it is given the ratified extensions, beside the best few operations."""
    of = collected(families)
    saved = of.saved(selected(families, SHOWN))
    rows = [
        (file.stem, subject.instructions, compilers.executed(file, True), subject.instructions - n)
        for (_, file), subject, n in zip(named_files(families), of.subjects, saved, strict=True)
    ]
    return TABLES["clang"].frame(rows)
