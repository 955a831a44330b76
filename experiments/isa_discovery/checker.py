"""An independent look at uses: can they stand together in their block?

It shares nothing with the solver or the enumeration but the data flow. `discovery.wrong` asks it, and adds the sums up anew.
"""

from collections.abc import Iterator, Sequence

from experiments.isa_discovery.candidates import Candidate
from experiments.isa_discovery.dataflow import Flow


def faults(flow: Flow, uses: Sequence[Candidate], inputs: int) -> Iterator[str]:
    """What is wrong with these uses in a block, a line each; nothing where they can stand together."""
    taken: set[int] = set()
    for use in uses:
        if overlap := taken & use.slots:
            yield f"instruction {min(overlap)} is in two uses"
        taken |= use.slots
        yield from _alone(flow, use, inputs)
    order = _cycle(flow, uses)
    if order:
        yield f"the uses at {', '.join(map(str, order))} wait for one another"


def _alone(flow: Flow, use: Candidate, inputs: int) -> Iterator[str]:
    if use.root not in use.slots or not all(flow.replaceable(slot) for slot in use.slots):
        yield f"the use at {use.root} takes in what no operation computes"
        return
    varying = {
        v for slot in use.slots for v in flow.takes[slot] if v is not None and v not in use.slots and v not in flow.constants
    }
    if len(varying) > inputs:
        yield f"the use at {use.root} has {len(varying)} inputs, more than {inputs}"
    if varying != set(use.inputs):
        yield f"the use at {use.root} names other inputs than it has"
    for slot in use.slots - {use.root}:
        if slot in flow.alive or flow.users.get(slot, set()) - use.slots:
            yield f"the use at {use.root} hides a value, of {slot}, that others take"
    if use.root != max(use.slots):
        yield f"the use at {use.root} has its result before all of it is computed"
    for value in varying:
        later = [s for s in flow.slots if value < s < use.root and s not in use.slots and flow.text.writes(s)]
        if any(int(flow.text.code.rd[s]) == flow.register(value) for s in later):
            yield f"the use at {use.root} takes a register that is written again before it"


def _cycle(flow: Flow, uses: Sequence[Candidate]) -> list[int]:
    """The roots of uses of which each needs another's result; none where they can run one after another."""
    owner = {slot: use.root for use in uses for slot in use.slots}
    needs: dict[int, set[int]] = {}
    for slot in flow.slots:
        mine = owner.get(slot, slot)
        taken = {owner.get(v, v) for v in flow.takes[slot] if v is not None and v >= 0}
        needs.setdefault(mine, set()).update(taken - {mine})
    waiting = dict(needs)
    while ready := [node for node, others in waiting.items() if not others & waiting.keys()]:
        for node in ready:
            del waiting[node]
    return sorted(waiting)
