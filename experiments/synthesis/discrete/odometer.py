"""Enumeration for programs with branches or memory: all codes in the order of their length, but for those that a shorter or an
equal one stands for.

Left out are instructions that do nothing, operands of commutative operations and of equality in the other order, codes that
read a scratch register which nothing writes or write one that nothing reads, and codes that name scratch registers in
another order than that of their numbers. A code is run until its first wrong example, and those examples come first that
most codes get wrong.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from backends.core import cores, isa
from backends.gpu_compute.codes import entry, inner, pack, unpack
from experiments.synthesis.evaluate import Evaluator, output_at, run_case, scratch
from experiments.synthesis.language import IMM, NOTHING, Space
from experiments.synthesis.search import Budget, Problem
from experiments.synthesis.task import Examples

PLAIN = (-4, -1, 0, 1, 2, 4, 31, 16, 8)
"""Immediates that programs are full of."""
_COMMUTATIVE = ("add", "and", "or", "xor", "mul", "mulh", "mulhu", "beq", "bne")
_OF_EQUALS = ("add", "sll", "mul", "mulhu", "sw")
"""Operations that are worth something on a register and itself; beside `beq`, which then is a jump."""
DEPTH, FINISHED, HIT = range(3)
"""Of an odometer's place: the slot it is about to fill, whether it has no more codes, and whether it stands at a code that is
right."""
_CHUNK, _FEW = 4e6, 6


class Lines(NamedTuple):
    """M instructions that a slot may hold: rows `[M, 5]` int32, those that jump with their target's distance from slot 0 as
    immediate; reads, writes and scratch `[M]` int64, registers as bits, scratch ones by their rank among all such; stores and
    jumps `[M]` bool."""

    rows: np.ndarray
    reads: np.ndarray
    writes: np.ndarray
    scratch: np.ndarray
    stores: np.ndarray
    jumps: np.ndarray

    @classmethod
    def of(cls, space: Space, examples: Examples, length: int, constants: tuple[int, ...] | None) -> "Lines":
        """All that do something, in codes of a length. constants: those to use of the space's immediates; None: all."""
        rows = np.array(list(_lines(space, length, constants)), np.int32).reshape(-1, 5)
        kinds = [isa.OPERATIONS[op] for op in rows[:, 0]]
        fields = np.array([isa.FORMATS[row.format] for row in kinds])
        bits = np.where(fields & (rows[:, 1:4] > 0), np.int64(1) << rows[:, 1:4].astype(np.int64), 0)
        reads, writes = bits[:, 1] | bits[:, 2], bits[:, 0]
        named = examples.registers_named()
        ranks = {r: rank for rank, r in enumerate(r for r in space.registers if r and r not in named)}
        scratch = sum((((reads | writes) >> r & 1) << rank for r, rank in ranks.items()), np.zeros_like(reads))
        stores, jumps = (np.array([test(row) for row in kinds], bool) for test in (_is_store, _is_jump))
        return cls(rows, reads, writes, scratch, stores, jumps)

    def take(self, chosen: np.ndarray) -> "Lines":
        """Some of them, by mask or index."""
        return Lines(*(column[chosen] for column in self))


class Menu(NamedTuple):
    """Instructions for each slot of a code of n: packed `[n, M]` uint64, a row's instructions and zeros behind them; reads,
    writes, scratch `[n, M]` int64 and stores `[n, M]` bool as in `Lines`. outputs: registers as bits."""

    packed: np.ndarray
    reads: np.ndarray
    writes: np.ndarray
    scratch: np.ndarray
    stores: np.ndarray
    outputs: int

    @classmethod
    def of(cls, slots: Sequence[Lines], examples: Examples) -> "Menu":
        """What each slot may hold; a jump to its own slot is left out."""
        slots = [lines.take(~lines.jumps | (lines.rows[:, IMM] != 4 * slot)) for slot, lines in enumerate(slots)]
        shape = len(slots), max(1, *(len(lines.rows) for lines in slots))
        packed, stores = np.zeros(shape, np.uint64), np.zeros(shape, bool)
        reads, writes, scratch = np.zeros((3, *shape), np.int64)
        for slot, lines in enumerate(slots):
            here = slot, slice(len(lines.rows))
            packed[here] = _packed(lines, slot)
            reads[here], writes[here], scratch[here], stores[here] = lines[1:5]
        outputs = sum({1 << at.number for at in examples.targets if at.kind == "register"})
        return cls(packed, reads, writes, scratch, stores, outputs)


def _is_store(row: isa.Operation) -> bool:
    return row.kind == "store"


def _is_jump(row: isa.Operation) -> bool:
    return row.format in ("B", "J")


def _packed(lines: Lines, slot: int) -> np.ndarray:
    """`[M]` uint64, the instructions as they stand in a slot."""
    codes = np.array([[NOTHING] * (slot + 1)] * len(lines.rows), np.int32).reshape(-1, slot + 1, 5)
    codes[:, slot] = lines.rows
    codes[:, slot, IMM] -= 4 * slot * lines.jumps
    return pack(codes)[:, slot]


def _lines(space: Space, length: int, constants: tuple[int, ...] | None) -> Iterator[tuple[int, int, int, int, int]]:
    """Instructions `(op, rd, rs1, rs2, imm)` that do something."""
    for name in space.operations:
        row = isa.OPERATIONS[isa.NUMBER[name]]
        if _is_jump(row):
            immediates = tuple(4 * target for target in range(length + 1))
        else:
            plain = None if constants is None else {0, *constants, *space.addresses}
            immediates = tuple(c for c in space.immediates(name, 0) if plain is None or c in plain)
        choices = [space.registers if has else (0,) for has in space.fields(name)]
        for rd, rs1, rs2, imm in product(*choices, immediates):
            if _worthwhile(row, rd, rs1, rs2, imm):
                yield row.number, rd, rs1, rs2, imm


