"""Tokens: a vocabulary, of which the one of the suite's own model is ASCII; and the symbols that answers are made of."""

from typing import Protocol

import torch

SYMBOLS = "0123456789-<=>\n"
"""What answers are made of; a symbol is an index here, and the first ten are the digits. The last ends an answer."""
MINUS, LESS, EQUAL, GREATER, STOP = (SYMBOLS.index(c) for c in "-<=>\n")


class Vocabulary(Protocol):
    """size: tokens. symbols: `[15]`, the token of each of `SYMBOLS`; every digit is a token of its own."""

    size: int
    symbols: torch.Tensor

    def encode(self, text: str) -> tuple[list[int], list[int]]:
        """Tokens, and of each character the place of its token."""


class Ascii:
    """A token is a character's code; what is not ASCII becomes a question mark."""

    size = 128
    symbols = torch.tensor([ord(c) for c in SYMBOLS])

    def encode(self, text: str) -> tuple[list[int], list[int]]:
        return list(text.encode("ascii", "replace")), list(range(len(text)))


ASCII = Ascii()


def digits(vocabulary: Vocabulary, tokens: torch.Tensor) -> torch.Tensor:
    """In the shape of tokens: the digit that a token is, and -1 for every other."""
    same = tokens[..., None] == vocabulary.symbols[:10].to(tokens.device)
    return torch.where(same.any(-1), same.int().argmax(-1), -1)


def symbols(answer: str) -> list[int]:
    """Of an answer, with the end: `"-12"` has four."""
    return [SYMBOLS.index(c) for c in answer + "\n"]


def padded(rows: list[list[int]], fill: int) -> torch.Tensor:
    """Rows of different lengths as one tensor `[N, longest]`, filled at their ends."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[fill] * (longest - len(row))] for row in rows])
