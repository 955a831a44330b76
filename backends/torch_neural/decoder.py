"""The learned decoder: word bits to operation, registers and immediate; what it has to learn stands in `layout.py`."""

import numpy as np
import torch

from backends.core import isa
from backends.torch_neural import layout
from backends.torch_neural.cells import TorchCells, apply, to_bits, to_words
from backends.torch_neural.networks import Classifier

_CHUNK = 1 << 15  # words decoded at a time


class Decoder:
    """Decodes words for a machine of `registers` registers."""

    def __init__(self, cells: TorchCells, classifier: Classifier, registers: int) -> None:
        self.cells, self.registers = cells, registers
        self.classifier = classifier.to(cells.device)

    def decode(self, words: np.ndarray) -> isa.Decoded:
        """As `isa.decode`, by the networks. words: `[n]` uint32."""
        parts = [self._decode(words[i : i + _CHUNK]) for i in range(0, len(words), _CHUNK)]
        return isa.Decoded(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def _decode(self, words: np.ndarray) -> tuple[np.ndarray, ...]:
        bits = to_bits(words, self.cells.device)
        operation = self._operation(bits)
        form = self.cells.table("format", operation)
        fields = [self.cells.gate("and", bits[low : low + 5], form[i : i + 1]) for i, low in enumerate((7, 15, 20))]
        op, *registers = (to_words(x).astype(np.int64) for x in (operation, *fields))
        return op, *registers, to_words(self._immediate(bits, form[3:]))

    def _operation(self, bits: torch.Tensor) -> torch.Tensor:
        """The operation's number as bits `[6, n]`."""
        chosen = self.classifier(bits[layout.KEY].T).argmax(1)
        number = chosen >> torch.arange(6, device=chosen.device)[:, None] & 1
        upper, *zeros = (self.cells.table(*of) for of in (("upper", bits[20:]), ("zero", bits[15:20]), ("zero", bits[7:12])))
        operation = self.cells.table("operation", torch.cat((number.to(bits), upper, *zeros)))
        if self.registers == 32:
            return operation
        used = self.cells.table("format", operation)[:3]
        beyond = self.cells.table("beyond", torch.cat((used, bits[[11, 19, 24]])))
        illegal = torch.tensor([[isa.ILLEGAL >> i & 1] for i in range(6)]).to(bits)
        return self.cells.gate("select", beyond, illegal, operation)

    def _immediate(self, bits: torch.Tensor, form: torch.Tensor) -> torch.Tensor:
        """The immediate `[32, n]`: every bit attends to one bit of the word, or to zero, as its format says."""
        sources = torch.cat((bits, torch.zeros_like(bits[:1])))
        routing = self.cells.tables["immediate"].reshape(8, 32, 33)
        found, numbers = torch.zeros_like(bits), torch.tensor([1.0, 2.0, 4.0]).to(bits) @ form
        for number in range(len(layout.FORMATS)):
            columns = torch.nonzero(numbers == number)[:, 0]
            found[:, columns] = apply(routing[number], sources[:, columns])
        return self.cells.threshold(found)
