"""Instruction memory: what every instance fetches, decoded by the learned decoder, addresses by the neural adder.

An entry is an instruction at its place: its decoded fields, which unit it needs, the address after it, and its pc-relative
target (of `lui`: the immediate). Instances of one program share one row of entries; an instance
that reached patched or rewritten code has its own.
"""

from dataclasses import fields

import numpy as np

from backends.core import isa
from backends.core.isa.instruction_set import FIRST_EXTENSION, of
from backends.core.isa.table import FIRST_ATOMIC
from backends.core.state import renewed
from backends.interface import State
from backends.torch_neural.decoder import Decoder
from backends.torch_neural.units import Units
from backends.torch_neural.wiring import OPERATIONS

KIND, UNIT, RD, RS1, RS2, IMMEDIATE, IMM, FLAG_A, FLAG_B, LINK, TARGET = range(11)
KINDS = (
    "illegal", "write", "load1", "load2", "load4", "store1", "store2", "store4", "branch", "jal", "jalr", "upper",
    "counter", "fence", "ecall", "ebreak", "fence.i", *(row.name for row in isa.ATOMICS),
)  # fmt: skip
UNIT_NUMBERS = {"none": 0} | {unit: i + 1 for i, unit in enumerate(dict.fromkeys(u for u, _, _ in OPERATIONS.values()))}
FIRST_EXPRESSION = len(UNIT_NUMBERS)
"""What operations beyond the base have for a unit, in their order."""
_ILLEGAL, _UNKNOWN = 0, -1


def _plan(row: isa.Operation) -> tuple[int, int, int, int, int]:
    """(kind, unit, immediate operand, flag a, flag b) of an operation."""
    if row.register_form in OPERATIONS:
        unit, first, second = OPERATIONS[row.register_form]
        return KINDS.index("write" if row.computes else "branch"), UNIT_NUMBERS[unit], int(row.kind == "alu_imm"), first, second
    if row.width:
        kind = row.name if row.kind == "atomic" else f"{row.kind}{row.width}"
        return KINDS.index(kind), UNIT_NUMBERS["add"], 1, 0, int(row.signed)
    kind = row.kind if row.kind in ("upper", "counter") else row.name
    return KINDS.index(kind), UNIT_NUMBERS["add" if kind == "jalr" else "none"], 1, 0, int(row.name.endswith("h"))


_PLANS = np.zeros((FIRST_EXTENSION, 5), np.int64)
for _row in (*isa.OPERATIONS, *isa.ATOMICS):
    _PLANS[_row.number] = _plan(_row)


