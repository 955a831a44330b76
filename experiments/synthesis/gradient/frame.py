"""Straight-line programs for descent, in static single assignment: what each slot may choose, and codes read off.

Every slot writes a register of its own, and reads zero, the inputs and the slots before it, so that no slot can spoil what
another one needs; every output reads any of them. There may be more slots than the space has, since those that no output
needs are left out of the code that is read off. Constants are registers too, that the second operand may read: one choice
of an operation and its operands in place of two operations, one of which reads an immediate. In the code such a slot is the
operation's immediate form, or it reads a constant that an instruction of its own has loaded.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from backends.core import isa
from experiments.synthesis.discrete.allocate import Expression, Leaf, Node, allocate
from experiments.synthesis.language import CONSTANTS, NOTHING, Space
from experiments.synthesis.search import Problem
from experiments.synthesis.task import Examples

_IMMEDIATE = {name: name + "i" for name in ("add", "and", "or", "xor", "sll", "srl", "sra", "slt")} | {"sltu": "sltiu"}
_REGISTER = {immediate: name for name, immediate in _IMMEDIATE.items()}
_POOL = {*range(-4, 5), -16, 24, 30, *((1 << k) - d for k in range(11) for d in (0, 1))} - {0}
_KINDS = ("alu", "alu_imm", "muldiv")
_REGISTERS = 16
_COPIES = ("add", "sub", "or", "xor", "sll", "srl", "sra")
"""Operations that with 0 leave a word as it is."""
_MASS = 3.0
"""Registers' worth of mass of all constants."""
_ADDI = isa.NUMBER["addi"]


def unfit(space: Space, examples: Examples) -> str | None:
    """Why programs of a space cannot be had in this form, or None."""
    if any(at.kind != "register" for at in examples.sources + examples.targets):
        return "its inputs or outputs lie in memory"
    for name in space.operations:
        if isa.OPERATIONS[isa.NUMBER[name]].kind not in _KINDS:
            return f"it has {name}, which is more than a word computed from words"
        if _REGISTER.get(name, name) not in space.operations:
            return f"it has {name} and not {_REGISTER[name]}"
    return None


@dataclass(frozen=True)
class Choice:
    """Of P programs: op, rs1, rs2 `[P, L]` and out `[P, O]`, indices into the frame's operations and registers."""

    op: np.ndarray
    rs1: np.ndarray
    rs2: np.ndarray
    out: np.ndarray

    def only(self, p: int) -> "Choice":
        """The one of program p."""
        return Choice(self.op[p : p + 1], self.rs1[p : p + 1], self.rs2[p : p + 1], self.out[p : p + 1])


