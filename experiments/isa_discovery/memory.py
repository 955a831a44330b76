"""Which loads of a block give a word that is known: stored or loaded before, and not changed in between.

Addresses are a base and a distance. With the same base they are the same word, or apart, or overlap; with another base they
may be anything.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

WORD_BYTES = 4
V = TypeVar("V")


@dataclass
class Memory(Generic[V]):
    """words: by base and distance."""

    words: dict[tuple[Hashable, int], V] = field(default_factory=dict)

    def store(self, base: Hashable, distance: int, width: int, value: V) -> None:
        """`width` bytes, of which a word is known from then on."""
        self.words = {(b, at): v for (b, at), v in self.words.items() if b == base and _apart(at, distance)}
        if width == WORD_BYTES:
            self.words[base, distance] = value

    def load(self, base: Hashable, distance: int, width: int, value: V) -> V | None:
        """The word that is known to be there; else None, and it is `value` from then on."""
        if width == WORD_BYTES and (base, distance) not in self.words:
            self.words[base, distance] = value
            return None
        return self.words[base, distance] if width == WORD_BYTES else None


def _apart(one: int, other: int) -> bool:
    return min(one - other & 0xFFFFFFFF, other - one & 0xFFFFFFFF) >= WORD_BYTES
