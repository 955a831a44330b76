"""Ratified operations under their own encodings: Clang assembles them so, and what it builds with them runs."""

import numpy as np
import pytest

from backends.core import elf, toolchain
from backends.core.isa.words import Arrays
from experiments.isa_discovery import compilers, corpus


def test_bits_are_counted_as_python_counts_them():
    words = np.random.default_rng(0).integers(0, 1 << 32, 100, np.uint32)
    counted = compilers._ones(Arrays(), words, words)
    assert counted.tolist() == [int(word).bit_count() for word in words.tolist()]


@pytest.mark.parametrize("name", ["sha256", "md5"])
def test_a_program_built_with_the_extensions_ends_and_is_shorter(name):
    file = corpus.PROGRAMS / "hashing" / f"{name}.c"
    assert 0 < compilers.executed(file, True) < compilers.executed(file, False)


def test_clang_assembles_the_encodings_alike(tmp_path):
    rows, source = compilers.operations(), tmp_path / "all.S"
    lines = [f"{row.name} a0, a1{', a2' * (row.format == 'R')}{', 12' * (row.name[:-1] in compilers._SHIFTS)}" for row in rows]
    source.write_text(".globl main\nmain:\n" + "\n".join(lines) + "\nret\n")
    program, _ = elf.parse(toolchain.compile_source(source, "rv32em", (compilers.EXTENDED,)), "all.S")
    first = program.symbols["main"] - program.base
    words = program.image[first : first + 4 * len(rows)].view("<u4").tolist()
    expected = [row.match | 10 << 7 | 11 << 15 | (0 if row.name in compilers._ONE else 12 << 20) for row in rows]
    assert words == expected
