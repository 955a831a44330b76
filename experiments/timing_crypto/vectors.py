"""Known answers on the machines: how many of each suite every implementation gives."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from backends.interface import Backend
from experiments.timing_crypto import known_answers
from experiments.timing_crypto.known_answers import Answer
from experiments.timing_crypto.programs import AES, Parameter, aes_functions, chacha20_functions, run, sha256_functions, sized
from experiments.timing_crypto.schema import TABLES

NAMES = (*AES, "sha256", "chacha20")
_FEW = ("FIPS-197", "FIPS 180-4", "RFC 8439")
"""All that `torch_neural` is asked for, and `reference` below scale full: the examples of the standards."""
_LEFT_OUT = {"smoke": ("aes_sbox", "aes_scan", "aes_bitsliced", "chacha20"), "quick": ("aes_scan",)}
"""What `torch_neural` leaves out: the full scan takes it longer than everything else."""


def vectors(name: str, machine: Backend, implementations: Sequence[str], scale: str, seed: int = 0) -> pd.DataFrame:
    """The table `vectors` of the known answers that a machine is asked for at a scale; all of one function in one run."""
    asked = {implementation: _asked(name, implementation, scale, seed) for implementation in implementations}
    tables = [check(name, machine, implementation, wanted) for implementation, wanted in asked.items() if wanted]
    return pd.concat(tables or [TABLES["vectors"].frame([])], ignore_index=True)


def _asked(machine: str, implementation: str, scale: str, seed: int) -> list[Answer]:
    slow = machine == "torch_neural"
    if implementation not in NAMES or (slow and implementation in _LEFT_OUT.get(scale, ())):
        return []
    few = slow or (machine == "reference" and scale != "full")
    return [a for a in answers(implementation, seed) if not few or a.suite in _FEW]


def answers(implementation: str, seed: int = 0) -> list[Answer]:
    """The known answers of an implementation."""
    if implementation == "sha256":
        return known_answers.sha256(seed)
    return known_answers.chacha20(seed) if implementation == "chacha20" else known_answers.aes()


def check(name: str, machine: Backend, implementation: str, wanted: Sequence[Answer]) -> pd.DataFrame:
    """Run the answers of one implementation on one machine."""
    rows = []
    for function in dict.fromkeys(a.function for a in wanted):
        part = [a for a in wanted if a.function == function]
        right, retired = _run(machine, implementation, part)
        rows += [(a.suite, bool(r), int(n)) for a, r, n in zip(part, right, retired, strict=True)]
    cases = pd.DataFrame(rows, columns=["suite", "passed", "instructions"]).groupby("suite", sort=False)
    table = cases.agg(cases=("passed", "size"), passed=("passed", "sum"), instructions=("instructions", "sum"))
    return table.reset_index().assign(backend=name, implementation=implementation)[TABLES["vectors"].names]


def _run(machine: Backend, implementation: str, part: Sequence[Answer]) -> tuple[np.ndarray, np.ndarray]:
    """`[B]` bool, which answers of one function are right, and `[B]` instructions retired."""
    longest = max(len(v) for a in part for v in a.inputs.values() if isinstance(v, bytes))
    functions = _OF_SIZE[implementation](longest) if implementation in _OF_SIZE else aes_functions(blocks=-(-longest // 16))
    implemented = sized(implementation, functions)
    function = implemented.functions[part[0].function]
    call = implemented.prepare(function.name)
    values = {p.name: _column(p, [a.inputs[p.name] for a in part]) for p in function.parameters if p.role != "output"}
    execution = run(machine, call, call.batch(values))
    given = call.buffer(execution, *function.named("output"))
    right = [row.tobytes().startswith(a.output) for row, a in zip(given, part, strict=True)]
    return np.array(right), execution.retired


_OF_SIZE = {"sha256": sha256_functions, "chacha20": chacha20_functions}


def _column(parameter: Parameter, values: Sequence) -> np.ndarray:
    """Words `[B]` uint32, or bytes `[B, size_bytes]` uint8 with zeros behind the shorter ones."""
    if parameter.size_bytes is None:
        return np.array(values, np.uint32)
    return np.stack([np.frombuffer(v.ljust(parameter.size_bytes, b"\0"), np.uint8) for v in values])
