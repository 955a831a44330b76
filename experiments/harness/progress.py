"""One progress bar for everything that takes more than a few seconds."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Item = TypeVar("Item")


def bar() -> Progress:
    """A progress display on stderr, invisible where stderr is not a terminal; use it as a context manager."""
    times = (TimeElapsedColumn(), TimeRemainingColumn())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), *times)
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


def track(items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
    """The items, one by one, behind a progress bar labelled `what`."""
    with bar() as progress:
        yield from progress.track(items, total=total, description=what)
