"""A unit as a function of LLVM: entries, exits, calls of other units.

    { i32, i64 } @u<slot>(ptr x, ptr memory, ptr table, i32 slot, i32 depth, i64 budget)

x: the guest's registers `[33]` uint32. table: by slot, the function that can be entered there, or null. slot: which entry.
depth: how much the host's stack may still take. budget: instructions that may retire. It returns the address at which
the guest goes on, all its state in memory, and the budget left; LEFT is added to the address of an instruction that the
interpreter must execute. A caller goes on where the address is the one behind its call, and returns it onward where not: so
longjmp, coroutines and recursion deeper than the host's stack are right.
"""

from typing import NamedTuple

from backends.core.isa.instruction_set import Isa
from backends.llvm_native.control_flow import Unit
from backends.llvm_native.data_flow import analysed, members, needed
from backends.llvm_native.driver import LEFT
from backends.llvm_native.ir_words import IrWords, Text, Value, literal

RESULT = "{ i32, i64 }"
PARAMETERS = "ptr noalias %x, ptr noalias %m, ptr noalias readonly %t, i32 %slot, i32 %depth, i64 %budget"
_COPIES = 64
"""Blocks of a unit that may be copied."""
_FRAME = 16
"""Of a unit on the host's stack, beside its instructions."""
RARELY = "!prof !0"
WEIGHTS = '!0 = !{!"branch_weights", i32 1, i32 1048576}'


class Guest(NamedTuple):
    """What compiled code is made for. tohost: offset of that symbol in memory, -1 for none. slots: of instruction memory."""

    isa: Isa
    base: int
    memory_bytes: int
    slots: int
    tohost: int


Modified = list[tuple[int, Value | None]]
"""Registers that memory does not have yet, and what they hold; None: what is in their variables."""


class Exit(NamedTuple):
    """A way out of a unit: to the slot where the guest goes on. refund: instructions that were counted and are not executed.
    left: LEFT where the interpreter must go on, else 0."""

    label: str
    slot: int
    refund: int
    left: int
    state: Modified


class UnitText:
    """The text of one unit. together: slots of the units in the same module, which are called by name. waiting: labels and
    blocks that are still to be written."""

    def __init__(self, unit: Unit, guest: Guest, together: frozenset[int]) -> None:
        self.unit, self.guest, self.together = unit, guest, together
        self.text = Text()
        self.words = IrWords(self.text)
        self.registers, self.needed = analysed(unit), needed(unit)
        self.cost = _FRAME + unit.size
        self.ends: list[tuple[str, str, str]] = []
        self.copies = _COPIES if unit.indirect else 0
        self.waiting = [(f"b{slot}", block) for slot, block in unit.blocks.items()]

    def finish(self) -> str:
        """The function, when its blocks are written."""
        lines = self.text.lines
        if self.ends:
            lines.append("done:")
            addresses = ", ".join(f"[ {address}, %{label} ]" for label, address, _ in self.ends)
            budgets = ", ".join(f"[ {budget}, %{label} ]" for label, _, budget in self.ends)
            self.leave(self.text.add(f"phi i32 {addresses}"), self.text.add(f"phi i64 {budgets}"))
        return f"define {RESULT} @u{self.unit.start}({PARAMETERS}) nounwind {{\n" + "\n".join(lines) + "\n}\n"

    def enter(self) -> None:
        """Variables, and the way to the block where the unit is entered."""
        used = 0
        for slot, block in self.unit.blocks.items():
            used |= self.registers.live[slot]
            for found in block.instructions:
                used |= 1 << found.rd
        add = self.text.lines.append
        add("entry:\n%b = alloca i64\nstore i64 %budget, ptr %b")
        for r in members(used & ~1):
            add(f"%r{r} = alloca i32\n%x{r} = getelementptr i8, ptr %x, i64 {4 * r}")
        first, *others = self.unit.entries
        add(f"%begins = icmp eq i32 %slot, {first}\nbr i1 %begins, label %e{first}, label %others\nothers:")
        add(f"switch i32 %slot, label %nowhere [ {' '.join(f'i32 {s}, label %e{s}' for s in others)} ]")
        add("nowhere:")
        offset = self.text.add("shl i32 %slot, 2")
        self.leave(self.text.add(f"add i32 {offset}, {literal(self.guest.base + LEFT)}"), "%budget")
        for slot in self.unit.entries:
            add(f"e{slot}:")
            for r in members(self.registers.live[slot]):
                add(f"store i32 {self.text.add(f'load i32, ptr %x{r}')}, ptr %r{r}")
            add(f"br label %b{slot}")

    def address(self, slot: int) -> int:
        return self.guest.base + 4 * slot & 0xFFFFFFFF

    def leave(self, address: object, budget: str) -> None:
        """Return to the caller; state is in memory."""
        pair = self.text.add(f"insertvalue {RESULT} poison, i32 {address}, 0")
        pair = self.text.add(f"insertvalue {RESULT} {pair}, i64 {budget}, 1")
        self.text.lines.append(f"ret {RESULT} {pair}")

    def exit(self, found: "Exit", budget: str) -> None:
        """Write the block in which the unit is left; budget: what is left of it there, before anything is given back."""
        self.text.lines.append(f"{found.label}:")
        self.store(found.state)
        if found.refund:
            budget = self.text.add(f"add i64 {budget}, {found.refund}")
        self.ends.append((found.label, literal(self.address(found.slot) + found.left), budget))
        self.text.lines.append("br label %done")

    def store(self, state: Modified) -> None:
        """Registers to memory."""
        for r, value in state:
            name = value or self.text.add(f"load i32, ptr %r{r}")
            self.text.lines.append(f"store i32 {name}, ptr %x{r}")