def _worthwhile(row: isa.Operation, rd: int, rs1: int, rs2: int, imm: int) -> bool:
    if isa.FORMATS[row.format][0] and not rd and row.kind != "jump":
        return False
    if row.format in ("R", "B", "S") and rs1 == rs2 and row.name not in _OF_EQUALS:
        return row.name == "beq" and rs1 == 0
    if row.name in _COMMUTATIVE:
        return rs1 >= rs2
    if row.kind == "alu_imm":
        needs_zero = row.name in ("slti", "sltiu") or (row.name == "addi" and not rs1)
        return (rs1 != 0 or row.name == "addi") and (imm != 0 or needs_zero)
    return True


@inner
def _fits(packed, stores, order, cases, room):
    """Whether a code is right on all examples `order`, and instructions executed; the example that refuted it moves forward."""
    starts, memory, words, base, places, wanted, steps = cases
    x, own_memory, own_words = room
    total = np.int64(0)
    for t in range(len(order)):
        e = order[t]
        ended, executed, after = run_case(
            packed, stores, e, starts, memory, words, base, steps, x, own_memory, own_words
        )
        total += executed
        for o in range(len(places)):
            ended = ended and output_at(places[o], x, after) == wanted[e, o]
        if not ended:
            if t:
                order[t], order[t - 1] = order[t - 1], order[t]
            return False, total
    return True, total


@entry
def turn(menu, chosen, so_far, place, shared, order, cases, room, executions):
    """Go on through the codes until one is right, all are done, or about `executions` are executed; returns how many were.

    chosen `[n]` int64: of each slot the instruction. so_far `[n + 1, 4]` int64: reads, writes, scratch registers and stores of
    the slots before. place `[3]`. shared: a slot, the first of its instructions and the distance to the next.
    """
    split, first, stride = shared
    choices, reads, writes, scratches, stores, outputs = menu
    packed, total, n = room[0], np.int64(0), len(chosen)
    d = place[DEPTH]
    place[HIT] = 0
    while total < executions:
        m = chosen[d]
        if m >= choices.shape[1] or choices[d, m] == 0:
            if d == 0:
                place[FINISHED] = 1
                break
            d -= 1
            chosen[d] += stride if d == split else 1
            continue
        named = so_far[d, 2] | scratches[d, m]
        if named & (named + 1):
            chosen[d] += stride if d == split else 1
            continue
        packed[d] = choices[d, m]
        so_far[d + 1, 0], so_far[d + 1, 1] = so_far[d, 0] | reads[d, m], so_far[d, 1] | writes[d, m]
        so_far[d + 1, 2], so_far[d + 1, 3] = named, so_far[d, 3] | stores[d, m]
        if d + 1 < n:
            d += 1
            chosen[d] = first if d == split else 0
            continue
        chosen[d] += stride if d == split else 1
        if _sensible(so_far[n, 0], so_far[n, 1], so_far[n, 3], outputs):
            fits, executed = _fits(packed, so_far[n, 3] != 0, order, cases, room[1:])
            total += executed
            if fits:
                place[HIT] = 1
                break
    place[DEPTH] = d
    return total


class Odometer:
    """Runs the codes of menus on examples until one is right."""

    def __init__(self, problem: Problem, budget: Budget, rng: np.random.Generator) -> None:
        self.problem, self.budget, self.evaluator = problem, budget, Evaluator(problem.examples)
        self.order = rng.permutation(len(problem.examples))[:_FEW]

    def search(self, menu: Menu) -> np.ndarray | None:
        """The first code `[L, 5]` of a menu that is right on all examples; each core tries its share. Raises Exhausted."""
        length, cases, threads = len(menu.packed), self.evaluator.cases, cores.threads()
        split = int((menu.packed != 0).sum(axis=1).argmax())
        chosen = [np.zeros(length, np.int64) for _ in range(threads)]
        so_far = [np.zeros((length + 1, 4), np.int64) for _ in range(threads)]
        place, rooms = np.zeros((threads, 3), np.int64), [scratch(length, cases) for _ in range(threads)]
        for thread in range(threads):
            rooms[thread][0][:] = pack(np.array([[NOTHING] * length], np.int32))[0]
            chosen[thread][0] = thread * (split == 0)
        orders = [self.order.copy() for _ in range(threads)]

        def work(part: slice) -> int:
            t = part.start
            if place[t, FINISHED]:
                return 0
            state = chosen[t], so_far[t], place[t], (split, t, threads), orders[t]
            return turn(menu, *state, cases.arguments(), rooms[t], executions)

        while not place[:, FINISHED].all():
            executions = int(min(_CHUNK, (self.budget.evaluations - self.budget.spent) / threads)) + 1
            self.budget.spend(sum(cores.share(work, threads, threads)))
            for t in np.flatnonzero(place[:, HIT]):
                code = np.array([NOTHING] * self.problem.space.length, np.int32)
                code[:length] = unpack(rooms[t][0][None])[0]
                failed, executed = self.evaluator.failures(code)
                if not len(failed):
                    self.budget.spent += executed
                    return code
                self.order = np.append(self.order, failed[0])
                orders = [np.append(order, failed[0]) for order in orders]
                self.budget.spend(executed)
        return None


@inner
def _sensible(reads, writes, stores, outputs):
    """Whether all that is written is read or an output, and some output is written."""
    return writes & ~(reads | outputs) == 0 and (stores != 0 or writes & outputs != 0)