@dataclass(frozen=True)
class Frame:
    """Registers of the frame: zero, the I inputs, the C constants, then one for each of the L slots."""

    problem: Problem
    slots: int

    @cached_property
    def operations(self) -> tuple[str, ...]:
        return tuple(name for name in self.problem.space.operations if name not in _REGISTER)

    @cached_property
    def inputs(self) -> tuple[int, ...]:
        """Numbers of the machine's registers."""
        return tuple(at.number for at in self.problem.examples.sources if at.number)

    @cached_property
    def constants(self) -> tuple[int, ...]:
        space = self.problem.space
        if "addi" not in space.operations:
            return ()
        return tuple(sorted(c for c in space.constants if c and (c in _POOL or c not in CONSTANTS)))

    @property
    def first(self) -> int:
        """The register of the first slot."""
        return 1 + len(self.inputs) + len(self.constants)

    @property
    def constant(self) -> slice:
        """The registers of constants."""
        return slice(1 + len(self.inputs), self.first)

    @property
    def steps(self) -> int:
        """Instructions of one of `codes`."""
        return 2 * self.slots + 2 * len(self.problem.examples.targets)

    @property
    def registers(self) -> int:
        return self.first + self.slots

    def readable(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """`[L, R]`, `[L, R]`, `[O, R]` bool: the registers that first and second operands and outputs may read."""
        slots = np.tri(self.slots, self.registers, self.first - 1, dtype=bool)
        variable = np.ones(self.registers, bool)
        variable[self.constant] = False
        out = np.tile(variable, (len(self.problem.examples.targets), 1))
        return slots & variable, slots, out

    def likely(self) -> np.ndarray:
        """`[R]`, logits of a second operand without evidence: all constants together have the mass of a few registers."""
        logits = np.zeros(self.registers)
        logits[self.constant] = np.log(_MASS / max(1, len(self.constants)))
        return logits

    def start(self) -> np.ndarray:
        """`[E, R]` uint32, the registers before the first slot."""
        examples = self.problem.examples
        x = np.zeros((len(examples), self.registers), np.uint32)
        x[:, 1 : 1 + len(self.inputs)] = examples.registers()[:, list(self.inputs)]
        x[:, self.constant] = np.array(self.constants, np.int64).astype(np.uint32)
        return x

    @cached_property
    def _numbers(self) -> np.ndarray:
        """Machine's numbers of the frame's registers; of constants all the one they are loaded into."""
        free = [n for n in range(1, _REGISTERS) if n not in self.inputs]
        return np.array([0, *self.inputs, *[self._between[0]] * len(self.constants), *free[: self.slots]])

    @cached_property
    def _between(self) -> list[int]:
        """Registers in which outputs lie until all of them are known; the first is that of loaded constants too."""
        free = [n for n in range(1, _REGISTERS) if n not in self.inputs]
        return free[-len(self.problem.examples.targets) :]

    @classmethod
    def of(cls, problem: Problem, slots: int) -> "Frame":
        """The frame with so many slots, or as many as there are registers for."""
        used = 1 + len(problem.examples.sources) + len(problem.examples.targets)
        return cls(problem, max(1, min(slots, _REGISTERS - used)))

    @cached_property
    def _lines(self) -> np.ndarray:
        """For operation and second operand, the two instructions `[N, R, 2, 5]` but for rd and rs1."""
        lines = np.tile(np.array(NOTHING, np.int32), (len(self.operations), self.registers, 2, 1))
        for n, name in enumerate(self.operations):
            for r in range(self.registers):
                at = r - 1 - len(self.inputs)
                constant = self.constants[at] if 0 <= at < len(self.constants) else None
                lines[n, r] = self._line(name, int(self._numbers[r]), constant)
        return lines

    def _line(self, name: str, rs2: int, constant: int | None) -> list[tuple[int, int, int, int, int]]:
        operation = (isa.NUMBER[name], 0, 0, rs2, 0)
        if constant is None:
            return [NOTHING, operation]
        immediate = self._immediate_form(name, constant)
        if immediate is not None:
            return [NOTHING, (immediate[0], 0, 0, 0, immediate[1])]
        return [(_ADDI, rs2, 0, 0, constant), operation]

    def _immediate_form(self, name: str, constant: int) -> tuple[int, int] | None:
        """Operation and immediate that do what an operation does with a constant; None if the space has none."""
        immediate, value = ("addi", -constant) if name == "sub" else (_IMMEDIATE.get(name, ""), constant)
        if immediate.startswith(("sll", "srl", "sra")):
            value &= 31
        space = self.problem.space
        if immediate in space.operations and value in space.immediates(immediate, 0):
            return isa.NUMBER[immediate], value
        return None

    def read_off(self, choice: Choice) -> np.ndarray | None:
        """The code `[L, 5]` of the problem's space that does what one program chooses, or None if there is no room."""
        values: list[Expression] = [Leaf(0), *map(Leaf, self.inputs)]
        values += [Node(_ADDI, Leaf(0), None, constant) for constant in self.constants]
        for op, rs1, rs2 in zip(choice.op[0], choice.rs1[0], choice.rs2[0], strict=True):
            name, at = self.operations[op], rs2 - self.constant.start
            if (rs2 == 0 and name in _COPIES) or (rs2 == rs1 and name in ("and", "or")):
                values.append(values[rs1])
                continue
            form = self._immediate_form(name, self.constants[at]) if 0 <= at < len(self.constants) else None
            right = None if form else values[rs2]
            number, immediate = form or (isa.NUMBER[name], 0)
            values.append(Node(number, values[rs1], right, immediate))
        targets = [at.number for at in self.problem.examples.targets]
        outputs = {target: values[out] for target, out in zip(targets, choice.out[0], strict=True)}
        return allocate(outputs, self.inputs, self.problem.space)

    def codes(self, choice: Choice) -> np.ndarray:
        """`[P, K, 5]` int32, codes that run as they are: two instructions a slot, then the outputs' moves."""
        lines = self._lines[choice.op, choice.rs2]
        lines[..., 1, 1] = self._numbers[self.first :]
        lines[..., 1, 2] = self._numbers[choice.rs1]
        between = self._between
        moves = np.zeros((len(lines), 2, len(between), 5), np.int32)
        moves[..., 0] = _ADDI
        moves[:, 0, :, 1], moves[:, 0, :, 2] = between, self._numbers[choice.out]
        moves[:, 1, :, 1], moves[:, 1, :, 2] = [at.number for at in self.problem.examples.targets], between
        return np.concatenate([lines.reshape(len(lines), -1, 5), moves.reshape(len(lines), -1, 5)], axis=1)

    def choice_of(self, code: np.ndarray) -> Choice:
        """What a straight-line code `[L, 5]` chooses, as one program; -1 for what the frame has no choice for."""
        place = {0: 0} | {number: 1 + i for i, number in enumerate(self.inputs)}
        constants = {c: 1 + len(self.inputs) + i for i, c in enumerate(self.constants)} | {0: 0}
        chosen = np.full((3, self.slots), -1)
        code = code[: self.slots]
        for slot, (op, rd, rs1, rs2, imm) in enumerate(code.tolist()):
            name = isa.OPERATIONS[op].name
            chosen[0, slot] = self.operations.index(_REGISTER.get(name, name))
            chosen[1, slot] = place.get(rs1, 0)
            chosen[2, slot] = constants.get(imm, -1) if name in _REGISTER else place.get(rs2, 0)
            if rd:
                place[rd] = self.first + slot
        out = [place.get(at.number, 0) for at in self.problem.examples.targets]
        return Choice(*(x[None] for x in (*chosen, np.array(out))))
