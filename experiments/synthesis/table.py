"""Examples from a CSV file: a header of locations, `in.a0`, `out.a1`, `in.mem[0x100]`, and rows of words."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backends.core import isa
from backends.interface import UserError
from experiments.program_search.problem import Examples, Location
from experiments.synthesis.executable import REGISTERS

HELD_OUT_EVERY = 5
WINDOW_BYTES = 4096
MAX_COLUMNS = 400
_HIGHEST = 0xFFF00000  # room for code and a stack behind the words
_DIGITS = 40
_NUMBER = re.compile(r"[+-]?([0-9]+|0[xX][0-9a-fA-F]+)")
_CELL = re.compile(r"(in|out)\.(?:mem\[([^\]]*)\]|(\w+))")
_FORM = "write in. or out. and a register or a word of memory, as in in.a0, out.a1, in.mem[0x100]"


@dataclass(frozen=True)
class Table:
    """examples: all rows. lines `[E]`: where each of them stands in the file."""

    examples: Examples
    lines: np.ndarray

    @property
    def held_out(self) -> np.ndarray:
        """`[E]` bool, every fifth row that is not there a second time; none where there are fewer than five."""
        _, which, times = np.unique(self.examples.inputs, axis=0, return_inverse=True, return_counts=True)
        fifth = (np.arange(len(self.lines)) + 1) % HELD_OUT_EVERY == 0
        return fifth & (times[which.ravel()] == 1)


def read(path: Path, steps: int) -> Table:
    """The examples of a CSV file, which may take so many instructions. Raises UserError for what is not examples."""
    rows = _rows(path)
    if not rows:
        raise UserError(f"{path} is empty: give a header such as in.a0,in.a1,out.a0 and rows of numbers")
    (_, header), *rows = rows
    columns = _columns(path, header)
    if not rows:
        raise UserError(f"{path} has a header and no rows: give examples")
    lines = np.array([line for line, _ in rows])
    cells = np.array([_words(path, line, header, row) for line, row in rows], np.uint32)
    inputs, outputs = ([i for i, (side, _) in enumerate(columns) if side == wanted] for wanted in ("in", "out"))
    sources, targets = (tuple(columns[i][1] for i in chosen) for chosen in (inputs, outputs))
    examples = Examples(sources, targets, cells[:, inputs], cells[:, outputs], steps)
    base, size = examples.window()
    if size > WINDOW_BYTES:
        raise UserError(f"{path}: words of memory from {base:#x} to {base + size:#x}: keep them within {WINDOW_BYTES} bytes")
    _check_contradictions(path, examples, lines)
    return Table(examples, lines)


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Line number and cells of every row that is not blank."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, skipinitialspace=True)
            rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} is no CSV file ({error}): give text in UTF-8") from None
    return [(line, row) for line, row in rows if row not in ([], [""])]


def _columns(path: Path, header: list[str]) -> list[tuple[str, Location]]:
    """Side and location of every column. Raises UserError."""
    columns = [_column(path, cell) for cell in header]
    for i, column in enumerate(columns):
        if column in columns[:i]:
            earlier = header[columns.index(column)]
            raise UserError(f"{path}: columns '{earlier}' and '{header[i]}' name the same place: leave one out")
    for side, what in (("in", "inputs"), ("out", "outputs")):
        if side not in {s for s, _ in columns}:
            raise UserError(f"{path} has no column of {what}: {_FORM}")
    if len(columns) > MAX_COLUMNS:
        raise UserError(f"{path} has {len(columns)} columns: give {MAX_COLUMNS} at most")
    return columns


def _column(path: Path, cell: str) -> tuple[str, Location]:
    match = _CELL.fullmatch(cell)
    if not match:
        raise UserError(f"{path}: unknown column '{cell}': {_FORM}")
    side, address, name = match.groups()
    return side, _register(path, cell, name) if name else _address(path, cell, address)


def _register(path: Path, cell: str, name: str) -> Location:
    try:
        number = isa.register_number(name)
    except KeyError:
        raise UserError(f"{path}: column '{cell}' names no register: {_FORM}") from None
    if number not in REGISTERS:
        usable = ", ".join(isa.REGISTER_NAMES[r] for r in REGISTERS)
        raise UserError(f"{path}: column '{cell}': {name} is reserved, or no register of RV32E: use {usable}")
    return Location("register", number)


def _address(path: Path, cell: str, text: str) -> Location:
    if not _NUMBER.fullmatch(text.strip()):
        raise UserError(f"{path}: column '{cell}': '{text}' is no address: {_FORM}")
    address = _value(text.strip())
    if address % 4 or not 0 <= address < _HIGHEST:
        raise UserError(f"{path}: column '{cell}': give an address that is a multiple of 4, from 0 to {_HIGHEST - 4:#x}")
    return Location("memory", address)


def _value(text: str) -> int:
    """The number; of one with very many digits something that is too large as well."""
    return int(text[:_DIGITS], 16 if "x" in text.lower() else 10)


def _words(path: Path, line: int, header: list[str], row: list[str]) -> list[int]:
    if len(row) != len(header):
        raise UserError(f"{path}, line {line}: {len(row)} cells, the header has {len(header)}")
    return [_word(path, line, column, cell) for column, cell in zip(header, row, strict=True)]


def _word(path: Path, line: int, column: str, cell: str) -> int:
    where = f"{path}, line {line}, column {column}"
    if not _NUMBER.fullmatch(cell):
        raise UserError(f"{where}: '{cell}' is no whole number: write decimal, or hexadecimal with 0x")
    if not -(1 << 31) <= _value(cell) < 1 << 32:
        raise UserError(f"{where}: {cell[:_DIGITS]} does not fit into 32 bits: give -2147483648 to 4294967295")
    return _value(cell) & 0xFFFFFFFF


def _check_contradictions(path: Path, examples: Examples, lines: np.ndarray) -> None:
    """One program gives one answer: the same inputs must have the same outputs."""
    seen: dict[bytes, int] = {}
    for row in range(len(examples)):
        first = seen.setdefault(examples.inputs[row].tobytes(), row)
        if (examples.outputs[first] != examples.outputs[row]).any():
            raise UserError(
                f"{path}: lines {lines[first]} and {lines[row]} contradict each other: the same inputs, other outputs"
            )
