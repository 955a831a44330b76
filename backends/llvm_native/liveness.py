"""Which guest registers must move between the unit's variables and the state in memory, by data flow over its blocks.

A register is modified where an instruction may have written it since the state in memory was complete: an exit stores those.
It is live where its value is read before it is written, also by an exit: an entry loads those. Sets are words, bit r for
register r. Source: Aho, Lam, Sethi, Ullman, Compilers, section 9.2.
"""

from typing import NamedTuple

from backends.llvm_native.control_flow import Block, Unit


class Registers(NamedTuple):
    """By start slot of a block, what is modified and what is live at its begin."""

    modified: dict[int, int]
    live: dict[int, int]


def members(bits: int) -> list[int]:
    """The registers in a set."""
    return [r for r in range(32) if bits >> r & 1]


def analysed(unit: Unit) -> Registers:
    facts = {slot: _facts(block) for slot, block in unit.blocks.items()}
    ahead = {slot: unit.successors(block) for slot, block in unit.blocks.items()}
    modified, live = dict.fromkeys(unit.blocks, 0), dict.fromkeys(unit.blocks, 0)
    waiting = list(unit.blocks)
    while waiting:
        slot = waiting.pop()
        out = modified[slot] | facts[slot][1]
        for other in ahead[slot]:
            if out & ~modified[other]:
                modified[other] |= out
                waiting.append(other)
    changed = True
    while changed:
        changed = False
        for slot in sorted(unit.blocks, reverse=True):
            read, written = facts[slot]
            out = 0
            for other in ahead[slot]:
                out |= live[other]
            new = modified[slot] | read | out & ~written
            changed |= new != live[slot]
            live[slot] = new
    return Registers(modified, live)


def _facts(block: Block) -> tuple[int, int]:
    """The registers that a block reads before it writes them, and those that it writes."""
    read = written = 0
    for found in block.instructions:
        sources = found.row.reads if found.row else ()
        for register in (found.rs1 if "rs1" in sources else 0, found.rs2 if "rs2" in sources else 0):
            read |= (1 << register) & ~written & ~1
        written |= (1 << found.rd) & ~1
    return read, written
