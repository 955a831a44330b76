"""The units on words of the host: bits go through the networks, words come back."""

import numpy as np
import torch

from backends.torch_neural import wiring
from backends.torch_neural.cells import TorchCells
from backends.torch_neural.codec import to_bits, to_words


class Units:
    """Evaluates `wiring.UNITS` with exact cells; call it under `torch.inference_mode`."""

    def __init__(self, cells: TorchCells) -> None:
        self.cells = cells

    def evaluate(self, unit: str, a: np.ndarray, b: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Word or bit `[n]` uint32 of operands a, b `[n]` uint32 and flags `[n]` int64."""
        n = len(a)
        bits = to_bits(np.concatenate((a, b)), self.cells.device)
        flags = torch.from_numpy(np.stack((first, second))[:, None]).to(bits)
        return to_words(wiring.UNITS[unit](self.cells, bits[:, :n], bits[:, n:], flags[0], flags[1]))

    def extend(self, words: np.ndarray, width: int, signed: np.ndarray) -> np.ndarray:
        """Low `width` bits of words `[n]` uint32, sign-extended where `signed` `[n]` int64 is 1."""
        bits = to_bits(words, self.cells.device)
        return to_words(wiring.extend(self.cells, bits, width, torch.from_numpy(signed[None]).to(bits)))

    def operate(self, name: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The operation `name` of `wiring.OPERATIONS` on operands `[n]` uint32."""
        _, first, second = wiring.OPERATIONS[name]
        return self.evaluate(wiring.OPERATIONS[name][0], a, b, np.full(len(a), first), np.full(len(a), second))
