"""Markov chains over codes whose stationary distribution favours those that are nearly right, as in STOKE.

The chains look at a few of the examples; a code without cost on them is tried on all, and one that it gets wrong joins the
few. Chains begin anew after runs of Luby's lengths.

Source: Schkufza, Sharma and Aiken, Stochastic Superoptimization (2013): their cost, bits that differ, their blind proposals,
and their way to accept: the random number is drawn first, so that an evaluation stops as soon as it is bound to be refused.
"""

from typing import NamedTuple

import numpy as np

from backends.core.isa.packing import IMM_BITS, RD_BITS, RS1_BITS, RS2_BITS
from backends.gpu_compute.codes import unpack
from backends.gpu_compute.compiling import entry, inner
from experiments.program_search.evaluation import Evaluator, Workspace, cost_of
from experiments.program_search.machine_code import gradient_proposals
from experiments.program_search.machine_code.gradient_proposals import Guide
from experiments.program_search.machine_code.instructions import PACKED_NOTHING, empty_code, random_instruction
from experiments.program_search.problem import Problem
from experiments.program_search.random_numbers import below, luby, seeded, uniform
from experiments.program_search.sliced_search import RESTARTS, SlicedSearch
from experiments.program_search.space import choices

_NEVER = np.int64(1) << np.int64(62)
COST, LEFT = 1, 2
"""Of a chain's progress: cost of the code it is at (_NEVER: to be computed), and proposals left until it begins anew."""
_OP = 0xFF
_FIELDS = np.array([RD_BITS, RS1_BITS, RS2_BITS, IMM_BITS], np.uint64)
_SWAPS, _OPCODES, _OPERANDS = 1 / 6, 1 / 3, 5 / 6
"""Proposals up to which share of all are swaps, then changes of an opcode, then of an operand; the rest replaces a whole."""
_BLANKS = 1 / 5
"""How many of those put in the instruction that does nothing."""


class Options(NamedTuple):
    """chains: that take turns. beta: of the mean cost of an example in bits. restart: proposals between the closest restarts.
    examples: that the cost is over at first. wrong: bits that an example costs more where it is wrong at all.

    share: of the proposals, how many the gradient makes; 0: none, and no gradient is computed. temperature: of such proposals,
    in bits of an example. batch: examples of a gradient. renew: proposals until a gradient is made again at the same code, with
    other operands for what its operations do not use.
    """

    chains: int = 2
    beta: float = 20.0
    restart: int = 30_000
    examples: int = 6
    wrong: int = 0
    share: float = 0.0
    temperature: float = 0.03
    batch: int = 8
    renew: int = 16


class Chain(NamedTuple):
    """The state of a chain: packed `[L + 2]` uint64 and room for a copy, kept; progress `[3]` int64; order `[n]` int64, the
    examples that the cost is over; stores: whether codes may store."""

    random: np.ndarray
    packed: np.ndarray
    kept: np.ndarray
    progress: np.ndarray
    order: np.ndarray
    stores: bool


class Chains(SlicedSearch):
    """Markov chains on a problem."""

    def __init__(self, problem: Problem, rng: np.random.Generator, options: Options) -> None:
        self.rng, self.options, self.evaluator = rng, options, Evaluator(problem.examples)
        self.slice_executions = 1_200_000 if options.share else 8_000_000
        self.choices, self.work = choices(problem.space), Workspace.of(self.evaluator.cases)
        few = rng.permutation(len(self.evaluator))[: options.examples]
        space, cases, code = problem.space, self.evaluator.cases, empty_code(problem.space.length)
        self.members = [
            Chain(seeded(rng), code.copy(), code.copy(), np.zeros(3, np.int64), few.copy(), space.has_memory)
            for _ in range(options.chains)
        ]
        self.guides = [Guide.of(space, cases) if options.share else None for _ in self.members]
        self._right: np.ndarray | None = None

    def advance(self, k: int, executions: int) -> int:
        chain, guide, cases = self.members[k], self.guides[k], self.evaluator.cases
        return _run_chain(chain, guide, self.choices, cases, self.work, self.options, executions)

    def go(self, executions: int) -> int:
        """All examples are looked at where the few cost nothing, and one that is wrong joins them."""
        executed, few = super().go(executions), self.members[0].order
        for chain in self.members:
            if chain.progress[COST] == 0 and self._right is None:
                code = unpack(chain.packed[None])[0]
                failed, more = self.evaluator.failures(code)
                executed += more
                if len(failed):
                    few = np.append(few, self.rng.choice(failed))
                else:
                    self._right = code
        if len(few) != len(self.members[0].order):
            self.members = [chain._replace(order=few.copy()) for chain in self.members]
            for chain, guide in zip(self.members, self.guides, strict=True):
                chain.progress[COST] = _NEVER
                if guide is not None:
                    guide.stale[0] = True
        return executed

    def found(self) -> np.ndarray | None:
        return self._right


