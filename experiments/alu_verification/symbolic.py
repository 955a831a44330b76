"""The components as formulas: `wiring.Cells` on symbolic bits, so that the wiring that runs is the wiring that is proven.

A bit is a Z3 Boolean, a word a NumPy object array of 32 of them, lowest first. A component is its extracted truth table: the
saturated entries of its trained weights, thresholded at 1/2 and written as a sum of products.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import z3

from backends.torch_neural.networks import COMPONENTS


def bits(word: z3.BitVecRef) -> np.ndarray:
    """Bits `[n]` of a bit vector, lowest first."""
    return np.array([z3.Extract(i, i, word) == 1 for i in range(word.size())], object)


def word(bits: np.ndarray) -> z3.BitVecRef:
    """The bit vector of bits `[n]`."""
    single = [z3.If(bit, z3.BitVecVal(1, 1), z3.BitVecVal(0, 1)) for bit in bits]
    return z3.simplify(z3.Concat(*reversed(single))) if len(single) > 1 else single[0]


@dataclass(frozen=True)
class SymbolicCells:
    """`wiring.Cells` on Z3 Booleans.

    tables: `[rows, outputs]` bool by component. products: `[4, 4]` bit vectors of 16 bits that stand for the byte products.
    """

    tables: dict[str, np.ndarray]
    products: np.ndarray

    def gate(self, name: str, *inputs: np.ndarray) -> np.ndarray:
        return self._output(name, inputs, 0)

    def pair(self, name: str, *inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        count = COMPONENTS[name].outputs
        return self._output(name, inputs, count - 2), self._output(name, inputs, count - 1)

    def _output(self, name: str, inputs: Sequence[np.ndarray], output: int) -> np.ndarray:
        arrays = np.broadcast_arrays(*inputs)
        made = [self._formula(name, output, one) for one in zip(*(a.flat for a in arrays), strict=True)]
        return _array(made).reshape(arrays[0].shape)

    def _formula(self, name: str, output: int, inputs: Sequence[z3.BoolRef]) -> z3.BoolRef:
        states = _states(inputs, COMPONENTS[name].states)
        rows = product(*reversed(states))  # the first input is the lowest digit of a row's number
        return z3.Or([z3.And(row) for row, entry in zip(rows, self.tables[name][:, output], strict=True) if entry])

    def routes(self, amount: np.ndarray) -> np.ndarray:
        rows = [z3.And(row) for row in product(*reversed(_states(list(amount), 2)))]
        return _array([z3.Or([rows[r] for r in np.flatnonzero(column)]) for column in self.tables["route"].T])

    def attend(self, routes: np.ndarray, sources: np.ndarray) -> np.ndarray:
        table = self.tables["source"].reshape(32, 32, 33)
        return _array([
            z3.Or([z3.And(routes[route], sources[source]) for route, source in np.argwhere(table[:, bit])])
            for bit in range(32)
        ])  # fmt: skip

    def byte_products(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.array([[bits(self.products[i, j]) for j in range(4)] for i in range(4)], object)

    def constant(self, bit: int, like: np.ndarray) -> np.ndarray:
        return np.full(like.shape, z3.BoolVal(bool(bit)), object)

    def cat(self, parts: Sequence[np.ndarray], axis: int = 0) -> np.ndarray:
        return np.concatenate(parts, axis)

    def flip(self, bits: np.ndarray) -> np.ndarray:
        return bits[::-1]


def _array(items: list[z3.BoolRef]) -> np.ndarray:
    made = np.empty(len(items), object)
    made[:] = items
    return made


def _states(inputs: Sequence[z3.BoolRef], states: int) -> list[list[z3.BoolRef]]:
    """Per input the conditions that it is in each state; a carry state comes as propagate and generate."""
    if states == 2:
        return [[z3.Not(x), x] for x in inputs]
    return [[z3.Not(z3.Or(p, g)), p, g] for p, g in zip(inputs[0::2], inputs[1::2], strict=True)]
