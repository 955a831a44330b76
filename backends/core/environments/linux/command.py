"""From a file to a run on Linux, as the command line starts one."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from backends.core import toolchain
from backends.core.environments import linux
from backends.core.environments.linux.tree import Tree
from backends.core.environments.streams import Streams
from backends.interface import Batch, Program, UserError

VARIABLES = {"HOME": "/root", "PATH": "/bin", "TERM": "dumb"}
"""The environment of the first process, where nothing else is said."""


def executable(path: Path, isa: str | None) -> bytes | None:
    """The Linux executable in a file, or what a C file that needs the C library compiles to; None for any other program."""
    if path.suffix == ".c" and isa in (None, "rv32ima"):
        return toolchain.compile_with_library(path) if toolchain.needs_library(path) else None
    data = b"" if path.suffix in (".c", ".S", ".s") else toolchain.read(path)
    if not linux.is_linux(data):
        return None
    if isa not in (None, "rv32ima"):
        raise UserError(f"{path.name} is a Linux executable: leave --isa out, it needs rv32ima")
    return data


def prepared(
    name: str, data: bytes, arguments: Sequence[str], variables: Sequence[str], streams: Streams, strace: TextIO | None
) -> tuple[Program, Batch, linux.Linux]:  # fmt: skip
    """What a run needs. The file lies in /bin. variables: of `K=V`. Raises UserError."""
    for given in variables:
        if not given.partition("=")[1] or given.startswith("="):
            raise UserError(f"--env {given}: give a name and a value, as in HOME=/root")
    values = VARIABLES | dict(given.split("=", 1) for given in variables)
    tree, path = Tree(), b"/bin/" + os.fsencode(name)
    tree.put(path, data, 0o755)
    words, named = [*map(os.fsencode, (name, *arguments))], [os.fsencode(f"{k}={v}") for k, v in values.items()]
    return linux.program(name), linux.batch(), linux.Linux(tree, path, words, named, streams, strace)
