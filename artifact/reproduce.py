"""`python -m artifact.reproduce [--scale smoke|quick|full]`: run every experiment, then make figures, paper, report and claims.

What is done already is skipped, what was interrupted resumes. Each experiment is a process of its own, and ends with this one.
The last five lines are for a person: the time, what was reproduced, what was not and why, where to read.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path

import pandas as pd

from artifact import claims
from artifact.display import Display, clock
from backends.core.errors import exit_code
from backends.interface import UserError
from experiments.harness import calibration, composition, record, schema, tables
from experiments.harness.progress import CHANNEL
from experiments.harness.provenance import ROOT
from figures import __main__ as figures
from paper import __main__ as paper

TIMES = Path(__file__).with_name("times.csv")
"""Seconds of every step on the machine of the reference results, of which the time that is left is estimated."""


def experiment(name: str, scale: str, results: Path, display: Display) -> None:
    """Run one experiment in a process of its own. Raises UserError where it fails."""
    ours, theirs = socket.socketpair()
    named = (f"experiment={name}", f"scale={scale}", f"results={results}", "tracking=off")
    command = [sys.executable, "-m", "experiments", *named]
    environment = os.environ | {CHANNEL: str(theirs.fileno())}
    with tempfile.TemporaryFile() as said, ours:
        with theirs, subprocess.Popen(
            command, env=environment, stdout=said, stderr=subprocess.STDOUT, pass_fds=[theirs.fileno()]
        ) as running:  # fmt: skip
            theirs.close()  # the other end is the experiment's alone: when that has gone, there is nothing to read
            try:
                display.follow(ours)
                code = running.wait()
            finally:
                ours.close()  # which ends the experiment, where it has not ended
        said.seek(0)
        lines = said.read().decode("utf-8", "replace").splitlines()
    for line in lines:
        if code or line.startswith("warning:"):
            print(line, file=sys.stderr)
    if code:
        raise UserError(f"experiment {name} ended with exit code {code}: see above; make reproduce goes on where it stopped")


def made(step: str, main: Callable[[list[str]], int], folder: Path) -> None:
    """Make one of the things that are made of results, quietly. Raises UserError where it fails; the reason is printed."""
    with redirect_stdout(StringIO()):
        code = main(["--results", str(folder)])
    _check(step, code)


def _check(step: str, code: int) -> None:
    if code:
        raise UserError(f"{step} could not be made: see above")


@contextmanager
def beside(*command: str) -> Iterator[Callable[[str], None]]:
    """Run a module of the project beside what this process does. Gives a function that waits for it, and raises UserError
    where it failed; the reason is printed."""
    running = subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def wait(step: str) -> None:
        print(running.communicate()[1].decode("utf-8", "replace"), end="", file=sys.stderr)
        _check(step, running.returncode)

    try:
        yield wait
    finally:
        running.kill()
        running.wait()


def reproduce(scale: str, results: Path, keep_times: bool) -> int:
    """All steps; returns 1 where a fact of ours is refuted. Raises UserError where a step fails."""
    started, folder = time.monotonic(), results / scale
    todo = [name for name in schema.experiments() if not composition.done(name, scale, str(results))]
    after = ("figures", "paper", "report")
    speed = calibration.measure("before all")["loop_s"]
    display = Display([*todo, *after], _expected(scale, speed))
    spent: dict[str, float] = {}

    @contextmanager
    def shown(step: str) -> Iterator[None]:
        begun = time.monotonic()
        display.begin(step)
        yield
        spent[step] = time.monotonic() - begun
        display.end(step, spent[step])

    with display.bar:
        for name in todo:
            with shown(name):
                experiment(name, scale, results, display)
        with beside("artifact.build_report", "--results", str(folder)) as report, _mirrored(todo, scale, results) as mirror:
            with shown("figures"):
                made("figures", figures.main, folder)
            with shown("paper"):
                made("paper", paper.main, folder)
            with shown("report"):
                mirror("the mirror in MLflow")
                report("report")
    if keep_times:
        _keep(scale, speed, spent)
    verdicts = claims.judge_all(tables.at(folder))
    record.write_files(folder, {"claims.csv": claims.frame(verdicts).to_csv(index=False)})
    for line in summary(verdicts, scale, folder, time.monotonic() - started):
        print(line)
    return int(bool(claims.refuted_facts(verdicts)))


@contextmanager
def _mirrored(names: Sequence[str], scale: str, results: Path) -> Iterator[Callable[[str], None]]:
    """Log the experiments to MLflow, all at once: it takes as long to import as a small experiment takes."""
    uri = composition.composed(names[0], scale, str(results))["tracking"]["uri"] if names else None
    if uri is None:
        yield lambda step: None
        return
    with beside("experiments.harness.tracking", "--results", str(results / scale), "--uri", uri, *names) as wait:
        yield wait


def summary(verdicts: Sequence[claims.Verdict], scale: str, folder: Path, seconds: float) -> Iterable[str]:
    """What a person reads at the end: five lines."""
    count = {verdict: sum(v.verdict == verdict for v in verdicts) for verdict in claims.VERDICTS}
    own = [v for v in verdicts if v.claim.origin == claims.OURS and v.claim.kind == claims.FACT]
    failed = claims.refuted_facts(verdicts)
    published = [v.claim.id for v in verdicts if v.claim.origin == claims.PRIOR_WORK and v.verdict == claims.REFUTED]
    slower = [v.claim.id for v in verdicts if v.verdict == claims.REFUTED and v.claim.id not in {*failed, *published}]
    yield f"Done at scale {scale} in {clock(seconds)}."
    yield (
        f"Of {len(verdicts)} claims {count[claims.REPRODUCED]} are reproduced and {count[claims.EXCEEDED]} exceeded. "
        + (f"Facts of ours that are REFUTED: {', '.join(failed)}." if failed else f"None of our {len(own)} facts is refuted.")
    )
    yield (
        f"Refuted: {len(published)} published claims, which is a finding ({', '.join(published) or 'none'})"
        + (f"; slower here than we claim, which is no failure: {', '.join(slower)}." if slower else ".")
    )
    yield f"Not judged: {_reasons(v for v in verdicts if v.verdict in (claims.NOT_JUDGED, claims.NOT_RUN))}."
    yield f"Read {folder / 'paper.pdf'}, {folder / 'report.html'} and, claim by claim, {folder / 'claims.csv'}."


def _reasons(verdicts: Iterable[claims.Verdict]) -> str:
    """How many claims for each reason."""
    counts = pd.Series([v.reason for v in verdicts], dtype=object).value_counts()
    return "; ".join(f"{count} ({reason})" for reason, count in counts.items()) or "none"


def _expected(scale: str, speed: float) -> dict[str, float]:
    """Seconds that each step should take here, by those of the recorded machine and the speed of both."""
    rows = tables.read(TIMES)
    return {row.step: row.wall_s * speed / row.loop_s for row in rows[rows.scale == scale].itertuples()}


def _keep(scale: str, speed: float, spent: dict[str, float]) -> None:
    """Put this machine's times into the repository."""
    known = tables.read(TIMES)
    own = pd.DataFrame([(scale, step, round(wall, 1), speed) for step, wall in spent.items()], columns=known.columns)
    rows = pd.concat([own, known]).drop_duplicates(["scale", "step"]).sort_values(["scale", "step"])
    record.write_files(TIMES.parent, {TIMES.name: rows.to_csv(index=False)})


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m artifact.reproduce", description="Run everything, and judge every claim.")
    parser.add_argument("--scale", choices=("smoke", "quick", "full"), default="quick", help="default: quick")
    parser.add_argument("--results", type=Path, default=ROOT / "results", help="where to (default: results)")
    parser.add_argument("--keep-times", action="store_true", help="make the times of this run the estimates for later ones")
    options = parser.parse_args(arguments)
    os.environ.setdefault("PYTHONPATH", str(ROOT))
    return exit_code(lambda: reproduce(options.scale, options.results, options.keep_times))


if __name__ == "__main__":
    sys.exit(main())
