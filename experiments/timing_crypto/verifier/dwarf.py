"""What a compiled C file says about itself (DWARF 4): its functions, their parameters, and the source line of every
instruction. Only the file itself and what it includes count; the compiler's runtime library has no lines here.
"""

import io
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache, cached_property, partial
from operator import itemgetter
from pathlib import Path

from elftools.dwarf.die import DIE
from elftools.dwarf.ranges import BaseAddressEntry
from elftools.elf.elffile import ELFFile

from backends.core.elf import symbols_of

FLAGS = ("-gdwarf-4",)
"""Compiler options without which there is nothing to read."""
_BOOLEAN, _FLOAT, _COMPLEX, _SIGNED, _SIGNED_CHAR = 0x02, 0x04, 0x03, 0x05, 0x06  # DW_ATE_*
_FUNCTION = 2  # STT_FUNC
_INDIRECT_RESULT_BYTES = 8
"""A result larger than this is returned through a pointer that the caller passes unseen."""


@dataclass(frozen=True)
class Parameter:
    """name "": it has none. kind: pointer, scalar, or unsupported with the reason why in `type`. size_bytes: of a
    scalar. target_bytes: of what it points to, where the type says so; buffer_bytes: of all that lies there, where it does.
    """

    name: str
    kind: str
    type: str
    size_bytes: int = 4
    signed: bool = False
    boolean: bool = False
    target_bytes: int | None = None
    buffer_bytes: int | None = None


@dataclass(frozen=True)
class Function:
    """unsupported: why it cannot be called, "" where it can. ranges: of its instructions, `(first, end)`."""

    name: str
    parameters: tuple[Parameter, ...]
    unsupported: str
    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True, order=True)
