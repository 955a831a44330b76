"""Tables of verdicts: the annotated functions, and every implementation of the catalogue at every level of optimisation."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

from backends.core import cores
from backends.core.observation import ObservingBackend
from experiments.harness import progress
from experiments.timing_crypto.programs import IMPLEMENTATIONS, Function
from experiments.timing_crypto.verifier.annotated import Annotated, annotated, judge
from experiments.timing_crypto.verifier.subject import Question
from experiments.timing_crypto.verifier.verify import CROSS_CHECK, verify


def functions(levels: Sequence[str], machine: ObservingBackend, seed: int = 0, secrets: int = CROSS_CHECK) -> pd.DataFrame:
    """The table `functions`: the verifier against what is known, a row per annotated function and level."""

    def one(function: Annotated, level: str) -> dict:
        return judge(function, level, verify(function.question(level), machine, secrets, seed=seed))

    cases = [(function, level) for function in annotated() for level in levels]
    return pd.DataFrame(_each(one, cases, "annotated functions"))


def constant_time(
    implementations: Iterable[str], levels: Sequence[str], machine: ObservingBackend, secrets: int = CROSS_CHECK,
    seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """The table `constant_time`: which functions of the catalogue are constant-time, a row per function and level."""

    def one(name: str, function: Function, level: str) -> dict:
        verdict = verify(question(IMPLEMENTATIONS[name].path, function, level), machine, secrets, seed=seed)
        first = next((violation.line for violation in verdict.violations if violation.line), None)
        crossed, covered = verdict.cross_check, verdict.coverage
        return {
            "implementation": name, "function": function.name, "level": level,
            "verdict": verdict.word, "violations": verdict.leaking,
            "first_line": f"{Path(first.file).name}:{first.line}" if first else "",
            "kinds": ", ".join(sorted({violation.kind for violation in verdict.violations})),
            "instructions": covered.instructions, "unreached": covered.instructions - covered.reached,
            "retired": verdict.retired, "public_inputs": verdict.public_inputs, "secrets_tried": crossed.secrets,
            "distinct_pcs": crossed.distinct_pcs, "distinct_accesses": crossed.distinct_accesses,
        }  # fmt: skip

    cases = [(name, function, level) for name in implementations for function in _functions(name) for level in levels]
    return pd.DataFrame(_each(one, cases, "verdicts"))


def _functions(name: str) -> list[Function]:
    """Those of an implementation; of one that is named like one of its functions, that function."""
    found = IMPLEMENTATIONS[name].functions
    return [found[name]] if name in found else list(found.values())


def _each(one: Callable[..., dict], cases: Sequence[tuple], what: str) -> Iterator[dict]:
    """One row per case, in order."""
    with ThreadPoolExecutor(cores.threads()) as pool:  # it is the compiler that takes long
        yield from progress.track(pool.map(lambda case: one(*case), cases), what, len(cases))


def question(path: Path, function: Function, level: str) -> Question:
    """What the catalogue says of a function, as the verifier takes it; outputs are public."""
    secret, public = ({p.name: p.size_bytes for p in function.parameters if (p.role == "secret") == s} for s in (True, False))
    values = {p.name: p.value for p in function.parameters if p.value is not None}
    return Question(path, function.name, secret, public, values, level)
