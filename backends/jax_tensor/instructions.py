"""Instruction memory of the hard machine: every distinct word decoded once, memory as indices of decoded rows.

A decoded row is two words: a control word, whose bit fields steer `datapath.py` as a horizontal microcode does, and the
immediate. A snapshot of memory is then `[W]` row numbers, row 0 being the illegal instruction. Instances that were
loaded with the same bytes share a snapshot; `fence.i` gives an instance a snapshot of its own.
"""

import numpy as np

from backends.core import isa
from backends.core.isa.instruction_set import FIRST_EXTENSION, Isa
from backends.core.isa.meanings import Meaning
from backends.interface import UserError

# Bit fields of a control word: name -> (lowest bit, width).
FIELDS = {
    "rd": (0, 5),
    "rs1": (5, 5),
    "rs2": (10, 5),
    "function": (15, 5),  # which of isa.ARITHMETIC, behind them what atomic operations put into memory, extensions
    "use_imm": (20, 1),  # second operand is the immediate
    "use_pc": (21, 1),  # the address is pc + imm, not rs1 + imm
    "source": (22, 3),  # what rd receives
    "effect": (25, 4),  # what else happens
    "invert": (29, 1),  # branch where the function gives zero; counter: the high word
    "width": (30, 2),  # log2 of the bytes accessed
}
ALU, ADDRESS, LINK, CYCLES, LOADED, LOADED_SIGNED, RETIRED, REFUSED = range(8)
NOTHING, LOAD, STORE, BRANCH, JUMP, ECALL, EBREAK, FENCE_I, ILLEGAL, RESERVE, CONDITIONAL, EXCHANGE = range(12)

# branch: the function that decides it, and whether zero means that it is taken
_BRANCH = {"beq": ("xor", 1), "bne": ("xor", 0), "blt": ("slt", 0), "bge": ("slt", 1), "bltu": ("sltu", 0), "bgeu": ("sltu", 1)}
_ATOMIC = {
    "lr.w": {"source": LOADED, "effect": RESERVE, "width": 2},
    "sc.w": {"source": REFUSED, "effect": CONDITIONAL, "width": 2},
}
_EXCHANGES = [row for row in isa.ATOMICS if row.name not in _ATOMIC]
_SYSTEM = {"ecall": ECALL, "ebreak": EBREAK, "fence": NOTHING, "fence.i": FENCE_I}


def _control(row: isa.Operation, of: Isa) -> dict[str, int]:
    """The fields that an operation sets; a field not named is 0."""
    if row.computes:
        return {"function": _function(row, of), "use_imm": int(row.kind == "alu_imm")}
    if row.kind == "upper":
        return {"source": ADDRESS, "use_pc": int(row.name == "auipc")}
    if row.kind == "jump":
        return {"source": LINK, "effect": JUMP, "use_pc": int(row.name == "jal")}
    if row.kind == "branch":
        function, invert = _BRANCH[row.name]
        return {"function": isa.ARITHMETIC.index(function), "invert": invert, "use_pc": 1, "effect": BRANCH}
    if row.kind == "load":
        return {"source": LOADED_SIGNED if row.signed else LOADED, "effect": LOAD, "width": row.width.bit_length() - 1}
    if row.kind == "store":
        return {"effect": STORE, "width": row.width.bit_length() - 1}
    if row.kind == "atomic":
        if row.name in _ATOMIC:
            return _ATOMIC[row.name]
        return {"source": LOADED, "effect": EXCHANGE, "function": _function(row, of), "width": 2}
    if row.kind == "counter":
        source = RETIRED if row.name.startswith("rdinstret") else CYCLES
        return {"source": source, "invert": int(row.name.endswith("h"))}
    return {"effect": _SYSTEM[row.name]}


def _named(of: Isa) -> list[isa.Operation]:
    """The operations whose meanings are the functions of a step, in their order."""
    return [*(of.operation(name) for name in isa.ARITHMETIC), *(_EXCHANGES if of.atomic else ()), *of.extensions]


def _function(row: isa.Operation, of: Isa) -> int:
    return [function.name for function in _named(of)].index(row.register_form)


