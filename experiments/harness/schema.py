"""Schemas: what the tables of an experiment are, checked when they are recorded and when they are read.

`experiments/<x>/schema.py` has ORDER, the experiment's place among all, and TABLES, built with `table`, `text`, `integer`,
`real` and `boolean`. Columns flagged `key` tell rows apart. Columns flagged `timing` may differ from run to run; everything
else is the same for the same seed. Columns flagged `missing` may have empty cells.
"""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backends.interface import UserError

if TYPE_CHECKING:
    import pandas as pd

EXPERIMENTS = Path(__file__).resolve().parents[1]
FLAGS = ("key", "timing", "missing")
_SHOWN = 5


@dataclass(frozen=True)
class Column:
    """kind: text, integer, real or boolean. The unit is in the name (`_s`, `_bytes`), or in the meaning."""

    name: str
    kind: str
    meaning: str
    key: bool = False
    timing: bool = False
    missing: bool = False


@dataclass(frozen=True)
class Table:
    """One table of an experiment, which a run need not make."""

    meaning: str
    columns: tuple[Column, ...]

    @property
    def keys(self) -> list[str]:
        return [column.name for column in self.columns if column.key]

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def frame(self, rows: Sequence[Sequence | Mapping[str, Any]]) -> "pd.DataFrame":
        """The table of rows in the order of its columns, or by name; also of none."""
        import pandas as pd

        made = pd.DataFrame(rows, columns=self.names)
        return made.astype({column.name: "Int64" for column in self.columns if column.kind == "integer" and column.missing})


def table(meaning: str, *columns: Column) -> Table:
    """A table of these columns, in this order."""
    return Table(meaning, columns)


def _column(kind: str, name: str, meaning: str, *flags: str) -> Column:
    assert set(flags) <= set(FLAGS), f"column {name}: flags are {', '.join(FLAGS)}"
    return Column(name, kind, meaning, *(flag in flags for flag in FLAGS))


text, integer, real, boolean = (partial(_column, kind) for kind in ("text", "integer", "real", "boolean"))


@cache
def experiments() -> tuple[str, ...]:
    """All experiments, found because they have a schema, in the order that they declare."""
    names = [file.parent.name for file in EXPERIMENTS.glob("*/schema.py") if file.parent.name != "harness"]
    for name in names:
        if not hasattr(_module(name), "ORDER"):
            raise UserError(f"experiments/{name}/schema.py declares no ORDER: give a number, its place among all experiments")
    return tuple(sorted(names, key=lambda name: (_module(name).ORDER, name)))


def of(experiment: str) -> Mapping[str, Table]:
    """The tables of an experiment by name. Raises UserError where there is no such experiment."""
    if experiment not in experiments():
        raise UserError(f"unknown experiment '{experiment}': one of {', '.join(experiments())}")
    return _module(experiment).TABLES


def _module(experiment: str):
    return importlib.import_module(f"experiments.{experiment}.schema")


def check_all(experiment: str, made: Mapping[str, "pd.DataFrame"]) -> None:
    """Raise UserError where a run's tables are not those of its schema."""
    declared = of(experiment)
    for name, frame in made.items():
        if name not in declared:
            raise UserError(f"table {name} is not in experiments/{experiment}/schema.py: declare it")
        check(f"table {name} of {experiment}", declared[name], frame)


def check(what: str, declared: Table, frame: "pd.DataFrame") -> None:
    """Raise UserError, naming the column and the rows, where a frame is not the declared table."""
    for lacking in [name for name in declared.names if name not in frame]:
        raise UserError(f"{what} has no column {lacking}: its schema declares it")
    for unknown in [name for name in frame if name not in declared.names]:
        raise UserError(f"{what} has a column {unknown} that its schema does not declare")
    for column in declared.columns:
        values = frame[column.name]
        if not column.missing:
            _refuse(f"{what}, column {column.name}", values.isna(), "empty, where its schema allows no empty cell")
        present = values.dropna()
        _refuse(f"{what}, column {column.name}", ~_fits(column.kind, present), f"not {column.kind}", present)
    if declared.keys:
        again = frame.duplicated(declared.keys)
        _refuse(f"{what}, columns {', '.join(declared.keys)}", again, "the same as in an earlier row, and they are its key")


def _fits(kind: str, values: "pd.Series") -> "pd.Series":
    if kind == "text":
        return values.map(lambda value: isinstance(value, str))
    if kind == "boolean" and values.dtype.kind == "b":
        return values.notna()
    if kind == "boolean":
        return values.map(lambda value: value in (True, False) and not isinstance(value, str))
    if values.dtype.kind in "iuf":
        numbers = values.notna()
    else:
        numbers = values.map(lambda value: not isinstance(value, str | bool) and hasattr(value, "__float__"))
    return numbers if kind == "real" or not numbers.all() else numbers & (values.astype(float) % 1 == 0)


def _refuse(where: str, wrong: "pd.Series", why: str, values: "pd.Series | None" = None) -> None:
    rows = list(wrong.index[wrong.astype(bool)])
    if rows:
        shown = ", ".join(map(str, rows[:_SHOWN])) + (", …" if len(rows) > _SHOWN else "")
        found = "" if values is None else f" ('{values[rows[0]]}')"
        raise UserError(f"{where}: row {shown} is {why}{found}")
