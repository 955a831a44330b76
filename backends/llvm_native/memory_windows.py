"""Accesses of a block by the value that their addresses come from: one comparison guards a whole window of memory.

`lw a0, 0(sp)`, `sw a1, 12(sp)` and, behind `addi sp, sp, 16`, `lw a2, -8(sp)` are at known distances from one value of sp. If
the window that spans them lies within memory, so do they. If not, an access may trap, and the interpreter finds out which.
"""

from dataclasses import dataclass, field

from backends.core.isa import NUMBER
from backends.llvm_native.control_flow import Block, Instruction

_WINDOW_BYTES = 2048
_LUI, _ADDI = NUMBER["lui"], NUMBER["addi"]
Root = tuple[str, int]
"""Where an address comes from: ("entry", r), what register r holds when the block begins; ("result", k), what its k-th
instruction computes; ("constant", 0)."""
CONSTANT: Root = ("constant", 0)


@dataclass
class Window:
    """Bytes from `low` to before `high`, relative to the value of `root`. first: the first access. offsets: by access, where
    in the window it begins."""

    root: Root
    low: int
    high: int
    first: int
    starts: dict[int, int] = field(default_factory=dict)


def windows(block: Block) -> list[Window]:
    """Of all accesses of a block, each in one window; in the order of their first accesses."""
    found: list[Window] = []
    current: dict[Root, Window] = {}
    places = {r: ("entry", r) if r else CONSTANT for r in range(32)}, dict.fromkeys(range(32), 0)
    for number, instruction in enumerate(block.instructions):
        roots, distances = places
        row = instruction.row
        if row and row.width:
            root, start = roots[instruction.rs1], distances[instruction.rs1] + _signed(instruction.imm)
            window = current.get(root)
            if window is None or max(window.high, start + row.width) - min(window.low, start) > _WINDOW_BYTES:
                window = current[root] = Window(root, start, start + row.width, number)
                found.append(window)
            window.low, window.high = min(window.low, start), max(window.high, start + row.width)
            window.starts[number] = start
        if instruction.rd:
            roots[instruction.rd], distances[instruction.rd] = _result(instruction, number, roots, distances)
    return found


def _result(instruction: Instruction, number: int, roots: dict[int, Root], distances: dict[int, int]) -> tuple[Root, int]:
    """Where the value that an instruction writes comes from, and how far it is from there."""
    assert instruction.row
    if instruction.row.number == _LUI:
        return CONSTANT, _signed(instruction.imm)
    if instruction.row.number == _ADDI:
        return roots[instruction.rs1], distances[instruction.rs1] + _signed(instruction.imm)
    return ("result", number), 0


def _signed(word: int) -> int:
    return (word ^ 1 << 31) - (1 << 31)
