"""What is said of a case that failed: the first step at which it goes wrong, or what differs in the end."""

from collections.abc import Callable
from functools import partial

import numpy as np

from backends.conformance.cases import Case
from backends.conformance.compare import FIELDS, STREAMS, mismatches, on_cpu, select
from backends.core import toolchain
from backends.interface import Backend, Execution


def attempt(backend: Backend, case: Case, steps: int | None = None) -> Execution | Exception:
    """The run of a case, of so many steps (None: all); what the machine raises, where it does."""
    try:
        return backend.run(case.programs, case.batch, case.config, steps or case.max_steps)
    except Exception as error:  # whatever a machine does wrong is a verdict on it
        return error


def exception(case: Case, backend: Backend, error: Exception) -> str:
    """Where a machine raises: the first instance that does so when it runs alone, the step, its pc and instruction."""
    for b in range(len(case.index)):
        one = select(case, np.array([b]))

        def raises(steps: int, one: Case = one) -> bool:
            return isinstance(attempt(backend, one, steps), Exception)

        if raises(case.max_steps):
            step, place = _first_step(one, backend, raises, case.max_steps)
            return f"{case.name}: instance {b}, {place}: {_raised(attempt(backend, one, step))}"
    return f"{case.name}: in the whole batch alone: {_raised(error)}"


def difference(case: Case, b: int, backend: Backend, judge: Backend, found: Execution, wanted: Execution | None) -> str:
    """Where instance b of a case goes wrong: the first differing step, its instruction, and what differs after it. What
    differs from the case's own statement, or in the whole batch alone, is told as it is in the end.

    found, wanted: of that instance alone, as the batch ended on the machine and on the judge (None: not judged).
    """
    one = select(case, np.array([b]))
    if wanted is not None:
        differs = partial(_differs, one, backend, judge)
        high = int(_judged(one, judge, case.max_steps).retired[0]) + 1  # equal after 0 steps
        if differs(high):
            step, place = _first_step(one, backend, differs, high)
            return f"{case.name}: {place}: {_unlike(attempt(backend, one, step), _judged(one, judge, step))}"
    stated = (_values(name, getattr(found, name), value) for name, value in one.expect)
    unlike = next((f"{text}, which the case states" for text in stated if text), "")
    if not unlike and wanted is not None:
        unlike = f"in the whole batch alone, {_unlike(found, wanted)}"
    return f"{case.name}: instance {b}: {unlike}"


def _judged(one: Case, judge: Backend, steps: int) -> Execution:
    return judge.run(one.programs, one.batch, on_cpu(one).config, steps)


def _differs(one: Case, backend: Backend, judge: Backend, steps: int) -> bool:
    mine = attempt(backend, one, steps)
    return isinstance(mine, Exception) or bool(mismatches(mine, _judged(one, judge, steps)).any())


def _first_step(one: Case, backend: Backend, wrong: Callable[[int], bool], high: int) -> tuple[int, str]:
    """The first step after which it is wrong, which it is after `high`, and `step 3, pc 0x1008, addi a0, a0, 1`."""
    low = 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if wrong(middle) else (middle, high)
    before = attempt(backend, one, low) if low else None
    if isinstance(before, Exception):  # it ran a moment ago
        return high, f"step {high}"
    pc = int(before.pc[0]) if before else one.programs[one.index[0]].entry
    return high, f"step {high}, pc {pc:#x}, {_instruction(one, pc, before)}"


def _instruction(case: Case, pc: int, before: Execution | None) -> str:
    program = case.programs[case.index[0]]
    memory, start = (before.memory[0], case.config.memory_base) if before else (program.image, program.base)
    if not 0 <= pc - start <= len(memory) - 4:
        return "outside memory"
    return toolchain.disassemble(int.from_bytes(memory[pc - start : pc - start + 4].tobytes(), "little"), pc)


def line(error: Exception) -> str:
    """Type and text of an exception, on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def _raised(result: Execution | Exception) -> str:
    return f"raises {line(result)}" if isinstance(result, Exception) else "raises nothing when it is run again"


def _unlike(result: Execution | Exception, wanted: Execution) -> str:
    """The first field of one instance that differs, what it is and what it should be."""
    if isinstance(result, Exception):
        return _raised(result)
    for name in STREAMS:
        ours, theirs = getattr(result, name)[0], getattr(wanted, name)[0]
        if ours != theirs:
            return f"{name} is {ours[-20:]!r}, not {theirs[-20:]!r}"
    for name in FIELDS:
        a, b = getattr(result, name), getattr(wanted, name)
        if a.shape != b.shape or a.dtype != b.dtype:
            return f"{name} is {a.dtype}{list(a.shape[1:])}, not {b.dtype}{list(b.shape[1:])}"
        if text := _values(name, a, b):
            return text
    return "nothing differs"


def _values(name: str, found: np.ndarray, wanted: np.ndarray | int) -> str:
    """`registers[3] is 0x5, not 0x6`, of the first value `[1, ...]` that differs; nothing where none does."""
    a = found.astype(np.int64).reshape(-1)
    b = np.broadcast_to(np.asarray(wanted).astype(np.int64), found.shape).reshape(-1)
    for at in np.flatnonzero(a != b)[:1].tolist():
        return f"{name}[{at}] is {int(a[at]):#x}, not {int(b[at]):#x}"
    return ""
