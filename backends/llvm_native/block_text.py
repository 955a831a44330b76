"""A basic block as LLVM instructions: the budget, guards of memory, what instructions compute, and where it leads.

Whatever may trap, and whatever is not done here, leaves to the interpreter before any effect of that instruction; what was
counted for it and those behind it is given back.
"""

from collections.abc import Sequence

from backends.core.isa import Operation
from backends.llvm_native.control_flow import Block, End, Instruction, Unit
from backends.llvm_native.data_flow import members
from backends.llvm_native.driver import LEFT
from backends.llvm_native.ir_words import Value, literal
from backends.llvm_native.memory_windows import CONSTANT, Window, windows
from backends.llvm_native.unit_text import RARELY, RESULT, WEIGHTS, Exit, Guest, Modified, UnitText

_COPIED = 16
"""Instructions of a block that ends in a switch, at most, or it is not copied."""


def module(units: Sequence[Unit], guest: Guest) -> str:
    """Units as one module of LLVM's language; functions have the names that `unit_text.py` says."""
    texts = [UnitText(unit, guest, frozenset(unit.start for unit in units)) for unit in units]
    for text in texts:
        text.enter()
        while text.waiting:
            label, block = text.waiting.pop(0)
            BlockText(text, block).write(label)
    return "\n".join([*(text.finish() for text in texts), WEIGHTS])


