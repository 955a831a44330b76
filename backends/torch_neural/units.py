"""The units on words of the host: bits go through the networks, words come back."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch

from backends.core.isa.expressions import CONSTANT, Expression
from backends.torch_neural import wiring
from backends.torch_neural.cells import TorchCells, to_bits, to_words

# What lies between a unit's networks should fit the processor's cache; measured on a core with 1 MiB.
_MOST_AT_ONCE = {"left": 512, "right": 512, "low": 512, "high": 256}


class Units:
    """Evaluates `wiring.UNITS` with exact cells; call it inside `evaluation()`.

    The tensor operations of a unit are recorded at its first use (`torch.jit.trace`) and replayed without the
    interpreter's cost between them, which at batch 1 is most of the time.
    """

    def __init__(self, cells: TorchCells) -> None:
        self.cells = cells
        self.recorded: dict[str, Callable[..., torch.Tensor]] = {}

    def evaluate(self, unit: str, a: np.ndarray, b: np.ndarray, flags: np.ndarray) -> np.ndarray:
        """Word or bit `[n]` uint32 of operands a, b `[n]` uint32 and flags `[2, n]` of 0 and 1."""
        most = _MOST_AT_ONCE.get(unit, 4096)
        if len(a) <= most:
            return self._evaluate(unit, a, b, flags)
        pieces = [slice(first, first + most) for first in range(0, len(a), most)]
        return np.concatenate([self._evaluate(unit, a[p], b[p], flags[:, p]) for p in pieces])

    def _evaluate(self, unit: str, a: np.ndarray, b: np.ndarray, flags: np.ndarray) -> np.ndarray:
        n = len(a)
        bits = to_bits(np.concatenate((a, b)), self.cells.device)
        signs = torch.from_numpy(flags.astype(np.float32)).to(self.cells.device)
        return to_words(self._recorded(unit, wiring.UNITS[unit], bits[:, :n], bits[:, n:], signs[:1], signs[1:]))

    def extend(self, words: np.ndarray, width: int, signed: np.ndarray) -> np.ndarray:
        """Low `width` bits of words `[n]` uint32, sign-extended where `signed` `[n]` is 1."""
        bits = to_bits(words, self.cells.device)
        flag = torch.from_numpy(signed[None].astype(np.float32)).to(self.cells.device)
        unit = f"extend{width}", lambda cells, word, signed: wiring.extend(cells, word, width, signed)
        return to_words(self._recorded(*unit, bits, flag))

    def _recorded(self, name: str, function: Callable[..., torch.Tensor], *inputs: torch.Tensor) -> torch.Tensor:
        if name not in self.recorded:
            with warnings.catch_warnings():
                # Recording fixes the number of bits, which is the same at every call; only the batch axis varies.
                warnings.simplefilter("ignore", torch.jit.TracerWarning)
                # PyTorch recommends torch.compile instead, which needs a C++ compiler on the user's machine.
                warnings.simplefilter("ignore", DeprecationWarning)
                self.recorded[name] = torch.jit.trace(lambda *bits: function(self.cells, *bits), inputs, check_trace=False)
        return self.recorded[name](*inputs)

    def express(self, expression: Expression, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The expression of operands `[n]` uint32: each of its operations by the unit that is certified for it."""
        values = [a, b]
        for operation, x, y in expression.nodes:
            constant = operation == CONSTANT
            values.append(np.full_like(a, x) if constant else self.operate(operation, values[x], values[y]))
        return values[-1]

    def operate(self, name: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The operation `name` of `wiring.OPERATIONS` on operands `[n]` uint32."""
        unit, *flags = wiring.OPERATIONS[name]
        return self.evaluate(unit, a, b, np.repeat(np.array(flags)[:, None], len(a), 1))


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch on one thread: the tensors of a step are too small to be worth sharing out."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def evaluation() -> Iterator[None]:
    """No gradients, one thread, and recorded operations replayed as they are, without a compiler's passes over them."""
    with torch.inference_mode(), one_thread(), torch.jit.optimized_execution(False):
        yield
