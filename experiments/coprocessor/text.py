"""Running text with digits in it: the documentation of Python's language that every Python carries (`pydoc_data.topics`).

Where a text is used, its sum is recorded: another Python has another text.
"""

import hashlib
import re
from pydoc_data import topics

import torch

from experiments.coprocessor.alphabet import ASCII, Vocabulary

_TEST_EVERY = 10
"""One topic in so many is kept for the test."""
_BETWEEN = re.compile(r"\n\s*\n")
_KEPT: dict[tuple[bool, int], tuple[Vocabulary, torch.Tensor]] = {}
"""By side and vocabulary, which is kept so that its number stays its own."""


def tokens(test: bool, vocabulary: Vocabulary = ASCII) -> torch.Tensor:
    """All topics of one side, one after another, `[length]` int64; paragraphs of training are taken out of the test."""
    key = test, id(vocabulary)
    if key not in _KEPT:
        chosen = _without(_topics(True), _topics(False)) if test else _topics(False)
        _KEPT[key] = vocabulary, torch.tensor(vocabulary.encode("\n\n".join(chosen))[0], device="cpu")
    return _KEPT[key][1]


def _topics(test: bool) -> list[str]:
    return [topics.topics[name] for k, name in enumerate(sorted(topics.topics)) if (k % _TEST_EVERY == 0) == test]


def paragraphs(text: str) -> list[str]:
    return [found.strip() for found in _BETWEEN.split(text)]


def _without(texts: list[str], others: list[str]) -> list[str]:
    """The paragraphs of some texts that none of the others has."""
    known = {paragraph for text in others for paragraph in paragraphs(text)}
    return [paragraph for text in texts for paragraph in paragraphs(text) if paragraph not in known]


def checksum() -> str:
    """SHA-256 of both sides."""
    return hashlib.sha256(bytes(torch.cat((tokens(False), tokens(True))).tolist())).hexdigest()


def windows(generator: torch.Generator, count: int, length: int, vocabulary: Vocabulary = ASCII) -> torch.Tensor:
    """Pieces of the training text at random places, `[count, length]`."""
    source = tokens(False, vocabulary)
    first = torch.randint(len(source) - length, (count,), generator=generator, device="cpu")
    return source[first[:, None] + torch.arange(length, device="cpu")].to(torch.get_default_device())


def windows_of_test(length: int, vocabulary: Vocabulary = ASCII) -> torch.Tensor:
    """All of the test text in pieces, `[count, length + 1]`: each begins with the last token of the one before it."""
    source = tokens(True, vocabulary)
    first = torch.arange((len(source) - 1) // length, device="cpu") * length
    return source[first[:, None] + torch.arange(length + 1, device="cpu")].to(torch.get_default_device())
