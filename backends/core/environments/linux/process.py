"""A process: what Linux knows of it beside its registers and memory, which are those of an instance."""

from dataclasses import dataclass, field, replace

from backends.core.environments.linux.descriptors import Description
from backends.core.environments.linux.errors import Errno, Failure
from backends.core.environments.linux.tree import Directory

DESCRIPTORS = 1024
"""That a process may have open."""
SIG_DEFAULT, SIG_IGNORE = 0, 1


@dataclass(frozen=True)
class Descriptor:
    """close_on_exec: it does not outlive `execve`."""

    of: Description
    close_on_exec: bool = False


@dataclass(frozen=True)
class Action:
    """What a signal does: handler, an address, SIG_DEFAULT or SIG_IGNORE; flags; mask: signals that wait meanwhile."""

    handler: int = SIG_DEFAULT
    flags: int = 0
    mask: int = 0


@dataclass
class Space:
    """Of addresses. heap: its begin and its end. top: below it lie areas, mapped pages `(start, end)`, each above the heap."""

    heap: list[int]
    top: int
    areas: list[tuple[int, int]] = field(default_factory=list)

    def copy(self) -> "Space":
        return Space(list(self.heap), self.top, list(self.areas))


@dataclass(eq=False)
class Process:
    """instance: of the batch. group, session: of processes. waiting: number and arguments of the call that waits. deadline: of
    it, in nanoseconds. alarm: when SIGALRM comes, and after how long again. ended: (code as `waitid` tells it, status)."""

    pid: int
    parent: int
    instance: int
    directory: Directory
    space: Space
    group: int = 1
    session: int = 1
    name: bytes = b""
    descriptors: dict[int, Descriptor] = field(default_factory=dict)
    umask: int = 0o022
    actions: dict[int, Action] = field(default_factory=dict)
    mask: int = 0
    mask_after: int | None = None
    pending: list[int] = field(default_factory=list)
    other_stack: tuple[int, int] = (0, 0)
    alarm: tuple[int, int] = (0, 0)
    waiting: tuple[int, tuple[int, ...]] | None = None
    deadline: int | None = None
    ended: tuple[int, int] | None = None

    def action(self, signal: int) -> Action:
        return self.actions.get(signal, Action())

    def open(self, descriptor: int) -> Description:
        """Raises EBADF."""
        if descriptor not in self.descriptors:
            raise Failure(Errno.EBADF)
        return self.descriptors[descriptor].of

    def add(self, of: Description, least: int = 0, close_on_exec: bool = False) -> int:
        """Give it the lowest free descriptor, `least` or above. Raises EMFILE."""
        free = next((n for n in range(least, DESCRIPTORS) if n not in self.descriptors), None)
        if free is None:
            raise Failure(Errno.EMFILE)
        self.put(free, of, close_on_exec)
        return free

    def put(self, descriptor: int, of: Description, close_on_exec: bool = False) -> None:
        of.users += 1
        self.close(descriptor)
        self.descriptors[descriptor] = Descriptor(of, close_on_exec)

    def close(self, descriptor: int) -> bool:
        """Whether it was open."""
        found = self.descriptors.pop(descriptor, None)
        if found:
            found.of.users -= 1
            if not found.of.users:
                found.of.closed()
        return found is not None

    def forked(self, pid: int, instance: int) -> "Process":
        """A child that is this process in everything but its number."""
        for held in self.descriptors.values():
            held.of.users += 1
        child = replace(self, pid=pid, parent=self.pid, instance=instance, space=self.space.copy(), pending=[], alarm=(0, 0))
        child.descriptors, child.actions = dict(self.descriptors), dict(self.actions)
        return child
