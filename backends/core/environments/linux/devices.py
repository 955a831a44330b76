"""Devices: what opening one gives."""

from typing import TYPE_CHECKING, final

from backends.core.environments.linux.descriptors import O_ACCMODE, Console, Description, Null
from backends.core.environments.linux.tree import Device, Node
from backends.core.environments.streams import INPUT, OUTPUT

if TYPE_CHECKING:
    from backends.core.environments.linux.kernel import Kernel


@final
class Random(Description):
    """The kernel's generator, which begins alike in every run."""

    def __init__(self, node: Node, flags: int, kernel: "Kernel") -> None:
        super().__init__(flags)
        self.node, self.kernel = node, kernel

    def read(self, size: int) -> bytes:
        return self.kernel.random.bytes(size)

    def write(self, data: bytes) -> int:
        return len(data)


def of_device(kernel: "Kernel", node: Device, flags: int) -> Description:
    if node.name == "urandom":
        return Random(node, flags, kernel)
    if node.name == "console":
        number = OUTPUT if flags & O_ACCMODE else INPUT
        return Console(node, flags, kernel.streams, kernel.state, number)
    return Null(node, flags, zeros=node.name == "zero")
