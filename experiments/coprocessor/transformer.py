"""A small language model of characters: a decoder of pre-norm blocks (Radford et al. 2019), its head tied to the embedding.

Positions are embedded and begin at a random place in training, so that none is new in a longer prompt.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import nn

from experiments.coprocessor.alphabet import ASCII


@dataclass(frozen=True)
class Size:
    width: int = 64
    depth: int = 2
    heads: int = 4
    positions: int = 512


class LanguageModel(Protocol):
    """What a coprocessor is put into: last hidden states, the head that makes logits of them, and blocks with an `mlp` each."""

    size: Size
    blocks: nn.ModuleList
    norm: nn.Module
    head: nn.Module

    def hidden(self, tokens: torch.Tensor, first: torch.Tensor | int = 0) -> tuple[torch.Tensor, torch.Tensor]:
        """Embeddings and last hidden states, `[N, T, width]` each. first: the position of each row's first token."""

    def requires_grad_(self, requires_grad: bool = True) -> Any: ...

    def parameters(self) -> Iterator[nn.Parameter]: ...


class Block(nn.Module):
    def __init__(self, size: Size) -> None:
        super().__init__()
        self.heads = size.heads
        self.before_attention, self.before_mlp = nn.LayerNorm(size.width), nn.LayerNorm(size.width)
        self.attention, self.out = nn.Linear(size.width, 3 * size.width), nn.Linear(size.width, size.width)
        self.mlp: nn.Module = nn.Sequential(
            nn.Linear(size.width, 4 * size.width), nn.GELU(), nn.Linear(4 * size.width, size.width)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, t, width = x.shape
        q, k, v = self.attention(self.before_attention(x)).view(n, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(n, t, width))
        return x + self.mlp(self.before_mlp(x))


class Transformer(nn.Module):
    """forward: tokens `[N, T]` to logits `[N, T, 128]`."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        self.embedding = nn.Embedding(ASCII.size, size.width)
        self.positions = nn.Embedding(size.positions, size.width)
        self.blocks = nn.ModuleList(Block(size) for _ in range(size.depth))
        self.norm = nn.LayerNorm(size.width)
        self.head = nn.Linear(size.width, ASCII.size, bias=False)
        self.head.weight = self.embedding.weight
        for table in (self.embedding, self.positions):
            nn.init.normal_(table.weight, std=0.02)

    def hidden(self, tokens: torch.Tensor, first: torch.Tensor | int = 0) -> tuple[torch.Tensor, torch.Tensor]:
        """As `LanguageModel` says."""
        embedded = self.embedding(tokens)
        places = torch.arange(tokens.shape[1]) + torch.as_tensor(first).reshape(-1, 1)
        x = embedded + self.positions(places)
        for block in self.blocks:
            x = block(x)
        return embedded, self.norm(x)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.head(self.hidden(tokens)[1])
