"""Comparing executions field by field, and taking instances out of cases and executions."""

from dataclasses import fields, replace

import numpy as np

from backends.conformance.cases import Case
from backends.interface import Batch, Execution

STREAMS = ("output", "errors")
FIELDS = tuple(f.name for f in fields(Execution) if f.name not in STREAMS)


def mismatches(result: Execution, wanted: Execution) -> np.ndarray:
    """`[B]` bool: instances that differ in any field."""
    ours, theirs = ([*zip(e.output, e.errors, strict=True)] for e in (result, wanted))
    differs = np.array([a != b for a, b in zip(ours, theirs, strict=True)])
    for name in FIELDS:
        a, b = getattr(result, name), getattr(wanted, name)
        if a.shape != b.shape or a.dtype != b.dtype:
            return np.ones(len(differs), bool)
        differs = differs | (a != b).reshape(len(differs), -1).any(axis=1)
    return differs


def unexpected(case: Case, result: Execution) -> np.ndarray:
    """`[B]` bool: instances that do not end as the case states."""
    wrong = np.zeros(len(result.pc), bool)
    for name, value in case.expect:
        found = getattr(result, name).astype(np.int64)
        wrong |= (found != value).reshape(len(found), -1).any(axis=1)
    return wrong


def on_cpu(case: Case) -> Case:
    """The case as the judge runs it, which has no other device."""
    return replace(case, config=replace(case.config, device="cpu"))


def select(case: Case, instances: np.ndarray) -> Case:
    """The case with only the instances `[k]`."""
    batch = case.batch
    patches = tuple(replace(p, data=p.data[instances]) for p in batch.patches)
    inputs = tuple(batch.inputs[b] for b in instances) if batch.inputs else ()
    expect = tuple((name, value if isinstance(value, int) else value[instances]) for name, value in case.expect)
    chosen = Batch(batch.registers[instances], case.index[instances], patches, inputs)
    return replace(case, batch=chosen, expect=expect)


def select_rows(result: Execution, instances: np.ndarray) -> Execution:
    """The execution of only the instances `[k]`."""
    arrays = {name: getattr(result, name)[instances] for name in FIELDS}
    output, errors = (tuple(getattr(result, name)[b] for b in instances) for name in STREAMS)
    return Execution(**arrays, output=output, errors=errors)