class Place:
    """Where in the source. function: the innermost one, inlined or not. near: the compiler gives no line, as where it
    merged two, and this is the one before."""

    file: str
    line: int
    function: str
    text: str = ""
    near: bool = False

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class DebugInfo:
    """Of the ELF `data` that was compiled from the C file `path`; of a file without functions there is nothing to say."""

    def __init__(self, data: bytes, path: Path) -> None:
        self._elf = ELFFile(io.BytesIO(data))
        self._dwarf, self._lines = self._elf.get_dwarf_info(), cache(_lines)
        named = (unit for unit in self._dwarf.iter_CUs() if Path(_name(unit.get_top_DIE())).name == path.name)
        self._unit = next(named, None)
        dies = [die for die in self._unit.iter_DIEs() if die.tag == "DW_TAG_subprogram"] if self._unit else []
        concrete = ((die, self._ranges(die)) for die in dies)
        self.functions = tuple(_function(die, ranges) for die, ranges in concrete if ranges)

    def _ranges(self, die: DIE) -> tuple[tuple[int, int], ...]:
        """Of the instructions of a function or an inlined one; none where there are no instructions."""
        if "DW_AT_low_pc" in die.attributes and "DW_AT_high_pc" in die.attributes:
            low, high = die.attributes["DW_AT_low_pc"].value, die.attributes["DW_AT_high_pc"]
            return ((low, high.value if high.form == "DW_FORM_addr" else low + high.value),)
        if "DW_AT_ranges" not in die.attributes:
            return ()
        base, found = _attribute(die.cu.get_top_DIE(), "DW_AT_low_pc") or 0, []
        for entry in self._dwarf.range_lists().get_range_list_at_offset(die.attributes["DW_AT_ranges"].value, die.cu):
            if isinstance(entry, BaseAddressEntry):
                base = entry.base_address
            else:
                found.append((base + entry.begin_offset, base + entry.end_offset))
        return tuple(found)

    @cached_property
    def _scopes(self) -> list[tuple[int, int, int, str]]:
        """(first, end, depth, function) of every function and of every inlined instance of one."""

        def walk(die: DIE, depth: int):
            if die.tag in ("DW_TAG_subprogram", "DW_TAG_inlined_subroutine"):
                for first, end in self._ranges(die):
                    yield first, end, depth, _name(die)
            for child in die.iter_children():
                yield from walk(child, depth + 1)

        return list(walk(self._unit.get_top_DIE(), 0)) if self._unit else []

    @cached_property
    def _rows(self) -> list[tuple[int, str | None, int]]:
        """(address, file, line) in order of address, each valid up to the next; file None: not of this unit."""
        if self._unit is None or (program := self._dwarf.line_program_for_CU(self._unit)) is None:
            return []
        home = self._unit.get_top_DIE().attributes["DW_AT_comp_dir"].value.decode()
        rows: dict[int, tuple[str | None, int]] = {}
        name = cache(partial(_file, program, home))
        for state in (entry.state for entry in program.get_entries() if entry.state is not None):
            if state.end_sequence:
                rows.setdefault(state.address, (None, 0))
            else:
                rows[state.address] = (name(state.file), state.line)
        return [(address, *rows[address]) for address in sorted(rows)]

    @cached_property
    def _symbols(self) -> list[tuple[int, int, str]]:
        """(first, end, name) of functions, plain names first: memcmp rather than compiler_rt.memcmp, which is the same."""
        found = [symbol for symbol in symbols_of(self._elf) if symbol.info & 15 == _FUNCTION]
        return [(s.address, s.address + s.size_bytes, s.name) for s in sorted(found, key=lambda s: "." in s.name)]

    def place(self, pc: int) -> Place | None:
        """The source of the instruction at pc; None outside the file."""
        inside = [(depth, name) for first, end, depth, name in self._scopes if first <= pc < end]
        number = bisect_right(self._rows, pc, key=itemgetter(0)) - 1
        if not inside or number < 0 or self._rows[number][1] is None:
            return None
        known = number
        while known and not self._rows[known][2] and self._rows[known - 1][1] is not None:
            known -= 1
        _, file, line = self._rows[known]
        assert file is not None
        text = "".join(self._lines(file)[line - 1 : line]).strip() if line else ""
        return Place(file, line, max(inside)[1], text, known != number)

    def symbol(self, pc: int) -> str:
        """The function that pc lies in, of whatever file; "" if in none."""
        return next((name for first, end, name in self._symbols if first <= pc < end), "")


def _lines(file: str) -> list[str]:
    return Path(file).read_text(encoding="utf-8", errors="replace").split("\n") if Path(file).is_file() else []


def _holder(die: DIE, name: str) -> DIE:
    """The DIE itself, or what it is an instance of, where that alone has the attribute."""
    while name not in die.attributes and "DW_AT_abstract_origin" in die.attributes:
        die = die.get_DIE_from_attribute("DW_AT_abstract_origin")
    return die


def _attribute(die: DIE, name: str):
    """The value of an attribute, of the DIE itself or of what it is an instance of; None where there is none."""
    found = _holder(die, name).attributes.get(name)
    return found.value if found else None


def _name(die: DIE) -> str:
    return (_attribute(die, "DW_AT_name") or b"").decode()


def _type(die: DIE) -> DIE | None:
    holder = _holder(die, "DW_AT_type")
    return holder.get_DIE_from_attribute("DW_AT_type") if "DW_AT_type" in holder.attributes else None


def _function(die: DIE, ranges: tuple[tuple[int, int], ...]) -> Function:
    children = list(die.iter_children())
    parameters = tuple(_parameter(child) for child in children if child.tag == "DW_TAG_formal_parameter")
    result, unsupported = _strip(_type(die)), ""
    if any(child.tag == "DW_TAG_unspecified_parameters" for child in children):
        unsupported = "it takes a variable number of arguments"
    elif result is not None and _size(result) > _INDIRECT_RESULT_BYTES:
        unsupported = f"it returns {_size(result)} bytes by value"
    return Function(_name(die), parameters, unsupported, ranges)