@inner
def fill(random, packed, choices):
    """Make every slot of a packed code random."""
    for slot in range(len(packed) - 2):
        packed[slot] = random_instruction(random, slot, below(random, len(choices.numbers)), choices)


@inner
def propose_blindly(random, packed, choices):
    """Change a packed code at random, in one or two slots."""
    length = len(packed) - 2
    kind, slot = uniform(random), below(random, length)
    if kind < _SWAPS:
        other = below(random, length)
        packed[slot], packed[other] = packed[other], packed[slot]
    elif kind < _OPERANDS and packed[slot] != PACKED_NOTHING:
        k = choices.place_of[np.int64(packed[slot]) & _OP]
        if kind < _OPCODES:
            peer = choices.peers[k, below(random, choices.peer_counts[k])]
            packed[slot] = packed[slot] & ~np.uint64(_OP) | np.uint64(choices.numbers[peer])
        else:
            mask = _FIELDS[_some_field(random, slot, k, choices)]
            packed[slot] = packed[slot] & ~mask | random_instruction(random, slot, k, choices) & mask
    elif uniform(random) < _BLANKS:
        packed[slot] = PACKED_NOTHING
    else:
        packed[slot] = random_instruction(random, slot, below(random, len(choices.numbers)), choices)


@inner
def _some_field(random, slot, k, choices):
    """One of the fields that the k-th operation has: 0 to 2 rd, rs1 and rs2, 3 the immediate."""
    while True:
        field = below(random, 4)
        if (field < 3 and choices.has[k, field]) or (field == 3 and choices.counts[slot, k] > 1):
            return field


@inner
def _propose(chain, guide, choices, cases, work, options):
    """Change the code, blindly or as the gradient says. Returns executions."""
    executed = np.int64(0)
    if guide is not None and uniform(chain.random) <= options.share:
        if guide.stale[0] or guide.used[0] >= options.renew:
            few = chain.order[: options.batch]
            executed = gradient_proposals.renew(chain.random, chain.packed, few, cases, work, guide, options.temperature)
        gradient_proposals.propose(chain.random, chain.packed, guide)
    else:
        propose_blindly(chain.random, chain.packed, choices)
    return executed


@entry
def _run_chain(chain, guide, choices, cases, work, options, executions):
    """Go on until the cost is 0, or about `executions` instructions are executed; returns how many were."""
    random, packed, progress, total = chain.random, chain.packed, chain.progress, np.int64(0)
    beta = options.beta / len(chain.order)
    while total < executions:
        if progress[LEFT] == 0:
            progress[RESTARTS] += 1
            progress[LEFT], progress[COST] = options.restart * luby(progress[RESTARTS]), _NEVER
            fill(random, packed, choices)
            if guide is not None:
                guide.stale[0] = True
        if progress[COST] == _NEVER:
            progress[COST], executed = cost_of(packed, chain.stores, chain.order, cases, work, options.wrong, _NEVER)
            total += executed
        if progress[COST] == 0:
            break
        for slot in range(len(packed)):
            chain.kept[slot] = packed[slot]
        total += _propose(chain, guide, choices, cases, work, options)
        limit = progress[COST] + np.int64(-np.log(uniform(random)) / beta)
        cost, executed = cost_of(packed, chain.stores, chain.order, cases, work, options.wrong, limit)
        total += executed
        progress[LEFT] -= 1
        if cost <= limit:
            progress[COST] = cost
            if guide is not None:
                guide.stale[0] = True
        else:
            for slot in range(len(packed)):
                packed[slot] = chain.kept[slot]
    return total
