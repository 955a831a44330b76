"""Which instructions of a function, and of what it calls in its file, runs have reached; where it jumps into libraries."""

from collections.abc import Iterable, Iterator, Mapping

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
    owner = _owners(subject)
    return [(pc, target) for pc, target in _jumps(subject, owner) if target not in owner]


def _owners(subject: Subject) -> dict[int, Function]:
    """The function that each instruction of the file belongs to."""
    return {pc: function for function in subject.debug.functions for pc in _pcs(function)}


def _pcs(function: Function) -> Iterator[int]:
    for first, end in function.ranges:
        yield from range(first, end, 4)


def _called(subject: Subject, executed: np.ndarray) -> Iterable[Function]:
    """The function under test, those of its file that ran, and those that the code of these jumps to."""
    base, owner = subject.call.config.memory_base, _owners(subject)
    found = {subject.function.name: subject.function}
    found |= {owner[pc].name: owner[pc] for slot in np.flatnonzero(executed) if (pc := base + 4 * int(slot)) in owner}
    jumps = [(owner[pc].name, owner[target]) for pc, target in _jumps(subject, owner) if target in owner]
    while more := {target.name: target for name, target in jumps if name in found and target.name not in found}:
        found |= more
    return found.values()


def _jumps(subject: Subject, owner: Mapping[int, Function]) -> list[tuple[int, int]]:
    """(pc, target) of the jumps in the file, as far as its code alone says where they lead: jal, and auipc with jalr."""
    image, base = subject.call.program.image, subject.call.program.base
    code = isa.decode(np.resize(image, len(image) // 4 * 4).view(np.uint32), 32)
    jumps, targets = code.op == _JAL, base + 4 * np.arange(len(code.op)) + code.imm
    far = (code.op[1:] == _JALR) & (code.op[:-1] == _AUIPC) & (code.rd[:-1] == code.rs1[1:])
    jumps[1:] |= far
    targets[1:] += np.where(far, code.imm[:-1] - 4, 0)
    return [(pc, int(targets[k]) & 0xFFFFFFFF) for pc in owner if jumps[k := (pc - base) // 4]]
