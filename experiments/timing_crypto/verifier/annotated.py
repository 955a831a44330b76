"""Small C functions whose verdicts are known, and how a verdict compares with that.

In `functions/*.c` a comment comes before each: `// NAME: secret P, Q:16; public R; EXPECTED`, where EXPECTED is `leaks` (at
every level), `constant` (at every level) or `compiler` (C leaves it open: equality of traces over many secrets decides, and
must agree with the verdict), and `; alarm -O0` names levels where a false alarm is known. A leaking line ends in `// LEAK`: it
must be named. A line `// may leak` may be named, no other.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from experiments.timing_crypto.verifier.subject import Question
from experiments.timing_crypto.verifier.verdict import Verdict

DEPENDS_ON = ("experiments/timing_crypto/verifier/functions/",)
FOLDER = Path(__file__).parent / "functions"
_EXPECTED = {"leaks": "violations", "constant": "proven", "compiler": "by_trace"}
_HEADING = re.compile(
    r"// (\w+): secret ([^;]+)(?:; public ([^;]+))?; (leaks|constant|compiler)(?:; alarm ([^;]+))?$", re.MULTILINE
)


@dataclass(frozen=True)
class Annotated:
    """A function and what is known of it; must, may: lines of its file; alarms: levels of known false alarms."""

    path: Path
    name: str
    secrets: dict[str, int | None]
    public: dict[str, int | None]
    expected: str
    alarms: tuple[str, ...]
    must: frozenset[int]
    may: frozenset[int]

    def question(self, level: str) -> Question:
        return Question(self.path, self.name, self.secrets, self.public, level=level)


def annotated() -> list[Annotated]:
    """All functions, in order."""
    return [function for path in sorted(FOLDER.glob("*.c")) for function in _of_file(path)]


def _of_file(path: Path) -> Iterator[Annotated]:
    text = path.read_text(encoding="utf-8")
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    for heading, end in zip(headings, ends, strict=True):
        name, secrets, public, expected, alarms = heading.groups()
        first = text.count("\n", 0, heading.start()) + 1
        lines = list(enumerate(text[heading.start() : end].splitlines(), first))
        yield Annotated(
            path, name, _sizes(secrets), _sizes(public or ""), expected, tuple((alarms or "").split()),
            frozenset(n for n, line in lines if line.endswith("// LEAK")),
            frozenset(n for n, line in lines if line.endswith("// may leak")),
        )  # fmt: skip


def _sizes(text: str) -> dict[str, int | None]:
    pairs = (item.strip().partition(":") for item in text.split(",") if item)
    return {name: int(size) if size else None for name, _, size in pairs}


def judge(function: Annotated, level: str, verdict: Verdict) -> dict:
    """One row of the table `functions`. outcome: right, false_proven, false_alarm or wrong_lines."""
    traces = max(verdict.cross_check.distinct_pcs, verdict.cross_check.distinct_accesses)
    named = {violation.line.line for violation in verdict.violations if violation.line}
    lines_right = function.must <= named <= function.must | function.may or verdict.proven
    leaks = {"leaks": True, "constant": False, "compiler": traces > 1}[function.expected]
    outcome = "right" if lines_right else "wrong_lines"
    if verdict.proven == leaks:
        outcome = "false_proven" if verdict.proven else "false_alarm"
    return {
        "function": function.name, "level": level, "expected": _EXPECTED[function.expected], "verdict": verdict.word,
        "lines_right": lines_right, "distinct_traces": traces, "outcome": outcome,
    }  # fmt: skip
