"""One progress bar for everything that takes more than a few seconds."""

import multiprocessing
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Item = TypeVar("Item")


def bar() -> Progress:
    """A progress display on stderr, a context manager; invisible in a worker and where stderr is not a terminal."""
    hidden = multiprocessing.parent_process() is not None or not sys.stderr.isatty()
    times = (TimeElapsedColumn(), TimeRemainingColumn())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), *times)
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=hidden)


def track(items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
    """The items, one by one, behind a progress bar labelled `what`."""
    with bar() as progress:
        yield from progress.track(items, total=total, description=what)