class BlockText:
    def __init__(self, unit: UnitText, block: Block) -> None:
        self.unit, self.block, self.text, self.guest = unit, block, unit.text, unit.guest
        self.add, self.lines = unit.text.add, unit.text.lines
        self.held: dict[int, Value] = {}  # what registers hold, as far as this block knows
        self.changed = 0  # registers that it has written
        self.results: dict[int, Value] = {}
        self.pointers: dict[int, tuple[str, str, int]] = {}  # by access: its window's pointer and offset, its place in there
        self.exits: list[Exit] = []
        self.budget = "%budget"

    def write(self, label: str) -> None:
        count, needed = len(self.block.instructions), self.unit.needed.get(self.block.start, 0)
        self.lines.append(f"{label}:")
        before, head = self.add("load i64, ptr %b"), self.leaving(0)
        self.budget = self.add(f"sub i64 {before}, {count}")
        if needed:
            self._unless(self.add(f"icmp slt i64 {before}, {needed}"), head)
        self.lines.append(f"store i64 {self.budget}, ptr %b")
        self.guards = windows(self.block)
        early = [window for window in self.guards if window.root[0] != "result"]
        for window in early:
            self._guard(window, self._root(window), head)
        for number, instruction in enumerate(self.block.instructions):
            self._instruction(number, instruction)
        self._end()
        for found in self.exits if needed or early else self.exits[1:]:
            self.unit.exit(found, self.budget)

    def state(self) -> Modified:
        """Registers that were modified, with what they hold."""
        modified = self.unit.registers.modified[self.block.start] | self.changed
        return [(r, self.held.get(r) if self.changed >> r & 1 else None) for r in members(modified & ~1)]

    def leaving(self, number: int) -> str:
        """A label at which the block is left before its instruction of that number."""
        refund = len(self.block.instructions) - number
        return self._exit(self.block.start + number, refund, LEFT)

    def _exit(self, slot: int, refund: int, left: int) -> str:
        label = self.text.name()
        self.exits.append(Exit(label, slot, refund, left, self.state()))
        return label

    def _unless(self, condition: object, label: str) -> None:
        """Go on, unless a condition holds, which is rare."""
        if str(condition) == "false":
            return
        onward = self.text.name()
        self.lines.append(f"br i1 {condition}, label %{label}, label %{onward}, {RARELY}\n{onward}:")

    def read(self, register: int) -> Value:
        if not register:
            return self.unit.words.constant(0)
        if register not in self.held:
            self.held[register] = self.text.word(f"load i32, ptr %r{register}")
        return self.held[register]

    def put(self, register: int, value: Value) -> None:
        if register:
            self.held[register], self.changed = value, self.changed | 1 << register

    # Memory

    def _root(self, window: Window) -> Value:
        kind, number = window.root
        if window.root == CONSTANT:
            return self.unit.words.constant(0)
        return self.read(number) if kind == "entry" else self.results[number]

    def _guard(self, window: Window, root: Value, label: str) -> None:
        """Leave to the label unless the window lies within memory."""
        offset = root + self.unit.words.constant(window.low - self.guest.base)
        last = self.guest.memory_bytes - (window.high - window.low)
        outside = self.add(f"icmp ugt i32 {offset}, {literal(last)}") if last >= 0 else "true"
        self._unless(outside, label)
        pointer = self.add(f"getelementptr i8, ptr %m, i64 {self.add(f'zext i32 {offset} to i64')}")
        for number, start in window.starts.items():
            self.pointers[number] = pointer, str(offset), start - window.low

    def _pointer(self, number: int) -> str:
        """Of an access, whose window is guarded here at the latest."""
        for window in self.guards:
            if window.first == number and window.root[0] == "result":
                self._guard(window, self._root(window), self.leaving(number))
        pointer, _, place = self.pointers[number]
        return self.add(f"getelementptr i8, ptr {pointer}, i64 {place}") if place else pointer

    def _load(self, number: int, row: Operation) -> Value:
        pointer, bits = self._pointer(number), 8 * row.width
        value = self.add(f"load i{bits}, ptr {pointer}, align 1")
        widened = f"{'sext' if row.signed else 'zext'} i{bits} {value} to i32"
        return self.text.word(widened) if bits < 32 else Value(self.text, value)

    def _store(self, number: int, row: Operation, value: Value) -> None:
        pointer, bits = self._pointer(number), 8 * row.width
        if self.guest.tohost >= 0:
            _, offset, place = self.pointers[number]
            told = self.add(f"icmp eq i32 {offset}, {literal(self.guest.tohost - place)}")
            self._unless(told, self.leaving(number))
        stored = self.add(f"trunc i32 {value} to i{bits}") if bits < 32 else value
        self.lines.append(f"store i{bits} {stored}, ptr {pointer}, align 1")

    # Instructions

    def _instruction(self, number: int, found: Instruction) -> None:
        row, words = found.row, self.unit.words
        assert row
        if row.computes:
            second = self.read(found.rs2) if row.kind == "alu" else words.constant(found.imm)
            self.put(found.rd, row.meaning(words, self.read(found.rs1), second))
        elif row.kind == "upper":  # packed code knows what auipc adds up to
            self.put(found.rd, words.constant(found.imm))
        elif row.kind == "load":
            self.put(found.rd, self._load(number, row))
        elif row.kind == "store":
            self._store(number, row, self.read(found.rs2))
        if found.rd in self.held:
            self.results[number] = self.held[found.rd]

    # Where it leads

    def _end(self) -> None:
        block = self.block
        if block.end == End.EXIT:
            self.lines.append(f"br label %{self.leaving(len(block.instructions))}")
        elif block.end in (End.NEXT, End.GOTO):
            self._keep()
            self.lines.append(f"br label %{self._way(block.target if block.end == End.GOTO else block.after)}")
        elif block.end == End.BRANCH:
            self._branch(block.instructions[-1])
        elif block.end in (End.CALL, End.TAIL):
            link = block.instructions[-1].rd
            self.put(link, self.unit.words.constant(self.unit.address(block.after)))
            self._synchronise()
            self._call(link, block.target, literal(self.unit.address(block.target)))
        else:
            self._through_register(block.instructions[-1])

    def _keep(self) -> None:
        """What was written, to the variables."""
        for r in members(self.changed):
            self.lines.append(f"store i32 {self.held[r]}, ptr %r{r}")

    def _synchronise(self) -> None:
        """What was modified, to memory."""
        self.unit.store(self.state())

    def _way(self, slot: int) -> str:
        """The label of a block, which may be no part of the unit. One that ends in a switch is copied for each way to it: so
        the processor learns what follows what in a program that interprets another."""
        block = self.unit.unit.blocks.get(slot)
        if block is None:
            return self._exit(slot, 0, 0)
        if block.end != End.JUMP or len(block.instructions) > _COPIED or self.unit.copies == 0:
            return f"b{slot}"
        label, self.unit.copies = self.text.name(), self.unit.copies - 1
        self.unit.waiting.append((label, block))
        return label

    def _branch(self, last: Instruction) -> None:
        block = self.block
        assert last.row
        condition = last.row.meaning(self.unit.words, self.read(last.rs1), self.read(last.rs2))
        self._keep()
        taken = self.leaving(len(block.instructions) - 1) if block.target >= self.guest.slots else self._way(block.target)
        self.lines.append(f"br i1 {condition}, label %{taken}, label %{self._way(block.after)}")

    def _through_register(self, last: Instruction) -> None:
        """jalr: to a unit by the table, to a block by a switch, or back to the caller."""
        number = len(self.block.instructions) - 1
        target = self.read(last.rs1) + self.unit.words.constant(last.imm) & -2
        self._unless(target & 2 != 0, self.leaving(number))
        self.put(last.rd, self.unit.words.constant(self.unit.address(self.block.after)))
        if self.block.end == End.JUMP and self.unit.unit.indirect:
            self._switch(target)
        self._synchronise()
        if self.block.end == End.RETURN:
            self.unit.leave(target, self.budget)
            return
        known = target.number == self.unit.address(self.block.target) and self.block.target >= 0
        self._call(last.rd, self.block.target if known else None, target)

    def _slot_of(self, address: object) -> str:
        return self.add(f"lshr i32 {self.add(f'sub i32 {address}, {literal(self.guest.base)}')}, 2")

    def _switch(self, target: Value) -> None:
        self._keep()
        ways = " ".join(f"i32 {slot}, label %b{slot}" for slot in self.unit.unit.indirect)
        onward = self.text.name()
        self.lines.append(f"switch i32 {self._slot_of(target)}, label %{onward} [ {ways} ]\n{onward}:")

    def _call(self, link: int, slot: int | None, target: object) -> None:
        """Call the unit at a slot (None: at the address `target`) and go on behind it, or return what it returns."""
        nowhere, budget = self.text.name(), self.budget
        self._unless(self.add(f"icmp ult i32 %depth, {self.unit.cost}"), nowhere)
        function, number = f"@u{slot}", str(slot)
        if slot not in self.unit.together:
            number = self._slot_of(target) if slot is None else number
            function = self._entry(number, nowhere)
        deeper = self.add(f"sub i32 %depth, {self.unit.cost}")
        arguments = f"ptr %x, ptr %m, ptr %t, i32 {number}, i32 {deeper}, i64 {budget}"
        result = self.add(f"call {RESULT} {function}({arguments})")
        if link and self.block.after in self.unit.unit.blocks:
            self._return(result)
        self.lines.append(f"ret {RESULT} {result}\n{nowhere}:")
        self.unit.leave(target, budget)

    def _return(self, result: str) -> None:
        """Go on behind the call where the guest does."""
        came, onward = self.add(f"extractvalue {RESULT} {result}, 0"), self.text.name()
        self.lines.append(f"store i64 {self.add(f'extractvalue {RESULT} {result}, 1')}, ptr %b")
        elsewhere = self.add(f"icmp ne i32 {came}, {literal(self.unit.address(self.block.after))}")
        self.lines.append(f"br i1 {elsewhere}, label %{onward}, label %e{self.block.after}, {RARELY}\n{onward}:")

    def _entry(self, slot: str, nowhere: str) -> str:
        """The function that can be entered at a slot, by the table."""
        self._unless(self.add(f"icmp uge i32 {slot}, {self.guest.slots}"), nowhere)
        place = self.add(f"getelementptr ptr, ptr %t, i64 {self.add(f'zext i32 {slot} to i64')}")
        function = self.add(f"load ptr, ptr {place}")
        self._unless(self.add(f"icmp eq ptr {function}, null"), nowhere)
        return function
