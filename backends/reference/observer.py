"""The specification of observation: what the trace and the taint become by one instruction, before it executes."""

from typing import TYPE_CHECKING

from backends.core import isa, taint
from backends.core.isa.words import Integers
from backends.core.observation import CALL_DEPTH, CALLERS, LINK_REGISTERS, MULTIPLIER, Shadow

if TYPE_CHECKING:
    from backends.reference.machine import Hart

_ALL_64 = (1 << 64) - 1


class Observer:
    """Observes instance `b`; what it sees lies in row b of the shadow."""

    def __init__(self, shadow: Shadow, b: int) -> None:
        self.shadow, self.b, self.watch = shadow, b, shadow.watch

    def see(self, hart: "Hart", row: isa.Operation, rd: int, rs1: int, rs2: int, imm: int) -> None:
        address = hart.x[rs1] + imm & taint.WORD
        inside = 0 <= address - hart.base <= hart.size - row.width
        if self.watch.trace:
            self._hash(self.shadow.pcs, hart.pc)
            if row.width and inside:
                self._hash(self.shadow.accesses, address)
        if self.watch.counts:
            self._count(hart, row, rs1, rs2, imm)
        if self.watch.secrets:
            self.slot = (hart.pc - hart.base) // 4
            self.shadow.executed[self.b, self.slot] = True
            self._leak(self._depends(row, rs1, rs2))
            result = self._result(hart, row, rs1, rs2, imm) if not row.width or inside else 0
            if rd:
                self.shadow.registers[self.b, rd] = result
            if row.kind == "jump":
                self._call(row, rd, rs1, hart.pc + 4 & taint.WORD)

    def _count(self, hart: "Hart", row: isa.Operation, rs1: int, rs2: int, imm: int) -> None:
        """Executed here, and not in the slot behind; entered where a jump leads to."""
        slot = (hart.pc - hart.base) // 4
        self.shadow.counts[self.b, slot : slot + 2] += (1, -1)
        a, b = hart.x[rs1], hart.x[rs2]
        if row.kind == "jump" or (row.kind == "branch" and row.meaning(Integers(), a, b)):
            target = ((a + imm & ~1 if row.name == "jalr" else hart.pc + imm) - hart.base) & taint.WORD
            if target % 4 == 0 and target // 4 < self.shadow.entered.shape[1]:
                self.shadow.entered[self.b, target // 4] += 1

    def _hash(self, hashes, address: int) -> None:
        hashes[self.b] = int(hashes[self.b]) * MULTIPLIER + address & _ALL_64

    def _taint(self, register: int) -> int:
        return int(self.shadow.registers[self.b, register])

    def _depends(self, row: isa.Operation, rs1: int, rs2: int) -> int:
        """The taint of what an observer of this instruction learns."""
        if row.kind == "branch":
            return 0 if rs1 == rs2 else self._taint(rs1) | self._taint(rs2)
        if row.kind in ("load", "store") or row.name == "jalr":
            return self._taint(rs1)
        if taint.RULES[row.number] == taint.VARIABLE:
            return self._taint(rs1) | self._taint(rs2)
        return 0

    def _leak(self, depends: int) -> None:
        """Note a violation, and at a slot's first the calls that led to it."""
        shadow, b, depth = self.shadow, self.b, int(self.shadow.depth[self.b])
        if depends and not shadow.leaks[b, self.slot]:
            for k in range(min(CALLERS, CALL_DEPTH, depth)):
                shadow.callers[b, self.slot, k] = shadow.calls[b, (depth - 1 - k) % CALL_DEPTH]
        shadow.leaks[b, self.slot] |= taint.labels(depends)

    def _result(self, hart: "Hart", row: isa.Operation, rs1: int, rs2: int, imm: int) -> int:
        """Taint of what the instruction puts into rd, 0 where it has none; a store's goes to memory."""
        offset = (hart.x[rs1] + imm & taint.WORD) - hart.base
        memory = self.shadow.memory[self.b]
        if row.kind == "load":
            there = int.from_bytes(memory[offset : offset + row.width].tobytes(), "little")
            return taint.loaded(there, row.width, row.signed, self._taint(rs1))
        if row.kind == "store":
            stored = self._taint(rs2) | taint.labels(self._taint(rs1)) * 0x01010101
            memory[offset : offset + row.width] = list(stored.to_bytes(4, "little")[: row.width])
            return 0
        rule, two = taint.RULES[row.number], row.kind == "alu"
        tb, b = (self._taint(rs2), hart.x[rs2]) if two else (0, imm)
        return taint.propagate(rule, self._taint(rs1), tb, hart.x[rs1], b, two and rs1 == rs2)

    def _call(self, row: isa.Operation, rd: int, rs1: int, link: int) -> None:
        """Calls and returns, by the link registers of the calling convention; returns beyond the first call do nothing."""
        shadow, b = self.shadow, self.b
        if rd in LINK_REGISTERS:
            shadow.calls[b, shadow.depth[b] % CALL_DEPTH] = link
            shadow.depth[b] += 1
        elif row.name == "jalr" and rd == 0 and rs1 in LINK_REGISTERS and shadow.depth[b]:
            shadow.depth[b] -= 1
