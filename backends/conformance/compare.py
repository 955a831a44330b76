"""Comparing executions field by field, and finding the first step at which a program differs."""

from dataclasses import fields, replace

import numpy as np

from backends.conformance.cases import Case
from backends.core import toolchain
from backends.interface import Backend, Batch, Execution

_STREAMS = ("output", "errors")
_FIELDS = tuple(f.name for f in fields(Execution) if f.name not in _STREAMS)


def mismatches(result: Execution, wanted: Execution) -> np.ndarray:
    """`[B]` bool: instances that differ in any field."""
    ours, theirs = ([*zip(e.output, e.errors, strict=True)] for e in (result, wanted))
    differs = np.array([a != b for a, b in zip(ours, theirs, strict=True)])
    for name in _FIELDS:
        a, b = getattr(result, name), getattr(wanted, name)
        if a.shape != b.shape or a.dtype != b.dtype:
            return np.ones(len(differs), bool)
        differs = differs | (a != b).reshape(len(differs), -1).any(axis=1)
    return differs


def unexpected(case: Case, result: Execution) -> np.ndarray:
    """`[B]` bool: instances that do not end as the case states."""
    wrong = np.zeros(len(result.pc), bool)
    for name, value in case.expect:
        wrong |= getattr(result, name).astype(np.int64) != int(value)
    return wrong


def describe(case: Case, b: int, backend: Backend, reference: Backend) -> str:
    """Where instance b of a case goes wrong: the first differing step, its instruction, and what differs after it."""
    one = select(case, np.array([b]))

    def run(machine: Backend, steps: int) -> Execution:
        config = one.config if machine is backend else on_cpu(one).config
        return machine.run(one.programs, one.batch, config, steps)

    low, high = 0, int(run(reference, case.max_steps).retired[0]) + 1  # equal after `low` steps, different after `high`
    if not mismatches(run(backend, max(1, high)), run(reference, max(1, high))).any():
        return f"{case.name}: differs only in the whole batch or from what the case states"
    while high - low > 1:
        middle = (low + high) // 2
        if mismatches(run(backend, middle), run(reference, middle)).any():
            high = middle
        else:
            low = middle
    before = run(reference, low) if low else None
    pc = int(before.pc[0]) if before else one.programs[one.index[0]].entry
    text = _instruction(one, pc, before)
    return f"{case.name}: step {high}, pc {pc:#x}, {text}: {_difference(run(backend, high), run(reference, high))}"


def on_cpu(case: Case) -> Case:
    """The case as the judge runs it, which has no other device."""
    return replace(case, config=replace(case.config, device="cpu"))


def select(case: Case, instances: np.ndarray) -> Case:
    """The case with only the instances `[k]`."""
    batch = case.batch
    patches = tuple(replace(p, data=p.data[instances]) for p in batch.patches)
    inputs = tuple(batch.inputs[b] for b in instances) if batch.inputs else ()
    return replace(case, batch=Batch(batch.registers[instances], case.index[instances], patches, inputs))


def select_rows(result: Execution, instances: np.ndarray) -> Execution:
    """The execution of only the instances `[k]`."""
    arrays = {name: getattr(result, name)[instances] for name in _FIELDS}
    output, errors = (tuple(getattr(result, name)[b] for b in instances) for name in _STREAMS)
    return Execution(**arrays, output=output, errors=errors)


def _instruction(case: Case, pc: int, before: Execution | None) -> str:
    program = case.programs[case.index[0]]
    memory, start = (before.memory[0], case.config.memory_base) if before else (program.image, program.base)
    if not 0 <= pc - start <= len(memory) - 4:
        return "outside memory"
    return toolchain.disassemble(int.from_bytes(memory[pc - start : pc - start + 4].tobytes(), "little"), pc)


def _difference(result: Execution, wanted: Execution) -> str:
    for name in _STREAMS:
        ours, theirs = getattr(result, name)[0], getattr(wanted, name)[0]
        if ours != theirs:
            return f"{name} is {ours[-20:]!r}, not {theirs[-20:]!r}"
    for name in _FIELDS:
        a, b = np.atleast_1d(getattr(result, name)[0]), np.atleast_1d(getattr(wanted, name)[0])
        if a.shape != b.shape or a.dtype != b.dtype:
            return f"{name} is {a.dtype}{list(a.shape)}, not {b.dtype}{list(b.shape)}"
        if (a != b).any():
            at = int(np.flatnonzero(a != b)[0])
            return f"{name}[{at}] is {int(a[at]):#x}, not {int(b[at]):#x}"
    return "nothing differs"
