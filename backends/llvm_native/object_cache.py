"""Compiled units on disk: found again by what they were made of, and never taken on trust.

The name of a file is the digest of the instruction memory, of the machine it lies in, of the sources of the translator, of
LLVM's version and of the processor. Behind its first line, which lists units, entries and a sum, lies an object file. What is
damaged is made anew; where nothing can be written, nothing is kept. When there are too many files, the oldest go.
"""

import hashlib
import json
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

import llvmlite
import llvmlite.binding as llvm

from backends.core import caches, sources
from backends.core.isa import extension_file
from backends.llvm_native.unit_text import Guest

FILES = 2000


class Kept(NamedTuple):
    """entries: of each unit, by its start slot. size: instructions in all. code: the object file."""

    entries: dict[int, tuple[int, ...]]
    size: int
    code: bytes


@cache
def _made_by() -> str:
    made_with = sources.digest(["backends.llvm_native.translations"]), llvmlite.__version__, str(llvm.llvm_version_info)
    return " ".join((*made_with, caches.processor()))


@cache
def identity(guest: Guest) -> bytes:
    """Of the machine that code is compiled for and of the translator: a key of at most 64 bytes."""
    isa = f"{guest.isa.name} {extension_file.text(guest.isa.extensions)}"
    told = json.dumps([_made_by(), isa, guest.base, guest.memory_bytes, guest.slots, guest.tohost])
    return hashlib.sha256(told.encode()).digest()


def folder() -> Path:
    """Where files are. Raises OSError where there is no such place."""
    return caches.folder("llvm_native")


def read(key: str, version: int) -> Kept | None:
    """What was kept of that version; None where that is nothing, or damaged."""
    try:
        head, _, code = (folder() / f"{key}-{version}").read_bytes().partition(b"\n")
        told = json.loads(head)
        if told["sum"] != _sum(told["entries"], code):
            return None
        return Kept({entries[0]: tuple(entries) for entries in told["entries"]}, told["size"], code)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(key: str, version: int, kept: Kept) -> None:
    """Keep it, if that is possible."""
    entries = [list(slots) for slots in kept.entries.values()]
    head = json.dumps({"entries": entries, "size": kept.size, "sum": _sum(entries, kept.code)})
    try:
        with tempfile.NamedTemporaryFile(dir=folder(), delete=False) as file:
            file.write(head.encode() + b"\n" + kept.code)
        os.replace(file.name, folder() / f"{key}-{version}")
        caches.trim(folder(), FILES)
    except OSError:
        return


def _sum(entries: list[list[int]], code: bytes) -> str:
    return hashlib.sha256(json.dumps(entries).encode() + code).hexdigest()
