"""The hard neural computer: all instances step together, grouped by the unit that their instruction needs.

The networks give every arithmetic and logic result, the decoded fields and the instruction addresses; NumPy selects
operands, moves bytes and counts. A step evaluates each unit that is present once, on the instances that need it.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from backends.core.isa import ATOMICS, Operation
from backends.core.isa.expressions import recorded
from backends.core.run import active
from backends.core.state import AT_ECALL, AT_FENCE, AT_TOHOST, HALTED, NO_RESERVATION, RUNNING, trap
from backends.interface import Cause, Session, State
from backends.torch_neural import code
from backends.torch_neural.decoder import Decoder
from backends.torch_neural.networks import Classifier
from backends.torch_neural.units import Units, evaluation

_UNITS = {number: name for name, number in code.UNIT_NUMBERS.items()}
_BYTES = np.arange(4)
At = np.ndarray | slice  # places within the instances of a step
Action = Callable[[np.ndarray, np.ndarray, np.ndarray, At], object]
"""Of the instances `[k]`, their entries, the results of their units, and their places."""


class NeuralSession(Session):
    def __init__(self, state: State, units: Units, classifier: Classifier) -> None:
        self.state, self.units = state, units
        self.extensions = [recorded(row.meaning) for row in state.config.extensions]
        self.code = code.InstructionMemory(state, Decoder(units.cells, classifier, state.config.registers), units)
        self.base, self.size = np.uint32(state.config.memory_base), state.config.memory_bytes
        self.flat = self.state.memory.reshape(-1)
        actions = self._actions()
        self.actions = [actions[kind] for kind in code.KINDS]

    def advance(self, max_steps: np.ndarray) -> None:
        state = self.state
        with evaluation():
            while len(who := np.flatnonzero(active(state, max_steps))):
                for _ in range(int((max_steps[who] - state.retired[who]).min())):
                    self.step(who)
                    if state.status[who].any():
                        break

    def refresh(self, instances: np.ndarray) -> None:
        with evaluation():
            self.code.refresh(instances)

    def step(self, who: np.ndarray) -> None:
        """One instruction of each of the instances `who` `[n]`, all running."""
        state = self.state
        slots = (state.pc[who] - self.base) >> np.uint32(2)
        outside = slots >= self.size // 4
        if outside.any():
            trap(self.state, who[outside], Cause.ACCESS_OUTSIDE_MEMORY, state.pc[who[outside]])
            who, slots = who[~outside], slots[~outside]
            if not len(who):
                return
        e = self.code.fetch(who, slots)
        result = self._operate(who, e)
        self.next = e[:, code.LINK].astype(np.uint32)
        for kind, at in _groups(e[:, code.KIND]):
            self.actions[kind](who[at], e[at], result[at], at)
        self._retire(who)

    def _retire(self, who: np.ndarray) -> None:
        status = self.state.status[who]
        if status.any():
            done = (status == RUNNING) | (status == HALTED) | (status == AT_TOHOST)
            who, self.next = who[done], self.next[done]
        self.state.pc[who] = self.next
        self.state.retired[who] += np.uint64(1)

    def _operate(self, who: np.ndarray, e: np.ndarray) -> np.ndarray:
        """Results `[n]` uint32 of the units, 0 where an instruction needs none."""
        a = self.state.registers[who, e[:, code.RS1]]
        b = np.where(e[:, code.IMMEDIATE], e[:, code.IMM].astype(np.uint32), self.state.registers[who, e[:, code.RS2]])
        result = np.zeros(len(who), np.uint32)
        for unit, at in _groups(e[:, code.UNIT]):
            if unit:
                result[at] = self._result(unit, a[at], b[at], e[at, code.FLAG_A : code.FLAG_B + 1].T)
        return result

    def _result(self, unit: int, a: np.ndarray, b: np.ndarray, flags: np.ndarray) -> np.ndarray:
        if unit in _UNITS:
            return self.units.evaluate(_UNITS[unit], a, b, flags)
        return self.units.express(self.extensions[unit - code.FIRST_EXPRESSION], a, b)

    def _set(self, who: np.ndarray, e: np.ndarray, value: np.ndarray) -> None:
        self.state.registers[who, e[:, code.RD]] = value
        self.state.registers[who, 0] = 0

    def _counter(self, who: np.ndarray, e: np.ndarray, result: np.ndarray, at: At) -> None:
        self._set(who, e, self.state.retired[who] >> (32 * e[:, code.FLAG_B]).astype(np.uint64) & np.uint64(0xFFFFFFFF))

    def _jump(self, who: np.ndarray, target: np.ndarray, at: At) -> np.ndarray:
        """Set the next pc and trap where it is misaligned; which of `who` jumped."""
        self.next[at] = target = target.astype(np.uint32)
        jumped = target & np.uint32(2) == 0
        if not jumped.all():
            trap(self.state, who[~jumped], Cause.MISALIGNED_FETCH, target[~jumped])
        return jumped

    def _call(self, who: np.ndarray, e: np.ndarray, target: np.ndarray, at: At) -> None:
        jumped = self._jump(who, target, at)
        self._set(who[jumped], e[jumped], e[jumped, code.LINK])

    def _places(self, who: np.ndarray, address: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Trap where an access lies outside memory; (which lie inside, places `[k, width]` of their bytes in `flat`)."""
        offset = address - self.base
        inside = offset <= self.size - width
        if not inside.all():
            trap(self.state, who[~inside], Cause.ACCESS_OUTSIDE_MEMORY, address[~inside])
            who, offset = who[inside], offset[inside]
        return inside, (who * self.size + offset)[:, None] + _BYTES[:width]

    def _load(self, who: np.ndarray, e: np.ndarray, address: np.ndarray, at: At, width: int) -> None:
        inside, places = self._places(who, address, width)
        loaded = np.zeros((len(places), 4), np.uint8)
        loaded[:, :width] = self.flat[places]
        words = loaded.view("<u4")[:, 0]
        if width < 4 and len(words):
            words = self.units.extend(words, 8 * width, e[inside, code.FLAG_B])
        self._set(who[inside], e[inside], words)

    def _store(self, who: np.ndarray, e: np.ndarray, address: np.ndarray, at: At, width: int) -> None:
        inside, places = self._places(who, address, width)
        words = self.state.registers[who[inside], e[inside, code.RS2]]
        self.flat[places] = words.view(np.uint8).reshape(-1, 4)[:, :width]
        self.state.status[who[inside & (address == self.state.tohost[who])]] = AT_TOHOST

    def _atomic(self, who: np.ndarray, e: np.ndarray, address: np.ndarray, at: At, row: Operation) -> None:
        even = address & np.uint32(3) == 0
        trap(self.state, who[~even], Cause.MISALIGNED_ATOMIC, address[~even])
        who, e, address, reserved = who[even], e[even], address[even], self.state.reserved
        inside, places = self._places(who, address, row.width)
        who, e, address = who[inside], e[inside], address[inside]
        old, second = self.flat[places].view("<u4")[:, 0], self.state.registers[who, e[:, code.RS2]]
        stores = np.full(len(who), row.name != "lr.w")
        if row.name == "lr.w":
            reserved[who] = address
        elif row.name == "sc.w":
            stores, reserved[who] = reserved[who] == address, NO_RESERVATION
        new = second if row.name in ("lr.w", "sc.w") or not len(who) else self.units.express(recorded(row.meaning), old, second)
        self.flat[places[stores]] = np.ascontiguousarray(new[stores]).view(np.uint8).reshape(-1, 4)
        self._set(who, e, ~stores if row.name == "sc.w" else old)
        self.state.status[who[stores & (address == self.state.tohost[who])]] = AT_TOHOST

    def _actions(self) -> dict[str, Action]:
        return {
            **{f"load{width}": partial(self._load, width=width) for width in (1, 2, 4)},
            **{f"store{width}": partial(self._store, width=width) for width in (1, 2, 4)},
            **{row.name: partial(self._atomic, row=row) for row in ATOMICS},
            "write": lambda who, e, result, at: self._set(who, e, result),
            "upper": lambda who, e, result, at: self._set(who, e, e[:, code.TARGET]),
            "counter": self._counter,
            "branch": lambda who, e, result, at: self._jump(who, np.where(result, e[:, code.TARGET], e[:, code.LINK]), at),
            "jal": lambda who, e, result, at: self._call(who, e, e[:, code.TARGET], at),
            "jalr": lambda who, e, result, at: self._call(who, e, result & np.uint32(0xFFFFFFFE), at),
            "fence": lambda who, e, result, at: None,
            "ecall": lambda who, e, result, at: self.state.status.put(who, AT_ECALL),
            "fence.i": lambda who, e, result, at: self.state.status.put(who, AT_FENCE),
            "ebreak": lambda who, e, result, at: self.state.status.put(who, HALTED),
            "illegal": lambda who, e, result, at: trap(self.state, who, Cause.ILLEGAL_INSTRUCTION, self.state.pc[who]),
        }


def _groups(numbers: np.ndarray) -> Iterator[tuple[int, At]]:
    """Each number that occurs in `numbers` `[n]`, and where."""
    distinct = set(numbers.tolist())
    for number in distinct:
        yield number, slice(None) if len(distinct) == 1 else np.flatnonzero(numbers == number)
