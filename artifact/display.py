"""One progress display for all steps of a reproduction: on a terminal a bar, elsewhere a line now and then."""

import json
import socket
import time
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

EVERY_S = 30.0
"""Between two lines where there is no terminal."""


def clock(seconds: float) -> str:
    """`7 min 05 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class Display:
    """steps: in their order. expected: seconds of each, as far as they are known."""

    def __init__(self, steps: Sequence[str], expected: Mapping[str, float]) -> None:
        self.left, self.expected, self.share = list(steps), expected, 0.0
        self.console, self.started, self.spoken, self.begun = Console(stderr=True), time.monotonic(), 0.0, 0.0
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[left]}"))
        self.bar = Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal)
        self.task = self.bar.add_task("reproduce", total=1.0, left="")

    def begin(self, step: str) -> None:
        self.share, self.begun = 0.0, time.monotonic()
        self._show(f"{step} …", at_once=True)

    def end(self, step: str, seconds: float) -> None:
        self.left.remove(step)
        self.share = 0.0
        self._show(f"{step}: done after {clock(seconds)}", at_once=True)

    def follow(self, channel: socket.socket) -> None:
        """Show what an experiment tells of itself, until it has ended."""
        with channel.makefile("r", encoding="utf-8") as lines:
            for message in map(json.loads, lines):
                self.share = message["done"] / max(1, message["total"])
                self._show(f"{self.left[0]}: part {message['done']} of {message['total']}")

    def _show(self, text: str, at_once: bool = False) -> None:
        spent, left = time.monotonic() - self.started, self._left()
        words = "" if left is None else f"about {clock(left)} left"
        done = 0.0 if left is None else spent / max(spent + left, 1e-9)
        self.bar.update(self.task, description=text, completed=done, left=words)
        if self.bar.disable and (at_once or spent > self.spoken + EVERY_S):
            self.spoken = spent
            self.console.print(f"[{clock(spent)}] {text}" + f"; {words}" * bool(words), markup=False, highlight=False)

    def _left(self) -> float | None:
        """Seconds, where the steps that are left have been timed before."""
        if not all(step in self.expected for step in self.left):
            return None
        if not self.left:
            return 0.0
        now, *later = self.left
        rest = sum(self.expected[step] for step in later)
        by_time = self.expected[now] - (time.monotonic() - self.begun)
        return rest + max(by_time, self.expected[now] * (1 - self.share) / 4, 0.0)
