"""From what leaked in runs to instructions, kinds and source lines."""

from collections.abc import Iterator

import numpy as np

from backends.core import isa, toolchain
from backends.core.observation import VARIABLE_TIME
from experiments.timing_crypto.verifier.coverage import jumps_out
from experiments.timing_crypto.verifier.dwarf import Place
from experiments.timing_crypto.verifier.runs import Runs, described
from experiments.timing_crypto.verifier.subject import Subject
from experiments.timing_crypto.verifier.verdict import Violation

_CODE = "secret executed as code"
_KINDS = {
    **dict.fromkeys(VARIABLE_TIME, "variable-time operand"), "jalr": "jump target", "ecall": "environment call",
    "branch": "branch", "load": "load address", "store": "store address",
}  # fmt: skip
"""What of an instruction is observed, by its name or its kind."""


def violations(subject: Subject, runs: Runs, instances: np.ndarray) -> Iterator[Violation]:
    """In order of address; of library code once per line that calls it."""
    leaked, jumps = runs.leaks[instances] != 0, jumps_out(subject)
    image, base = subject.call.program.image, subject.call.program.base
    for slot in np.flatnonzero(leaked.any(axis=0)).tolist():
        pc = subject.call.config.memory_base + 4 * slot
        word = int.from_bytes(image[pc - base :][:4].tobytes(), "little")
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
    return tuple(sorted(found, key=lambda place: (place.file, place.line)))


def _kind(word: int) -> str:
    """What of an instruction depends on a secret, where something does."""
    number = int(isa.decode(np.array([word], np.uint32), 32).op[0])
    if number == isa.ILLEGAL:
        return _CODE
    row = isa.OPERATIONS[number]
    return _KINDS.get(row.name) or _KINDS.get(row.kind, _CODE)
