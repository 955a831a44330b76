"""Cases of the operations that `rv32ima` adds to `rv32im`."""

from collections.abc import Iterator

import numpy as np

from backends.conformance.cases import Case, operation_cases, words_program
from backends.core import isa
from backends.core.isa import encode
from backends.core.isa.instruction_set import named
from backends.interface import Batch, MachineConfig, Status

ISA = "rv32ima"
_BASE, _FIRST, _SECOND = 0x1000, 8, 9
_encode = named(ISA).encode
_RESERVE, _RESERVE_ANOTHER = _encode("lr.w", 11, _FIRST), _encode("lr.w", 11, _SECOND)
_STORE, _STORE_ELSEWHERE = _encode("sc.w", 12, _FIRST, 10), _encode("sc.w", 13, _SECOND, 10)
_RESERVATIONS: tuple[tuple[str, tuple[int, ...], dict[int, int]], ...] = (
    ("without a reservation", (_STORE,), {12: 1}),
    ("behind a reservation", (_RESERVE, _STORE), {11: 0, 12: 0}),
    ("behind another sc.w", (_RESERVE, _STORE_ELSEWHERE, _STORE), {11: 0, 12: 1, 13: 1}),
    ("behind another lr.w", (_RESERVE, _RESERVE_ANOTHER, _STORE), {11: 0, 12: 1}),
    ("behind a store", (_RESERVE, encode("sw", 0, _FIRST, 10), _STORE), {11: 0, 12: 0}),
    ("behind an exchange", (_RESERVE, _encode("amoswap.w", 14, _FIRST, 10), _STORE), {11: 0, 12: 0, 14: 0}),
)
"""By what is there before `sc.w`: the words, and the registers at the end that they write."""


def atomic_cases(vectors: int) -> Iterator[Case]:
    """One case per operation, and what `sc.w` makes of reservations."""
    yield from operation_cases(vectors, ISA, rows=isa.ATOMICS)
    config = MachineConfig(isa=ISA, memory_base=_BASE, memory_bytes=256)
    registers = np.full((1, config.registers), 9, np.uint32)
    registers[0, [0, _FIRST, _SECOND]] = 0, _BASE + 128, _BASE + 132
    for name, words, written in _RESERVATIONS:
        after = registers.copy()
        after[0, list(written)] = list(written.values())
        stated = ("status", int(Status.HALTED)), ("retired", len(words) + 1), ("registers", after)
        program = words_program([*words, encode("ebreak")], _BASE, name=f"sc.w {name}")
        yield Case(program.name, "value", (program,), Batch(registers), config, 20, stated)
