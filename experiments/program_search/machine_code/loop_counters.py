"""Counters of loops: a register, how it changes in a round, and the branch that goes back.

Those that end on the examples are found by running them; of counters that change alike and go round as often, one stands for
all.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from backends.core import isa
from backends.gpu_compute.codes import pack_code
from backends.gpu_compute.compiling import entry
from experiments.program_search.evaluation import Evaluator, Workspace, run_case
from experiments.program_search.machine_code.instructions import Instructions
from experiments.program_search.problem import Examples
from experiments.program_search.space import IMM, NOTHING, OP, RS2

_PAIRS = ("beq", "bne"), ("blt", "bge"), ("bltu", "bgeu")
OPPOSITE = {isa.NUMBER[a]: isa.NUMBER[b] for pair in _PAIRS for a, b in (pair, pair[::-1])}
_LOOKED_AT, _KEPT = 32, 30
"""Examples that counters are run on, and how many of one register and as many slots are kept."""


class Counter(NamedTuple):
    """Places among the lines: what sets the register at first and the branch that leaves out the whole loop (-1 where there is
    none), the update, and the branch that goes back."""

    start: int
    guard: int
    update: int
    back: int

    @property
    def slots(self) -> int:
        """Slots that it takes itself."""
        return sum(place >= 0 for place in self)


def counters(
    lines: Instructions, examples: Examples, registers: Iterable[int], inputs: int
) -> tuple[list[tuple[int, Counter]], int]:
    """Counters in these registers that end on the examples, each with its rank among those of the same register with as many
    slots; and the instructions executed to find them. registers, inputs: as bits."""
    tried = np.concatenate([_of_register(lines, register, inputs) for register in registers])
    codes = np.concatenate([lines.rows, [NOTHING]])[tried]  # as in `Counter`; what is not there does nothing
    codes[:, 1, IMM] += 12 * (tried[:, 1] >= 0)  # from the second slot to the end
    codes[:, 3, IMM] -= 4  # from the last one to the update
    cases = Evaluator(examples.take(slice(_LOOKED_AT))).cases
    took = np.zeros((len(codes), len(cases.starts)), np.int64)
    total = _run(codes, cases, np.zeros(6, np.uint64), Workspace.of(cases), took)
    ended = took.all(axis=1) & (np.median(took, axis=1) > 4)  # and goes round twice on half of the examples
    first: dict[tuple[int, int, bytes], tuple[Counter, np.ndarray]] = {}
    for counter, executed in zip(tried[ended].tolist(), took[ended], strict=True):
        first.setdefault((counter[0], counter[2], executed.tobytes()), (Counter(*counter), executed))
    classes: dict[tuple[int, int], list[Counter]] = {}
    # strange ones last, that tell few examples apart, and then those that take many rounds
    for counter, _ in sorted(first.values(), key=lambda one: (-len(np.unique(one[1])), one[1].sum())):
        classes.setdefault((int(lines.writes[counter.update]), counter.slots), []).append(counter)
    return [one for members in classes.values() for one in enumerate(members[:_KEPT], 1)], int(total)


def _of_register(lines: Instructions, register: int, inputs: int) -> np.ndarray:
    """`[P, 4]` places among the lines, -1 for none: what may be a counter in a register."""
    of_inputs = lines.reads & ~(inputs | register) == 0
    updates = np.flatnonzero((lines.reads & lines.writes == register) & of_inputs)
    backs = np.flatnonzero(lines.jumps & (lines.reads & register != 0) & of_inputs)
    starts = np.flatnonzero(sets(lines) & (lines.writes == register) & of_inputs)
    starts = starts if not register & inputs else starts[:0]
    place = {tuple(row): k for k, row in enumerate(lines.rows.tolist())}
    pairs = [(-1, back) for back in backs]
    for back, (op, *fields) in zip(backs, lines.rows[backs].tolist(), strict=True):
        pairs += [(place[OPPOSITE[op], *fields], back)] if (OPPOSITE[op], *fields) in place else []
    chosen = np.meshgrid([-1, *starts], updates, np.arange(len(pairs)), indexing="ij")
    start, update, pair = (axis.ravel() for axis in chosen)
    guard, back = np.array(pairs, np.int64).reshape(-1, 2)[pair].T
    return np.stack([start, guard, update, back], axis=1)


def copies(lines: Instructions) -> np.ndarray:
    """`[M]` bool, whether an instruction copies one register to another."""
    add = lines.rows[:, OP] == isa.NUMBER["add"]
    return add & (lines.rows[:, RS2] == 0) & (lines.reads != 0) & (lines.reads & lines.writes == 0)


def sets(lines: Instructions) -> np.ndarray:
    """`[M]` bool, whether it sets a register to a constant or another's value."""
    return copies(lines) | (lines.rows[:, OP] == isa.NUMBER["addi"]) & (lines.reads == 0)


@entry
def _run(codes, cases, packed, work, took):
    """Instructions that each code `[P, L, 5]` executes on each example, into took `[P, E]`; 0 from the first on that it does
    not end on. Returns how many were executed."""
    total = np.int64(0)
    for p in range(len(codes)):
        pack_code(codes[p], packed)
        for e in range(len(cases.starts)):
            ended, executed, _ = run_case(packed, False, e, cases, work)
            total += executed
            if not ended:
                break
            took[p, e] = executed
    return total
