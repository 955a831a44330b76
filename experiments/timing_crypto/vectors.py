"""Known answers on the machines: how many of each suite every implementation gives."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from backends.interface import Backend
from experiments.timing_crypto import known_answers
from experiments.timing_crypto.known_answers import Answer
from experiments.timing_crypto.programs import (
    AES,
    Function,
    Parameter,
    aes_functions,
    chacha20_functions,
    run,
    sha256_functions,
    sized,
)

COLUMNS = ("backend", "implementation", "suite", "cases", "passed", "instructions")
NAMES = (*AES, "sha256", "chacha20")
FEW = ("FIPS-197", "FIPS 180-4", "RFC 8439")
"""The suites for machines on which all would take too long."""


def vectors(
    machines: Mapping[str, Backend], implementations: Sequence[str] = NAMES, suites: Sequence[str] | None = None,
    seed: int = 0, flags: tuple[str, ...] = ("-O2",),
) -> pd.DataFrame:  # fmt: skip
    """Every answer of the suites (None: of all) on every machine; all of one function in one run.

    Returns a row for every suite: backend, implementation, suite, cases, passed, instructions (retired in all its cases).
    """
    tables = [
        check(name, machine, implementation, answers(implementation, suites, seed), flags)
        for name, machine in machines.items()
        for implementation in implementations
    ]
    return pd.concat(tables, ignore_index=True)


def answers(implementation: str, suites: Sequence[str] | None = None, seed: int = 0) -> list[Answer]:
    """The known answers of an implementation, of the suites named (None: of all)."""
    source: Mapping[str, Callable[[], list[Answer]]] = {
        "sha256": lambda: known_answers.sha256(seed),
        "chacha20": lambda: known_answers.chacha20(seed),
    }
    found = source.get(implementation, known_answers.aes)()
    return [a for a in found if suites is None or a.suite in suites]


def check(
    name: str, machine: Backend, implementation: str, wanted: Sequence[Answer], flags: tuple[str, ...] = ("-O2",)
) -> pd.DataFrame:
    """Run the answers of one implementation on one machine. Columns as `vectors` gives."""
    rows = []
    for function in dict.fromkeys(a.function for a in wanted):
        part = [a for a in wanted if a.function == function]
        right, retired = _run(machine, implementation, part, flags)
        rows += [(a.suite, bool(r), int(n)) for a, r, n in zip(part, right, retired, strict=True)]
    cases = pd.DataFrame(rows, columns=["suite", "passed", "instructions"]).groupby("suite", sort=False)
    table = cases.agg(cases=("passed", "size"), passed=("passed", "sum"), instructions=("instructions", "sum"))
    return table.reset_index().assign(backend=name, implementation=implementation)[list(COLUMNS)]


def _run(
    machine: Backend, implementation: str, part: Sequence[Answer], flags: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """`[B]` bool, which answers of one function are right, and `[B]` instructions retired."""
    longest = max(len(v) for a in part for v in a.inputs.values() if isinstance(v, bytes))
    implemented = sized(implementation, _OF_SIZE.get(implementation, _aes)(longest))
    function = implemented.functions[part[0].function]
    call = implemented.prepare(function.name, flags)
    values = {p.name: _column(p, [a.inputs[p.name] for a in part]) for p in function.parameters if p.role != "output"}
    execution = run(machine, call, call.batch(values))
    given = call.buffer(execution, *function.named("output"))
    right = [row.tobytes().startswith(a.output) for row, a in zip(given, part, strict=True)]
    return np.array(right), execution.retired


def _aes(size_bytes: int) -> Mapping[str, Function]:
    return aes_functions(blocks=-(-size_bytes // 16))


_OF_SIZE = {"sha256": sha256_functions, "chacha20": chacha20_functions}


def _column(parameter: Parameter, values: Sequence) -> np.ndarray:
    """Words `[B]` uint32, or bytes `[B, size_bytes]` uint8 with zeros behind the shorter ones."""
    if parameter.size_bytes is None:
        return np.array(values, np.uint32)
    return np.stack([np.frombuffer(v.ljust(parameter.size_bytes, b"\0"), np.uint8) for v in values])