def _strip(die: DIE | None) -> DIE | None:
    """A type without typedef, const, volatile and the like."""
    while die is not None and die.tag not in _TYPES:
        die = _type(die)
    return die


_STRUCTURES = {"DW_TAG_structure_type": "struct", "DW_TAG_union_type": "union"}
_WRITTEN = {
    "DW_TAG_pointer_type": "{} *", "DW_TAG_array_type": "{}[]", "DW_TAG_const_type": "const {}",
    "DW_TAG_subroutine_type": "function",
}  # fmt: skip
_TYPES = {
    "DW_TAG_base_type", "DW_TAG_pointer_type", "DW_TAG_enumeration_type", "DW_TAG_array_type",
    "DW_TAG_subroutine_type", *_STRUCTURES,
}  # fmt: skip


def _size(die: DIE) -> int:
    """Bytes of a type; 0 where it is not known."""
    if die.tag == "DW_TAG_array_type":
        element, count = _strip(_type(die)), 1
        for child in die.iter_children():
            bound, number = _attribute(child, "DW_AT_upper_bound"), _attribute(child, "DW_AT_count")
            count *= number if number is not None else 0 if bound is None else bound + 1
        return count * (_size(element) if element is not None else 0)
    return _attribute(die, "DW_AT_byte_size") or 0


def _describe(die: DIE | None) -> str:
    """A type as C writes it, near enough to be recognised."""
    if die is None:
        return "void"
    if die.tag in _WRITTEN:
        return _WRITTEN[die.tag].format(_describe(_type(die)))
    return f"{_STRUCTURES.get(die.tag, '')} {_name(die) or _describe(_type(die))}".strip()


def _parameter(die: DIE) -> Parameter:
    name, full, bare = _name(die), _describe(_type(die)), _strip(_type(die))
    if bare is None:
        return Parameter(name, "unsupported", f"of unknown type {full}")
    if bare.tag == "DW_TAG_pointer_type":
        return _pointer(name, full, _strip(_type(bare)))
    if bare.tag in _STRUCTURES:
        return Parameter(name, "unsupported", f"a {_STRUCTURES[bare.tag]} passed by value ({full})")
    encoding, size = _attribute(bare, "DW_AT_encoding"), _size(bare)
    if encoding in (_FLOAT, _COMPLEX):
        return Parameter(name, "unsupported", f"a floating-point number ({full})")
    if size > 4:
        return Parameter(name, "unsupported", f"{8 * size} bits wide ({full})")
    signed = encoding in (_SIGNED, _SIGNED_CHAR)
    return Parameter(name, "scalar", full, size, signed, encoding == _BOOLEAN)


def _pointer(name: str, full: str, target: DIE | None) -> Parameter:
    if target is None:
        return Parameter(name, "pointer", full)
    if target.tag in ("DW_TAG_subroutine_type", "DW_TAG_pointer_type"):
        what = "function" if target.tag == "DW_TAG_subroutine_type" else "pointer"
        return Parameter(name, "unsupported", f"a pointer to a {what} ({full})")
    size = _size(target) or None
    return Parameter(name, "pointer", full, target_bytes=size, buffer_bytes=size if _is_whole(target) else None)


def _is_whole(target: DIE) -> bool:
    """Whether a type says how large the buffer is: an array, or a structure that does not end in an array of any size."""
    members = [child for child in target.iter_children() if child.tag == "DW_TAG_member"]
    last = _strip(_type(members[-1])) if members else None
    open_end = last is not None and last.tag == "DW_TAG_array_type" and not _size(last)
    return target.tag == "DW_TAG_array_type" or (target.tag in _STRUCTURES and not open_end)


def _file(program, home: str, number: int) -> str:
    """The path of a file of the line table: numbers and folders count from 1, folder 0 is where the compiler ran."""
    entry = program["file_entry"][number - 1]
    folder = program["include_directory"][entry.dir_index - 1].decode() if entry.dir_index else ""
    path = Path(home) / folder / entry.name.decode()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
