"""Constraint solving refined by counterexamples: a solver chooses a program that is right on a few examples; it is run on
all, and one that it gets wrong joins the few.

Lengths grow from one. Only the programs that the solver proposes are counted as executed. What limits the solver is its own
count of steps, how often it asks whether to stop, so that a search ends at the same place on every computer: one such step is
worth `_STEP` executions of the budget.

Sources: Solar-Lezama et al., Combinatorial Sketching for Finite Programs (2006), for the refinement; Gulwani, Jha, Tiwari and
Venkatesan, Synthesis of Loop-free Programs (2011), for the encoding by connections.
"""

from collections import namedtuple
from collections.abc import Callable
from contextlib import suppress

import bitwuzla
import numpy as np
import z3

from backends.core import isa
from backends.core.isa.formulas import Formulas
from backends.interface import UserError
from experiments.program_search.evaluation import Evaluator
from experiments.program_search.method import Budget, Exhausted, Method, NoOptions, Outcome, Problem
from experiments.program_search.problem import Examples
from experiments.program_search.space import OPERATION, Space
from experiments.program_search.ssa.register_allocation import Expression, Leaf, Node, allocate

_FEW = 3
"""Examples that the first program is to be right on."""
_STEP = 5_000
"""Executions that take about as long as a step of the solver."""


def fits(problem: Problem) -> str | None:
    """Why it cannot take a problem; None where it can."""
    if problem.on_registers:
        return None
    return "method smt searches straight-line register programs only: choose another, or no branches and no memory"


def run(problem: Problem, budget: Budget, rng: np.random.Generator, _: NoOptions) -> Outcome:
    """Raises UserError for a problem that has loops or memory."""
    if (reason := fits(problem)) is not None:
        raise UserError(reason)
    evaluator, few = Evaluator(problem.examples), rng.permutation(len(problem.examples))[:_FEW].tolist()
    steps = 0

    def stop() -> bool:
        nonlocal steps
        steps += 1
        return steps * _STEP >= budget.left or budget.left_s <= 0

    with suppress(Exhausted, GivenUp):
        for length in range(1, problem.space.length + 1):
            connections = Connections(problem.space, problem.examples, length)
            for row in few:
                connections.add(row)
            while (outputs := connections.solve(stop)) is not None:
                code = allocate(outputs, connections.sources, problem.space)
                if code is None:
                    connections.forbid()
                    continue
                failed, executed = evaluator.failures(code)
                budget.spent += executed
                if not len(failed):
                    return Outcome(code)
                budget.check()
                few.append(int(rng.choice(failed)))
                connections.add(few[-1])
    return Outcome(None)


class GivenUp(Exception):
    """The solver was stopped."""


_Line = namedtuple("_Line", ("form", "left", "right", "imm"))
"""What a solver chooses of an instruction: form (which operation of the space), its operands' numbers, the immediate."""


