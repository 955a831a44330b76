"""Which instructions of a function, and of what it calls in its file, runs have reached; where it jumps into libraries."""

from collections.abc import Iterator

import numpy as np

from backends.core import isa
from experiments.timing_crypto.verifier.dwarf import Function
from experiments.timing_crypto.verifier.subject import Subject
from experiments.timing_crypto.verifier.verdict import Coverage

_JAL, _JALR, _AUIPC = (isa.NUMBER[name] for name in ("jal", "jalr", "auipc"))


def coverage(subject: Subject, executed: np.ndarray) -> Coverage:
    """executed: `[W]` bool, the slots of memory that any run fetched."""
    base = subject.call.config.memory_base
    pcs = [pc for function in _called(subject, executed) for pc in _pcs(function)]
    missed = [pc for pc in pcs if not executed[(pc - base) // 4]]
    places = {str(place): place for pc in missed if (place := subject.debug.place(pc))}
    lines = sorted(places.values(), key=lambda place: (place.file, place.line))
    return Coverage(len(pcs), len(pcs) - len(missed), tuple(lines))


def jumps_out(subject: Subject) -> list[tuple[int, int]]:
    """(pc, target) of the jumps in the file that lead out of it."""
    code, owner = _decoded(subject), _owners(subject)
    jumps = [jump for function in subject.debug.functions for jump in _jumps(function, code, subject.call.program.base)]
    return [(pc, target) for pc, target in jumps if target not in owner]


def _decoded(subject: Subject) -> isa.Decoded:
    """All words of the image."""
    image = subject.call.program.image
    return isa.decode(np.resize(image, len(image) // 4 * 4).view(np.uint32), 32)


def _owners(subject: Subject) -> dict[int, Function]:
    """The function that each instruction of the file belongs to."""
    return {pc: function for function in subject.debug.functions for pc in _pcs(function)}


def _pcs(function: Function) -> Iterator[int]:
    for first, end in function.ranges:
        yield from range(first, end, 4)


def _called(subject: Subject, executed: np.ndarray) -> list[Function]:
    """The function under test, those of its file that ran, and those that the code of these jumps to."""
    base, code, owner = subject.call.config.memory_base, _decoded(subject), _owners(subject)
    found = {subject.function.name: subject.function}
    found |= {owner[pc].name: owner[pc] for slot in np.flatnonzero(executed) if (pc := base + 4 * int(slot)) in owner}
    waiting = list(found.values())
    while waiting:
        for _, target in _jumps(waiting.pop(), code, subject.call.program.base):
            if target in owner and owner[target].name not in found:
                found[owner[target].name] = owner[target]
                waiting.append(owner[target])
    return list(found.values())


def _jumps(function: Function, code: isa.Decoded, base: int) -> Iterator[tuple[int, int]]:
    """(pc, target) of the jumps of a function, as far as its code alone says where they lead."""
    before = -1
    for pc in _pcs(function):
        k = (pc - base) // 4
        if code.op[k] == _JAL:
            yield pc, pc + int(code.imm[k]) & 0xFFFFFFFF
        if code.op[k] == _JALR and before == k - 1 and code.op[before] == _AUIPC and code.rd[before] == code.rs1[k]:
            yield pc, pc - 4 + int(code.imm[before]) + int(code.imm[k]) & 0xFFFFFFFF
        before = k
