"""The programs on which operations are selected, by family, and families held out from selection.

A program is in the family of what it computes. Those held out are code that nobody here wrote: musl's C library as the pinned
ziglang package ships it, called by drivers in `programs/held_out` that check published answers. Its sources are not copied.
A whole family is held out, since programs of one family share idioms. The first line of each says with which code it ends.
"""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from backends.conformance.cases import stated_exit
from backends.core.sources import ROOT
from backends.interface import Status, UserError
from experiments.isa_discovery.discovery import Subject
from experiments.isa_discovery.profile import profiled

DEPENDS_ON = ("programs/",)
PROGRAMS = ROOT / "programs"
_HELD_OUT = PROGRAMS / "held_out"
MAX_STEPS = 1 << 25
"""Instructions within which every program ends."""
_TRAINING = {
    "coding": ("coding/*.c", "crc32.c"),
    "control": ("control/*.c", "virtual_machine.c"),
    "crypto": ("ciphers/*.c", "hashing/md5.c", "hashing/sha*.c"),
    "hashing": ("hashing/fnv1a.c", "hashing/murmur3.c", "hashing/xxhash32.c"),
    "numeric": ("numeric/*.c", "collatz.c", "gcd.c", "matrix_product.c", "sieve.c"),
    "sorting": ("sorting/*.c", "binary_search.c", "bubble_sort.c", "quicksort.c"),
    "text": ("text/*.c", "strings.c"),
}
TRAINING: dict[str, tuple[Path, ...]] = {
    family: tuple(sorted(file for pattern in patterns for file in PROGRAMS.glob(pattern)))
    for family, patterns in _TRAINING.items()
}
HELD_OUT: dict[str, tuple[Path, ...]] = {
    folder.name: tuple(sorted(folder.glob("*.c"))) for folder in sorted(_HELD_OUT.iterdir()) if folder.is_dir()
}
_INCLUDED = ("musl/src/include", "musl/src/internal", "musl/src", "musl/arch/riscv32", "musl/arch/generic",
             "include/riscv32-linux-musl", "include/generic-musl", "musl/include")  # fmt: skip
"""Folders of musl as ziglang has them, in the order of musl's own Makefile; `musl/src` for the drivers."""
_AS_MUSL = ("-O2", "-w", "-std=c99", "-ffreestanding", "-fno-strict-aliasing", "-D_XOPEN_SOURCE=700")


def subjects(*families: str) -> list[Subject]:
    """The programs of these families after a run each, in the order of `TRAINING` and `HELD_OUT`.

    Raises UserError for a family that there is not, for a ziglang package without musl's sources, and for a program that does
    not end as its first line says.
    """
    known = TRAINING | HELD_OUT
    if unknown := sorted(set(families) - set(known)):
        raise UserError(f"no family of programs is called {unknown[0]}: there are {', '.join(known)}")
    return [_subject(file) for family in families for file in known[family]]


def flags(file: Path) -> tuple[str, ...]:
    """Of the compiler, for a program of the corpus: where musl's headers are, and the files of musl that a driver names."""
    if _HELD_OUT not in file.parents:
        return ("-O2",)
    included = (f"-I{folder}" for folder in (*musl().values(), _HELD_OUT))
    named = re.search(r"/\* sources: (.+?) \*/", file.read_text(encoding="utf-8"), re.DOTALL)
    sources = (str(musl()["musl/src"] / name) for name in (named[1].split() if named else ()))
    return (*_AS_MUSL, *included, *sources)


@cache
def musl() -> dict[str, Path]:
    """The folders in which musl's sources and headers are found, by their names below ziglang's folder of C libraries.

    Raises UserError where the ziglang package is not there, or does not have them.
    """
    found = find_spec("ziglang")
    if found is None or found.origin is None:
        raise UserError("ziglang, which compiles C and ships musl's sources, is not installed: pip install ziglang==0.17.0")
    folders = {name: Path(found.origin).parent / "lib" / "libc" / name for name in _INCLUDED}
    if missing := [folder for folder in folders.values() if not folder.is_dir()]:
        raise UserError(f"{missing[0]} is not there: this ziglang ships musl otherwise; pip install ziglang==0.17.0")
    return folders


def _subject(file: Path) -> Subject:
    subject, _ = profiled(file, flags(file), b"", MAX_STEPS)
    if subject.run.status[0] != Status.EXITED or subject.run.exit_code[0] != stated_exit(file):
        raise UserError(f"{file} ends with exit code {subject.run.exit_code[0]}, and its first line says {stated_exit(file)}")
    return subject
