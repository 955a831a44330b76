"""An independent look at uses: can they stand together in their block?

The rewritten block is gone through from first to last, and it is noted whose value each register holds; every instruction and
every operation must find what it takes. Nothing is shared with the enumeration or the solver but the data flow.
`discovery.wrong` asks it, and adds the sums up anew.
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
    holds = {register: -1 - register for register in range(32)}
    for slot in flow.slots:
        for use in sorted((use for use in uses if use.place == slot), key=lambda use: use.root == slot):
            yield from _finds(flow, holds, use.inputs, f"the use at {use.root}")
            holds[flow.register(use.root)] = use.root
        if slot not in taken:
            yield from _finds(flow, holds, flow.takes[slot], f"the instruction {slot}")
            if flow.text.writes(slot):
                holds[flow.register(slot)] = slot
    yield from _finds(flow, holds, tuple(sorted(flow.alive)), "what follows the block")


def _finds(flow: Flow, holds: dict[int, int], values: Sequence[int | None], who: str) -> Iterator[str]:
    """Whether each value lies in its register."""
    for value in values:
        if value is not None and holds[flow.register(value)] != value:
            yield f"{who} does not find the value of {value} in x{flow.register(value)}"


def _alone(flow: Flow, use: Candidate, inputs: int) -> Iterator[str]:
    done = use.slots | use.kept
    if use.root not in use.slots or not all(flow.replaceable(slot) for slot in done):
        yield f"the use at {use.root} takes in what no operation computes"
        return
    varying, waiting = set(), [use.root]
    while waiting:
        for value in flow.needs(waiting.pop()):
            if value in done:
                waiting.append(value)
            elif value is not None and value not in flow.constants:
                varying.add(value)
    if len(varying) > inputs:
        yield f"the use at {use.root} has {len(varying)} inputs, more than {inputs}"
    if varying != set(use.inputs):
        yield f"the use at {use.root} names other inputs than it has"
    if not flow.block.first <= use.place <= use.root:
        yield f"the use at {use.root} has its result at {use.place}, where it may not be"
