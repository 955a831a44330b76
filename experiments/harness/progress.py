"""How far something is: a bar on the terminal of who waits for it, or messages to the process that reproduces everything."""

import json
import multiprocessing
import os
import socket
import sys
import threading
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

CHANNEL = "REPRODUCE_CHANNEL"
"""Environment variable with the file descriptor of a socket to `artifact.reproduce`, where that has started this process."""

Item = TypeVar("Item")


def bar() -> Progress:
    """A progress display on stderr, a context manager; invisible where stderr is not a terminal or somebody else shows it."""
    hidden = multiprocessing.parent_process() is not None or CHANNEL in os.environ or not sys.stderr.isatty()
    times = (TimeElapsedColumn(), TimeRemainingColumn())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), *times)
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=hidden)


def track(items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
    """The items, one by one, behind a progress bar labelled `what`."""
    with bar() as progress:
        yield from progress.track(items, total=total, description=what)


def announce(done: int, total: int) -> None:
    """Tell the process that reproduces everything how many parts of this experiment are done."""
    if channel := _channel():
        channel.sendall(json.dumps({"done": done, "total": total}).encode() + b"\n")


@cache
def _channel() -> socket.socket | None:
    """The socket; this process ends when its other end is closed, so that nothing goes on after a kill."""
    if CHANNEL not in os.environ or multiprocessing.parent_process() is not None:
        return None
    channel = socket.socket(fileno=int(os.environ[CHANNEL]))

    def watch() -> None:
        channel.recv(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    return channel
