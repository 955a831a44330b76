"""The same training step on torch_neural: every result comes out of its trained networks, without thresholds.

A slot that writes a register of its own reads only what was there before it, so a step of the soft machine is what
`backends/torch_neural/soft_step.py` computes of the operands, weighted by the operations' masses. All restarts and examples are
one batch of words, on one core. A product and its derivative take 65 exact products, so that a space with multiplication is
descended on ten times as slowly as one without.
"""

from typing import Any

import numpy as np
import torch

from backends.interface import UserError
from backends.torch_neural.cells import TorchCells, to_bits
from backends.torch_neural.networks import entries, load_weights
from backends.torch_neural.soft_step import operate
from backends.torch_neural.units import Units, one_thread
from experiments.program_search.relaxed.descent import DTYPES, Descent, Schedule, adam, of_bits
from experiments.program_search.ssa.form import Fields, Form


class Descender:
    """As `descent.Descender` says. Raises UserError for another relaxation than bits."""

    def __init__(self, form: Form, relaxation: str, loss: str) -> None:
        if relaxation != "bits":
            raise UserError(f"torch_neural has no relaxation '{relaxation}': use bits")
        weights = entries(load_weights())
        self.cells = TorchCells(weights, dtype=getattr(torch, DTYPES[relaxation]), exact=False)
        self.units, self.operations, self.loss = Units(TorchCells(weights)), form.operations, loss
        self.start = _bits(form.start()[:, : form.first])
        self.wanted = _bits(form.problem.examples.outputs)
        self.places = torch.arange(32, dtype=self.cells.dtype)

    def advance(self, descent: Descent, mask: Fields, schedule: Schedule, rows: np.ndarray) -> tuple[Descent, np.ndarray]:
        now, closed, given, losses = _tensors(descent), _tensors(mask), _tensors(schedule), []
        with one_thread():
            for k, some in enumerate(rows):
                own = Schedule(*(x[k] for x in given))
                slopes, loss = self._slopes(now.logits.plus(closed), own, torch.from_numpy(some))
                now = adam(torch, now, slopes, own.rate)
                losses.append(loss.numpy())
        return _arrays(now), np.stack(losses)

    def _slopes(self, logits: Fields, schedule: Schedule, rows: torch.Tensor) -> tuple[Fields, torch.Tensor]:
        leaves = [x.detach().requires_grad_() for x in logits]
        selections = [torch.softmax(x / schedule.temperature[:, None, None], -1) for x in leaves]
        found = self._run(Fields(*selections), self.start[..., rows])
        wanted = self.wanted[:, None, :, rows]
        each = of_bits(torch, self.loss, found, wanted, schedule.focus, self.places).mean((0, -1))
        return Fields(*torch.autograd.grad(each.sum(), leaves)), each.detach()

    def _run(self, chosen: Fields, start: torch.Tensor) -> torch.Tensor:
        """Outputs `[O, P, 32, E]` from registers `[R, 32, E]` before the first slot."""
        made: list[torch.Tensor] = []  # by slots, [P, 32, E]
        for slot in range(chosen.op.shape[1]):
            operands = {name: _read(x[:, slot], start, made) for name, x in (("a", chosen.rs1), ("b", chosen.rs2))}
            made.append(self._operate(chosen.op[:, slot], operands))
        return torch.stack([_read(chosen.out[:, output], start, made) for output in range(chosen.out.shape[1])])

    def _operate(self, masses: torch.Tensor, operands: dict[str, torch.Tensor]) -> torch.Tensor:
        """Word `[P, 32, E]` that operations of masses `[P, N]` make of operands of that shape."""
        size, _, examples = operands["a"].shape
        words = {name: x.transpose(0, 1).flatten(1) for name, x in operands.items()}
        results = operate(self.cells, self.units, self.operations, words)
        word = sum(
            mass[:, None] * results[name].view(32, size, examples) for name, mass in zip(self.operations, masses.T, strict=True)
        )
        return word.transpose(0, 1)


def _read(chosen: torch.Tensor, start: torch.Tensor, made: list[torch.Tensor]) -> torch.Tensor:
    """Words `[P, 32, E]` that distributions `[P, R]` take from the registers before the first slot and those of slots."""
    first = len(start)
    word = torch.einsum("pr,rwe->pwe", chosen[:, :first], start)
    for slot, value in enumerate(made):
        word = word + chosen[:, first + slot, None, None] * value
    return word


def _bits(words: np.ndarray) -> torch.Tensor:
    """`[k, 32, E]` of words `[E, k]` uint32."""
    return to_bits(np.ascontiguousarray(words.T).ravel()).reshape(32, words.shape[1], -1).transpose(0, 1).contiguous()


def _tensors(arrays: Any) -> Any:
    """A named tuple of named tuples of arrays, with tensors for arrays."""
    return type(arrays)(*map(_tensors, arrays)) if isinstance(arrays, tuple) else torch.tensor(np.asarray(arrays))


def _arrays(tensors: Any) -> Any:
    """The inverse."""
    return type(tensors)(*map(_arrays, tensors)) if isinstance(tensors, tuple) else tensors.numpy()
