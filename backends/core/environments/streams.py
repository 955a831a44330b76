"""Where the bytes of file descriptors 0, 1 and 2 come from and go to."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import BinaryIO, final

from backends.interface import State

INPUT, OUTPUT, ERRORS = range(3)
"""File descriptors."""


class Streams(ABC):
    """Of the instances of one run."""

    @abstractmethod
    def read(self, state: State, b: int, size: int) -> bytes:
        """At most `size` bytes of instance b's input; fewer, or none, at its end."""

    @abstractmethod
    def write(self, state: State, b: int, descriptor: int, data: bytes) -> bool:
        """Write to OUTPUT or ERRORS as far as the limit allows. Whether it allowed all."""


@final
class Held(Streams):
    """In the state: what the batch gave, and what the execution will show."""

    def read(self, state: State, b: int, size: int) -> bytes:
        taken, state.inputs[b] = state.inputs[b][:size], state.inputs[b][size:]
        return taken

    def write(self, state: State, b: int, descriptor: int, data: bytes) -> bool:
        room = state.config.output_bytes - len(state.output[b]) - len(state.errors[b])
        (state.output if descriptor == OUTPUT else state.errors)[b].extend(data[:room])
        return len(data) <= room


@final
class Files(Streams):
    """In files that are open for bytes; for one instance. Bytes are written when the program writes them.

    limit_bytes: of both outputs together (None: no limit). before_first: called before the first byte is written or asked for.
    """

    def __init__(
        self, input_: BinaryIO, output: BinaryIO, errors: BinaryIO, limit_bytes: int | None = None,
        before_first: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self.files, self.room, self.before_first = (input_, output, errors), limit_bytes, before_first

    def _begin(self) -> None:
        self.before_first()
        self.before_first = lambda: None

    def read(self, state: State, b: int, size: int) -> bytes:
        """A terminal gives what was typed; all else fills the buffer, so that a slow pipe gives what a fast one does."""
        self._begin()
        file = self.files[INPUT]
        return file.read1(size) if file.isatty() else file.read(size)  # type: ignore[attr-defined]

    def write(self, state: State, b: int, descriptor: int, data: bytes) -> bool:
        self._begin()
        allowed = data if self.room is None else data[: self.room]
        self.room = None if self.room is None else self.room - len(allowed)
        self.files[descriptor].write(allowed)
        self.files[descriptor].flush()
        return len(allowed) == len(data)
