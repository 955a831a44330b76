"""What runs have found: the instructions that leaked, with kinds and source lines, and those that were reached."""

from collections.abc import Iterable, Iterator

import numpy as np

from backends.core import isa, toolchain
from backends.core.observation import VARIABLE_TIME
from experiments.timing_crypto.verifier.dwarf import Place
from experiments.timing_crypto.verifier.runs import Runs, described
from experiments.timing_crypto.verifier.subject import Subject
from experiments.timing_crypto.verifier.verdict import Coverage, Violation

_CODE = "secret executed as code"
_KINDS = {
    **dict.fromkeys(VARIABLE_TIME, "variable-time operand"), "jalr": "jump target", "ecall": "environment call",
    "branch": "branch", "load": "load address", "store": "store address",
}  # fmt: skip
"""What of an instruction is observed, by its name or its kind."""
_JAL, _JALR, _AUIPC = (isa.NUMBER[name] for name in ("jal", "jalr", "auipc"))


def violations(subject: Subject, runs: Runs, instances: np.ndarray) -> Iterator[Violation]:
    """In order of address; of library code once per line that calls it."""
    leaked, owner = runs.leaks[instances] != 0, _owners(subject)
    jumps = [(pc, target) for pc, target in _jumps(subject, owner) if target not in owner]
    for slot in np.flatnonzero(leaked.any(axis=0)).tolist():
        pc = subject.call.config.memory_base + 4 * slot
        word = int.from_bytes(subject.call.program.image[4 * slot :][:4].tobytes(), "little")
        place = subject.debug.place(pc)
        function = place.function if place else subject.debug.symbol(pc) or "no function"
        sites: dict[Place | None, list[int]] = {}
        for b in instances[leaked[:, slot]].tolist():
            caller = None if place else _caller(subject, runs, jumps, b, slot)
            sites.setdefault(caller, []).append(b)
        for caller, rows in sites.items():
            also = _also(subject, runs, jumps, caller, rows) if caller else ()
            labels = int(np.bitwise_or.reduce(runs.leaks[rows, slot]))
            names = tuple(s.name for k, s in enumerate(subject.secrets()) if labels >> k & 1)
            seen = described(runs.public, rows[0]), not runs.plausible[rows].any()
            yield Violation(pc, function, toolchain.disassemble(word, pc), _kind(word), names, place, caller, also, *seen)


def _caller(subject: Subject, runs: Runs, jumps: list[tuple[int, int]], b: int, slot: int) -> Place | None:
    """The line of the file that called the library code in which instance b leaked. jumps: those that lead out of the file.

    After a call that was the last thing a function did there is no way back to it: then the jump that led out.
    """
    debug, base = subject.debug, subject.call.config.memory_base
    for back in runs.callers[b, slot].tolist():
        if back and (place := debug.place(back - 4)):
            return place
    taken = [(pc, target) for pc, target in jumps if runs.executed[b, (pc - base) // 4]]
    symbol = debug.symbol(base + 4 * slot)
    return debug.place(min(taken, key=lambda jump: debug.symbol(jump[1]) != symbol)[0]) if taken else None


def _also(subject: Subject, runs: Runs, jumps: list[tuple[int, int]], caller: Place, rows: list[int]) -> tuple[Place, ...]:
    """The other lines that called the same library code: of each instruction a machine remembers the first call only."""
    base, executed = subject.call.config.memory_base, np.logical_or.reduce(runs.executed[rows])
    places = {pc: subject.debug.place(pc) for pc, _ in jumps if executed[(pc - base) // 4]}
    targets = {target for pc, target in jumps if places.get(pc) == caller}
    found = {place for pc, target in jumps if target in targets and (place := places.get(pc)) and place != caller}
    return tuple(sorted(found))


def _kind(word: int) -> str:
    """What of an instruction depends on a secret, where something does."""
    number = int(isa.decode(np.array([word], np.uint32), 32).op[0])
    if number == isa.ILLEGAL:
        return _CODE
    row = isa.OPERATIONS[number]
    return _KINDS.get(row.name) or _KINDS.get(row.kind, _CODE)


def coverage(subject: Subject, executed: np.ndarray) -> Coverage:
    """Of the function under test, those of its file that ran, and those that the code of these jumps to. executed: `[W]` bool,
    the slots of memory that any run fetched."""
    base, owner = subject.call.config.memory_base, _owners(subject)
    found = {subject.function.name}
    found |= {owner[pc] for slot in np.flatnonzero(executed).tolist() if (pc := base + 4 * slot) in owner}
    jumps = [(owner[pc], owner[target]) for pc, target in _jumps(subject, owner) if target in owner]
    while more := {target for function, target in jumps if function in found} - found:
        found |= more
    pcs = [pc for pc, function in owner.items() if function in found]
    missed = [pc for pc in pcs if not executed[(pc - base) // 4]]
    places = {str(place): place for pc in missed if (place := subject.debug.place(pc))}
    return Coverage(len(pcs), len(pcs) - len(missed), tuple(sorted(places.values())))


def _owners(subject: Subject) -> dict[int, str]:
    """The name of the function that each instruction of the file belongs to."""
    return {pc: f.name for f in subject.debug.functions for first, end in f.ranges for pc in range(first, end, 4)}


def _jumps(subject: Subject, owner: Iterable[int]) -> list[tuple[int, int]]:
    """(pc, target) of the jumps among instructions of the file, as far as these alone say where they lead: jal; auipc, jalr."""
    image, base = subject.call.program.image, subject.call.program.base
    code = isa.decode(np.resize(image, len(image) // 4 * 4).view(np.uint32), 32)
    jumps, targets = code.op == _JAL, base + 4 * np.arange(len(code.op)) + code.imm
    far = (code.op[1:] == _JALR) & (code.op[:-1] == _AUIPC) & (code.rd[:-1] == code.rs1[1:])
    jumps[1:] |= far
    targets[1:] += np.where(far, code.imm[:-1] - 4, 0)
    return [(pc, int(targets[k]) & 0xFFFFFFFF) for pc in owner if jumps[k := (pc - base) // 4]]
