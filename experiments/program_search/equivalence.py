"""Is a straight-line program equal to a meaning on all inputs? Symbolic execution, and Z3 on the difference.

The formulas of instructions are those of the instruction table (`isa.formulas`). Branches may go forward; the paths are merged
where they meet. A meaning is a function `(w, *inputs) -> outputs` of words, as `isa.words` says.
"""

from collections.abc import Callable, Iterator

import numpy as np
import z3

from backends.core import isa
from backends.core.isa.formulas import Formulas
from backends.core.isa.words import Arrays, Word
from experiments.program_search.problem import Examples, Location
from experiments.program_search.space import IMM, OP, RD, RS1, RS2

PROVEN, REFUTED, UNDECIDED, TESTED = "proven", "refuted", "undecided", "tested"
EFFORT = 20_000_000
"""Z3's own count of resources at which it gives up, about ten seconds: the same on every computer, unlike a time."""
_ZERO = z3.BitVecVal(0, 32)
_Registers = list[z3.BitVecRef]
_Path = tuple[z3.BoolRef, _Registers]


class NoFormula(Exception):
    """The program loops, uses memory, or keeps an address."""


def equal(
    sources: tuple[Location, ...], targets: tuple[Location, ...], meaning: Callable[..., tuple[Word, ...]],
    code: np.ndarray, effort: int = EFFORT,
) -> tuple[str, tuple[int, ...] | None]:  # fmt: skip
    """The verdict on a code `[L, 5]` whose inputs and outputs are registers, and input words on which it is wrong."""
    inputs = [z3.BitVec(f"in{i}", 32) for i in range(len(sources))]
    try:
        registers = execute(code, {at.number: word for at, word in zip(sources, inputs, strict=True)})
    except NoFormula:
        return TESTED, None
    wanted = meaning(Formulas(), *inputs)
    solver = z3.Solver()
    solver.set(rlimit=effort)
    solver.add(z3.Or([registers[at.number] != word for at, word in zip(targets, wanted, strict=True)]))
    answer = solver.check()
    if answer == z3.sat:
        model = solver.model()
        return REFUTED, tuple(model.eval(word, model_completion=True).as_long() for word in inputs)
    return (PROVEN if answer == z3.unsat else UNDECIDED), None


def example(like: Examples, meaning: Callable[..., tuple[Word, ...]], inputs: tuple[int, ...]) -> Examples:
    """One example of these input words."""
    row = np.array([inputs], np.uint32)
    outputs = np.stack(meaning(Arrays(), *np.ascontiguousarray(row.T)), axis=1)
    return Examples(like.sources, like.targets, row, outputs, like.steps)


def execute(code: np.ndarray, inputs: dict[int, z3.BitVecRef], count: int = 16) -> _Registers:
    """All registers behind a code `[L, 5]`, as formulas of the inputs by register; the others start at 0.

    Raises NoFormula for a jump that does not go forward, memory, or a kept return address.
    """
    paths: list[list[_Path]] = [[] for _ in range(len(code) + 1)]
    paths[0].append((z3.BoolVal(True), [inputs.get(r, _ZERO) if r else _ZERO for r in range(count)]))
    for slot, fields in enumerate(code.tolist()):
        if paths[slot]:
            for target, path in _step(slot, fields, _merge(paths[slot])):
                if not slot < target <= len(code):
                    raise NoFormula
                paths[target].append(path)
    return _merge(paths[-1])[1]


def _merge(paths: list[_Path]) -> _Path:
    """One path of those that meet, of which at most one is taken."""
    condition, registers = paths[0]
    for other, values in paths[1:]:
        registers = [a if a is b else z3.If(other, b, a) for a, b in zip(registers, values, strict=True)]
        condition = z3.Or(condition, other)
    return condition, registers


def _step(slot: int, fields: list[int], path: _Path) -> Iterator[tuple[int, _Path]]:
    """Where the instruction of a slot goes, and with what."""
    row, (condition, registers) = isa.OPERATIONS[fields[OP]], path
    a, b = registers[fields[RS1]], registers[fields[RS2]]
    if row.kind == "branch":
        taken = row.meaning(Formulas(), a, b)
        yield slot + fields[IMM] // 4, (z3.And(condition, taken), registers)
        yield slot + 1, (z3.And(condition, z3.Not(taken)), registers)
    elif row.name == "jal" and fields[RD] == 0:
        yield slot + fields[IMM] // 4, path
    elif row.computes or row.name == "lui":
        immediate = z3.BitVecVal(fields[IMM], 32)
        value = immediate if row.name == "lui" else row.meaning(Formulas(), a, b if row.kind == "alu" else immediate)
        yield slot + 1, (condition, [value if r == fields[RD] and r else x for r, x in enumerate(registers)])
    else:
        raise NoFormula
