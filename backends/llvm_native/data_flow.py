"""What data flow over the blocks of a unit says: which registers must move between variables and memory, and where a unit asks
whether its budget lasts. Source: Aho, Lam, Sethi, Ullman, Compilers, sections 9.2 and 9.6.

A register is modified where an instruction may have written it since the state in memory was complete: an exit stores those.
It is live where its value is read before it is written, also by an exit: an entry loads those. Sets are words, bit r for
register r.

The budget is asked about at entries and at the begins of loops, for the longest way to the next of them, and only counted
between. Where it does not last, the interpreter executes what is left, so every limit is exact. In every cycle there is an edge
back to a block that a depth-first search is still in: a begin of a loop.
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


def needed(unit: Unit) -> dict[int, int]:
    """By start slot, of the blocks that ask: instructions that may retire before another block asks."""
    heads, order = _searched(unit)
    longest: dict[int, int] = {}
    for slot in order:
        ahead = [longest[other] for other in unit.successors(unit.blocks[slot]) if other not in heads]
        longest[slot] = len(unit.blocks[slot].instructions) + max(ahead, default=0)
    return {slot: longest[slot] for slot in heads}


def _searched(unit: Unit) -> tuple[set[int], list[int]]:
    """Entries and begins of loops; and all blocks that can be reached, each behind those that follow it, but for edges back."""
    heads, seen, inside, order = set(unit.entries), set[int](), set[int](), list[int]()
    for entry in unit.entries:
        path = [] if entry in seen else [(entry, iter(unit.successors(unit.blocks[entry])))]
        seen.add(entry)
        inside |= {slot for slot, _ in path}
        while path:
            slot, ahead = path[-1]
            other = next(ahead, None)
            if other is None:
                path.pop()
                inside.discard(slot)
                order.append(slot)
            elif other in inside:
                heads.add(other)
            elif other not in seen:
                seen.add(other)
                inside.add(other)
                path.append((other, iter(unit.successors(unit.blocks[other]))))
    return heads, order