def functions(of: Isa) -> tuple[Meaning, ...]:
    """What the numbers in the field `function` mean. Raises UserError where there are too many extensions."""
    found, room = _named(of), 1 << FIELDS["function"][1]
    if len(found) > room:
        most = room - len(found) + len(of.extensions)
        raise UserError(f"jax_tensor has no room for {len(of.extensions)} added operations: give at most {most}")
    return tuple(row.meaning for row in found)


def _pack(fields: dict[str, int]) -> int:
    return sum(value << FIELDS[name][0] for name, value in fields.items())


def _controls(of: Isa) -> np.ndarray:
    """Control words by operation's number."""
    controls = np.full(FIRST_EXTENSION + len(of.extensions), _pack({"effect": ILLEGAL}), np.uint32)
    for row in of.operations:
        controls[row.number] = _pack(_control(row, of))
    return controls


def rows(words: np.ndarray, of: Isa) -> np.ndarray:
    """`[D, 2]` uint32, control word and immediate of words `[D]` uint32."""
    d = of.decode(words)
    control = _controls(of)[d.op]
    for name in ("rd", "rs1", "rs2"):
        control |= getattr(d, name).astype(np.uint32) << np.uint32(FIELDS[name][0])
    return np.stack([control, d.imm], axis=1)


def padded(array: np.ndarray, axis: int = 0, least: int = 1) -> np.ndarray:
    """`array` with zeros up to a power of two along `axis`, `least` or more: few shapes to compile."""
    size = 1 << max(array.shape[axis] - 1, least - 1, 0).bit_length()
    if size == array.shape[axis]:
        return array
    width = [(0, size - n if a == axis else 0) for a, n in enumerate(array.shape)]
    return np.pad(array, width)


LEAST_ROWS = 1024
"""Few programs have more distinct instructions, and one step is compiled for all that do not: 8 KiB."""


class InstructionMemory:
    """Snapshots of a batch's memory, decoded.

    rows: `[D, 2]` uint32 (see `rows`); snapshots: `[S, W]` uint32, row numbers; snapshot: `[B]` int32, which one each
    instance fetches from. D (from LEAST_ROWS on), S and W are padded to powers of two.
    """

    def __init__(self, memory: np.ndarray, of: Isa) -> None:
        """memory: `[B, W]` uint32."""
        self.isa = of
        self._rows = {0: 0}  # of the words met so far; 0 is an illegal instruction
        self.rows = rows(np.zeros(1, np.uint32), of)
        distinct: dict[bytes, int] = {}
        self.snapshot = np.array([distinct.setdefault(m.tobytes(), len(distinct)) for m in memory], np.int32)
        _, first = np.unique(self.snapshot, return_index=True)
        self.snapshots = padded(padded(self._number(memory[first]), axis=1))
        self._used = len(first)

    def retake(self, b: int, memory: np.ndarray) -> None:
        """Give instance b a snapshot of its own from its memory `[W]` uint32."""
        if np.count_nonzero(self.snapshot == self.snapshot[b]) > 1:
            self.snapshots = padded(self.snapshots, least=self._used + 1)
            self.snapshot[b], self._used = self._used, self._used + 1
        self.snapshots[self.snapshot[b], : len(memory)] = self._number(memory)

    def share(self, b: int, other: int) -> None:
        """Let instance b fetch from the snapshot of another one."""
        self.snapshot[b] = self.snapshot[other]

    def _number(self, memory: np.ndarray) -> np.ndarray:
        """Row numbers of words `[...]` uint32; words not met before are decoded."""
        numbers, filled, known = np.zeros(memory.shape, np.uint32), memory != 0, len(self._rows)
        words, inverse = np.unique(memory[filled], return_inverse=True)
        found = [self._rows.setdefault(word, len(self._rows)) for word in words.tolist()]
        numbers[filled] = np.array(found, np.uint32)[inverse]
        new = np.array(list(self._rows)[known:], np.uint32)
        self.rows = padded(np.concatenate([self.rows[:known], rows(new, self.isa)]), least=LEAST_ROWS)
        return numbers