class Connections:
    """Programs of one length as unknowns, and what examples say about them.

    Every instruction takes its operands from the inputs, zero and the results before it, by number, so the solver searches
    values and not registers, which are given out afterwards. Immediates are any of 12 bits.
    """

    def __init__(self, space: Space, examples: Examples, length: int) -> None:
        self.examples = examples
        self.sources = tuple(at.number for at in examples.sources)
        self.leaves = [Leaf(0), *map(Leaf, self.sources)]
        self.forms = sorted((OPERATION[name] for name in space.operations), key=lambda row: row.number)
        self.bits = max(len(self.forms), len(self.leaves) + length).bit_length()
        self.lines = [
            _Line._make(z3.BitVec(f"{what}{slot}", 12 if what == "imm" else self.bits) for what in _Line._fields)
            for slot in range(length)
        ]
        self.ends = [z3.BitVec(f"end{o}", self.bits) for o in range(len(examples.targets))]
        self.said = z3.Solver()
        self.model: dict[str, int] = {}
        self._well_formed()

    def _well_formed(self) -> None:
        """Operands come from before, in one order where it does not matter, and every result is used."""
        given = len(self.leaves)
        for slot, line in enumerate(self.lines):
            self.said.add(z3.ULT(line.form, len(self.forms)), z3.ULT(line.left, given + slot))
            self.said.add(z3.ULT(line.right, given + slot))
            for k, row in enumerate(self.forms):
                here = line.form == k
                if row.format != "R":
                    self.said.add(z3.Implies(here, line.right == 0))
                else:
                    self.said.add(z3.Implies(here, line.imm == 0))
                if row.format == "U":
                    self.said.add(z3.Implies(here, line.left == 0))
                if row.format == "shift":
                    self.said.add(z3.Implies(here, z3.ULT(line.imm, 32)))
                if row.commutative:
                    self.said.add(z3.Implies(here, z3.ULE(line.left, line.right)))
            later = [operand for other in self.lines[slot + 1 :] for operand in (other.left, other.right)]
            self.said.add(_any([place == given + slot for place in later + self.ends]))
        for end in self.ends:
            self.said.add(z3.ULT(end, given + len(self.lines)))

    def add(self, row: int) -> None:
        """The program is right on this example."""
        inputs, wanted = self.examples.inputs[row].tolist(), self.examples.outputs[row].tolist()
        values = [z3.BitVecVal(word, 32) for word in (0, *inputs)]
        for slot, line in enumerate(self.lines):
            left, right = self._chosen(line.left, values), self._chosen(line.right, values)
            value = z3.BitVec(f"value{slot}_{row}", 32)
            for k, operation in enumerate(self.forms):
                result = _result(operation, left, right, line.imm)
                self.said.add(z3.Implies(line.form == k, value == result))
            values.append(value)
        for end, word in zip(self.ends, wanted, strict=True):
            self.said.add(self._chosen(end, values) == word)

    def _chosen(self, number: z3.BitVecRef, values: list[z3.BitVecRef]) -> z3.BitVecRef:
        chosen = values[-1]
        for k in range(len(values) - 2, -1, -1):
            chosen = z3.If(number == k, values[k], chosen)
        return chosen

    def solve(self, stop: Callable[[], bool]) -> dict[int, Expression] | None:
        """Expressions of the outputs by register, or None where no program of this length is right. Raises GivenUp where
        `stop`, which the solver asks again and again, says so."""
        model = _model(self.said.to_smt2(), stop)
        if model is None:
            return None
        self.model = model
        values: list[Expression] = list(self.leaves)
        for line in self.lines:
            values.append(self._node(line, values))
        places = [at.number for at in self.examples.targets]
        return {at: values[self._number(end)] for at, end in zip(places, self.ends, strict=True)}

    def _number(self, unknown: z3.BitVecRef) -> int:
        return self.model.get(str(unknown), 0)

    def _node(self, line: _Line, values: list[Expression]) -> Node:
        row, left = self.forms[self._number(line.form)], values[self._number(line.left)]
        imm = self._number(line.imm)
        if row.format == "R":
            return Node(row.number, left, values[self._number(line.right)])
        imm = imm - 4096 * (imm >> 11) if row.format != "shift" else imm
        return Node(row.number, None, None, imm << 12) if row.format == "U" else Node(row.number, left, None, imm)

    def forbid(self) -> None:
        """Not this program, which the registers do not suffice for."""
        unknowns = [unknown for line in self.lines for unknown in (line.form, line.left, line.right)]
        self.said.add(_any([unknown != self._number(unknown) for unknown in unknowns + self.ends]))


def _result(row: isa.Operation, left: z3.BitVecRef, right: z3.BitVecRef, imm: z3.BitVecRef) -> z3.BitVecRef:
    constant = z3.SignExt(20, imm)
    if row.format == "U":
        return constant << 12
    assert row.meaning is not None
    return row.meaning(Formulas(), left, right if row.format == "R" else constant)


def _any(conditions: list[z3.BoolRef]) -> z3.BoolRef:
    """Their disjunction; of one, that one, for Bitwuzla reads no `or` of one."""
    return conditions[0] if len(conditions) == 1 else z3.Or(conditions)


def _model(text: str, stop: Callable[[], bool]) -> dict[str, int] | None:
    """Values of the unknowns of a problem in SMT-LIB by name, from Bitwuzla; None where there are none. Raises GivenUp."""
    options = bitwuzla.Options()
    options.set(bitwuzla.Option.PRODUCE_MODELS, True)
    parser = bitwuzla.Parser(bitwuzla.TermManager(), options)
    parser.parse(text.replace("(check-sat)", ""), False, False)
    solver = parser.bitwuzla()
    solver.configure_terminator(stop)
    answer = solver.check_sat()
    if answer == bitwuzla.Result.UNKNOWN:
        raise GivenUp
    if answer == bitwuzla.Result.UNSAT:
        return None
    return {term.symbol(): int(solver.get_value(term).value(10)) for term in parser.get_declared_funs()}


METHOD = Method("smt", "discrete", "a solver, refined by counterexamples", run, 5e7, fits=fits)
VARIANTS = (METHOD.variant("smt", 5),)