class InstructionMemory:
    """Decoded instructions of every instance of a run; `entries` `[E, 11]` int64 has the columns named above."""

    def __init__(self, state: State, decoder: Decoder, units: Units) -> None:
        self.state, self.decoder, self.units, self.isa = state, decoder, units, of(state.config)
        self.plans = np.zeros((FIRST_EXTENSION + len(self.isa.extensions), 5), np.int64)
        self.plans[: len(_PLANS)] = _PLANS
        for k, row in enumerate(self.isa.extensions):
            self.plans[FIRST_EXTENSION + k] = KINDS.index("write"), FIRST_EXPRESSION + k, int(row.kind == "alu_imm"), 0, 0
        self.entries = np.zeros((1, 11), np.int64)
        self.numbers: dict[int, int] = {}  # slot and word to the place in `entries`
        self.rows = state.index.copy()
        base, size = state.config.memory_base, state.config.memory_bytes
        spans = [((p.address - base) // 4, (p.address - base + p.data.shape[1] + 3) // 4) for p in state.patches]
        words = state.memory.view("<u4")
        self.patched = [(first, words[:, first:last].copy()) for first, last in spans]
        self.table = np.zeros((len(state.programs), size // 4), np.int64)
        for program in np.unique(state.index):
            self.table[program] = self._row(words[np.flatnonzero(state.index == program)[0]])
        for first, last in spans:
            self.table[:, first:last] = _UNKNOWN
        self.taken: dict[int, np.ndarray] = {}  # what of `state.fetched` is decoded
        self.refresh(np.array(list(state.fetched), int))

    def fetch(self, who: np.ndarray, slots: np.ndarray) -> np.ndarray:
        """Entries `[n, 11]` of instances `who` `[n]` at slots `[n]`, all inside memory."""
        found = self.table[self.rows[who], slots]
        if found.min() == _UNKNOWN:
            lost = who[found == _UNKNOWN]
            self._own(lost, np.stack([self._patched_row(b) for b in lost]))
            found = self.table[self.rows[who], slots]
        return self.entries[found]

    def refresh(self, who: np.ndarray) -> None:
        """Decode what the instances `who` fetch from where that changed."""
        if changed := renewed(self.state, self.taken, who):
            self._own(np.array(changed), np.stack([self._row(self.taken[b].view("<u4")) for b in changed]))

    def _own(self, who: np.ndarray, rows: np.ndarray) -> None:
        """Give each of `who` its row; an instance that has one already keeps its place."""
        fresh = self.rows[who] < len(self.state.programs)
        self.rows[who[fresh]] = len(self.table) + np.arange(fresh.sum())
        self.table = np.concatenate((self.table, rows[fresh]))
        self.table[self.rows[who]] = rows

    def _patched_row(self, b: int) -> np.ndarray:
        row = self.table[self.rows[b]].copy()
        for first, words in self.patched:
            row[first : first + words.shape[1]] = self._row(words[b], first)
        return row

    def _row(self, words: np.ndarray, first: int = 0) -> np.ndarray:
        """Entry numbers `[w]` of words `[w]` uint32 from slot `first` on; the word 0 is illegal, as the decoder knows."""
        numbers = np.zeros(len(words), np.int64)
        slots = np.flatnonzero(words)
        keys = ((slots + first) << 32 | words[slots].astype(np.int64)).tolist()
        if unknown := [key for key in keys if key not in self.numbers]:
            self._learn(np.array(unknown))
        numbers[slots] = [self.numbers[key] for key in keys]
        return numbers

    def _learn(self, keys: np.ndarray) -> None:
        """Make entries for keys (slot, word)."""
        distinct, place = np.unique(keys & 0xFFFFFFFF, return_inverse=True)
        d = self._decoded(distinct.astype(np.uint32))
        legal = d.op[place] != isa.ILLEGAL
        place, pc = place[legal], (self.state.config.memory_base + 4 * (keys[legal] >> 32)).astype(np.uint32)
        imm = d.imm[place]
        kind, unit, immediate, first, second = self.plans[d.op[place]].T
        columns = (kind, unit, d.rd[place], d.rs1[place], d.rs2[place], immediate, imm, first, second)
        origin = np.where(d.op[place] == isa.NUMBER["lui"], np.uint32(0), pc)
        links = self._sums(pc, np.full_like(pc, 4)), self._sums(origin, imm)
        numbers = np.zeros(len(keys), np.int64)
        numbers[legal] = len(self.entries) + np.arange(len(pc))
        self.entries = np.concatenate((self.entries, np.stack([x.astype(np.int64) for x in (*columns, *links)], 1)))
        self.numbers |= zip(keys.tolist(), numbers.tolist(), strict=True)

    def _decoded(self, words: np.ndarray) -> isa.Decoded:
        """By the networks; atomic and added operations, which they have not learned, by the table."""
        learned, table = self.decoder.decode(words), self.isa.decode(words)
        beyond = table.op >= FIRST_ATOMIC
        pairs = ((getattr(table, field.name), getattr(learned, field.name)) for field in fields(isa.Decoded))
        return isa.Decoded(*(np.where(beyond, t, x) for t, x in pairs)) if beyond.any() else learned

    def _sums(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return self.units.evaluate("add", a, b, np.zeros((2, len(a)))) if len(a) else a
