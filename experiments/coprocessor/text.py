"""Running text with digits in it: the documentation of Python's language that every Python carries (`pydoc_data.topics`).

Where a text is used, its sum is recorded: another Python has another text.
"""

import hashlib
from collections.abc import Iterator
from pydoc_data import topics

import torch

from experiments.coprocessor.alphabet import ASCII, Vocabulary

_TEST_EVERY = 10
"""One topic in so many is kept for the test."""
_KEPT: dict[tuple[bool, int], tuple[Vocabulary, torch.Tensor]] = {}
"""By side and vocabulary, which is kept so that its number stays its own."""


def tokens(test: bool, vocabulary: Vocabulary = ASCII) -> torch.Tensor:
    """All topics of one side, one after another, `[length]` int64; paragraphs of training are taken out of the test."""
    key = test, id(vocabulary)
    if key not in _KEPT:
        known = set(_paragraphs(False)) if test else set()
        kept = (paragraph for paragraph in _paragraphs(test) if paragraph not in known)
        _KEPT[key] = vocabulary, torch.tensor(vocabulary.encode("\n\n".join(kept))[0])
    return _KEPT[key][1]


def _paragraphs(test: bool) -> Iterator[str]:
    for k, name in enumerate(sorted(topics.topics)):
        if (k % _TEST_EVERY == 0) == test:
            yield from topics.topics[name].split("\n\n")


def checksum() -> str:
    """SHA-256 of both sides."""
    return hashlib.sha256(bytes(torch.cat((tokens(False), tokens(True))).tolist())).hexdigest()


def windows(generator: torch.Generator, count: int, length: int, vocabulary: Vocabulary = ASCII) -> torch.Tensor:
    """Pieces of the training text at random places, `[count, length]`."""
    source = tokens(False, vocabulary)
    first = torch.randint(len(source) - length, (count,), generator=generator)
    return source[first[:, None] + torch.arange(length)]


def windows_of_test(length: int, vocabulary: Vocabulary = ASCII) -> torch.Tensor:
    """All of the test text in pieces, `[count, length + 1]`: each begins with the last token of the one before it."""
    source = tokens(True, vocabulary)
    first = torch.arange((len(source) - 1) // length) * length
    return source[first[:, None] + torch.arange(length + 1)]
