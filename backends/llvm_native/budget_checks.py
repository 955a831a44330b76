"""Where a unit asks whether its budget lasts: at entries and at the begins of loops, for the longest way to the next of them.

Between them it only counts. Where the budget does not last, the interpreter executes what is left, so every limit is exact. In
every cycle of the blocks there is an edge back to a block that a depth-first search is still in: a begin of a loop.
"""

from backends.llvm_native.control_flow import Unit


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
