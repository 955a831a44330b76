"""That a rewritten block computes what the block did: proven for all registers and memories.

Both run on formulas. A load of a word that the block has stored or loaded itself gives that word. The other loads, and the
stores, stay in order; as long as the addresses are equal, and what is stored, a load gives both the same unknown word. Then the
registers alive behind the block, and what its last instruction decides by and where it leads, must be equal. Given is what
`machine_code` and `dataflow` find: which registers are alive, and which always hold the same word when the block begins.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import z3

from backends.core import isa
from backends.core.isa import Decoded
from backends.core.isa.formulas import Formulas
from backends.core.isa.instruction_set import Isa
from experiments.isa_discovery.dataflow import known_words
from experiments.isa_discovery.layout import Layout
from experiments.isa_discovery.machine_code import Block
from experiments.isa_discovery.memory import Memory

PROOF_MS = 30_000
Fact = tuple[str, z3.BitVecRef]
"""What is seen, and the word."""


def unproven(layout: Layout, words: np.ndarray) -> Iterator[Block]:
    """The blocks of the text of which the solver does not prove that their instructions in `words` `[W]` uint32, where the
    layout has put them, compute the same."""
    touched = {slot for r in layout.replacements.values() for slot in r.slots}
    new = layout.isa.decode(words)
    for block, words_known in zip(layout.text.blocks, known_words(layout.text), strict=True):
        known = words_known | {0: 0}
        if touched.isdisjoint(range(block.first, block.end)):
            continue
        start = layout.places[block.first]
        kept = sum(slot not in layout.gone for slot in range(block.first, block.end))
        registers = [_word(known[r]) if r in known else z3.BitVec(f"x{r}", 32) for r in range(32)]
        before = _seen(layout.isa, layout.text.code, range(block.first, block.end), registers, layout.places)
        after = _seen(layout.isa, new, range(start, start + kept), registers, {})
        dead = {f"x{r}" for r in range(32) if not block.live >> r & 1}
        if not _equal(*([fact for fact in facts if fact[0] not in dead] for facts in (before, after))):
            yield block


def _seen(of: Isa, code: Decoded, slots: range, registers: Sequence[z3.BitVecRef], places: Mapping[int, int]) -> list[Fact]:
    """What others see of a run of instructions, in order. registers: before it. places: where the targets of its branches are
    now."""
    registers = [*registers]
    facts: list[Fact] = []
    memory: Memory[z3.BitVecRef] = Memory()
    for slot in slots:
        if code.op[slot] == isa.ILLEGAL:
            return [("illegal", _word(0))]
        row, imm, value = of.numbered(int(code.op[slot])), int(code.imm[slot]), None
        a, b = registers[code.rs1[slot]], registers[code.rs2[slot]]
        if row.computes:
            value = row.meaning(Formulas(), a, _word(imm) if row.kind == "alu_imm" else b)
        elif row.name == "lui":
            value = _word(imm)
        elif row.kind == "load" and (known := memory.load(a, imm, row.width, _given(facts))) is not None:
            value = known
        else:
            given, target = _given(facts), slot + int(np.int32(np.uint32(imm))) // 4
            facts += [(row.name, a), (f"{row.name} with", b)]
            facts.append((f"{row.name} to", _word(places.get(target, target) if row.format in "BJ" else imm)))
            facts += [(f"{row.name} x{r}", x) for r, x in enumerate(registers)] if row.kind == "system" else []
            value = given if row.writes else None
            if row.kind == "store":
                memory.store(a, imm, row.width, b)
        if value is not None and code.rd[slot]:
            registers[code.rd[slot]] = value
    return [*facts, *((f"x{r}", x) for r, x in enumerate(registers))]


def _given(facts: list[Fact]) -> z3.BitVecRef:
    """What comes from outside, after so many facts."""
    return z3.BitVec(f"given{len(facts)}", 32)


def _word(value: int) -> z3.BitVecRef:
    return z3.BitVecVal(value, 32)


def _equal(before: list[Fact], after: list[Fact]) -> bool:
    if [what for what, _ in before] != [what for what, _ in after]:
        return False
    return all(x.eq(y) or _proven(x, y) for (_, x), (_, y) in zip(before, after, strict=True))


def _proven(x: z3.BitVecRef, y: z3.BitVecRef) -> bool:
    solver = z3.SolverFor("QF_BV")
    solver.set("timeout", PROOF_MS)
    solver.add(x != y)
    return solver.check() == z3.unsat
