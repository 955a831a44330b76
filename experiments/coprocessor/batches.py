"""Problems as tensors: prompt and answer in one row, with what a loss needs to know."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from experiments.coprocessor import alphabet
from experiments.coprocessor.alphabet import ASCII, STOP, Vocabulary
from experiments.coprocessor.tasks import OPERATIONS, Problem

_LABELLED_OF = 100


@dataclass(frozen=True)
class Batch:
    """tokens: `[N, T]`, prompt, answer and end, filled with ends; digits: `[N, T]`, the digit that a token is, or -1.

    start: `[N]`, the prompt's last token. answer: `[N, S]` symbols, filled with ends; counted: `[N, S]`, whether a symbol is of
    the answer. ends: `[N, 2]`, where the operands end. operation: `[N]`. labelled: `[N]`, whether it is among the one in a
    hundred whose operands are told where only few are.
    """

    tokens: torch.Tensor
    digits: torch.Tensor
    start: torch.Tensor
    answer: torch.Tensor
    counted: torch.Tensor
    ends: torch.Tensor
    operation: torch.Tensor
    labelled: torch.Tensor

    @property
    def answered(self) -> torch.Tensor:
        """`[N, S]`: the position whose next token is each symbol of the answer."""
        places = self.start[:, None] + torch.arange(self.answer.shape[1])
        return places.clamp(max=self.tokens.shape[1] - 1)

    @property
    def prompted(self) -> torch.Tensor:
        """`[N, T]`: whether a token is of the prompt or the answer, not of what fills the row."""
        return torch.arange(self.tokens.shape[1]) <= (self.start + self.counted.sum(1))[:, None]


def batch(problems: Sequence[Problem], vocabulary: Vocabulary = ASCII) -> Batch:
    prompts, numbers = [vocabulary.encode(p.prompt) for p in problems], list(OPERATIONS)
    answers = [alphabet.symbols(p.answer) for p in problems]
    rows = [tokens + vocabulary.symbols[row].tolist() for (tokens, _), row in zip(prompts, answers, strict=True)]
    every, padded = alphabet.padded(rows, int(vocabulary.symbols[STOP])), alphabet.padded(answers, STOP)
    return Batch(
        tokens=every,
        digits=alphabet.digits(vocabulary, every),
        start=torch.tensor([len(tokens) - 1 for tokens, _ in prompts]),
        answer=padded,
        counted=torch.arange(padded.shape[1]) < torch.tensor([len(row) for row in answers])[:, None],
        ends=torch.tensor([[places[end] for end in p.ends] for p, (_, places) in zip(problems, prompts, strict=True)]),
        operation=torch.tensor([numbers.index(p.operation) for p in problems]),
        labelled=torch.tensor([zlib.crc32(p.prompt.encode()) % _LABELLED_OF == 0 for p in problems]),
    )
