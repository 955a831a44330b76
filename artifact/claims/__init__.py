"""Judge every claim by recorded tables: reproduced, exceeded, refuted, or not run here.

`python -m artifact.claims [ID …] [--results FOLDER]`. The claims that an experiment's tables judge are in the file of its name
beside this one. Where a larger run of the experiment belongs to the results, that one is judged. A claim's `metric` is a Python
expression over the tables of its experiment (by name, as pandas frames); at_least, at_most or equals says what is claimed.

A claim is a fact, which must hold anywhere, or about speed: a rate, which is judged on hardware like that of the reference
results, or a comparison of times that were measured side by side, which falls short only where its whole interval does. Speeds
are not judged where the machine was busy. A refuted claim of prior work is a finding, a refuted fact of ours fails the
command, and no speed does.
"""

import argparse
import itertools
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from rich.console import Console
from rich.table import Table

from artifact.words import number
from backends.core.errors import exit_code
from backends.core.screen import Screen
from backends.interface import UserError
from experiments.harness import calibration, record, schema, tables
from experiments.harness.tables import DEFAULT, Missing, Results

PRIOR_WORK, OURS = ORIGINS = ("prior work", "ours")
KINDS = FACT, RATE, COMPARISON = "fact", "rate", "comparison"
REPRODUCED, EXCEEDED, REFUTED = "reproduced", "exceeded", "refuted"
NOT_RUN, NOT_JUDGED = "not run here", "not judged"
VERDICTS = REPRODUCED, EXCEEDED, REFUTED, NOT_RUN, NOT_JUDGED
BOUNDS = ("low", "high"), ("low_s", "high_s")
"""Columns of a timing's interval, in the tables that have them."""


@dataclass(frozen=True)
class Claim:
    """One claim. One of at_least, at_most and equals says what is claimed; tolerance is relative to it: what is better than
    claimed by more than it is exceeded.

    origin: "prior work" or "ours": who says so. kind: a fact, or of speed a rate or a comparison. implementation: whose was
    measured. unit: of the metric. cost: of making the tables. scales: where the measurement means something (empty:
    everywhere). needs: what a machine must have. remark: what lies behind the verdict. beside: the role, in the manifest, of
    the results that judge it, where it is not the results' own tables.
    """

    id: str
    origin: str
    statement: str
    source: str
    experiment: str
    metric: str
    at_least: float | None = None
    at_most: float | None = None
    equals: float | None = None
    tolerance: float = 0.0
    unit: str = ""
    cost: str = "minutes"
    scales: Sequence[str] = ()
    needs: str = ""
    remark: str = ""
    beside: str = ""
    implementation: str = "ours"
    kind: str = FACT

    def __post_init__(self) -> None:
        for name, known in (("origin", ORIGINS), ("kind", KINDS)):
            if getattr(self, name) not in known:
                raise TypeError(f"claim {self.id} has {name} '{getattr(self, name)}': give one of {', '.join(known)}")

    @property
    def claimed(self) -> str:
        """What is claimed of the metric, in words."""
        for sign, value in (("≥", self.at_least), ("≤", self.at_most), ("=", self.equals)):
            if value is not None:
                return f"{sign} {value:,.7g} {self.unit}".strip()
        raise ValueError(f"claim {self.id} says neither at_least, at_most nor equals")


@dataclass(frozen=True)
class Verdict:
    """What became of a claim. measured: the metric, NaN where it was not run. reason: why it was not, or not judged."""

    claim: Claim
    verdict: str
    measured: float = field(default=math.nan)
    reason: str = ""


def load() -> list[Claim]:
    """The claims of all experiments, in their order. Raises UserError for one that cannot be read."""
    files = [Path(__file__).with_name(f"{experiment}.yaml") for experiment in schema.experiments()]
    return [claim for file in files if file.is_file() for claim in _read(file)]


def _read(file: Path) -> list[Claim]:
    try:
        return [Claim(experiment=file.stem, **entry) for entry in yaml.safe_load(file.read_text(encoding="utf-8"))]
    except (TypeError, yaml.YAMLError, OSError) as error:
        raise UserError(f"{file}: {' '.join(str(error).split())}") from None


def judge(claim: Claim, results: Results) -> Verdict:
    """Measure one claim and compare. Raises Damaged where its tables are."""
    sets = results.beside(claim.beside) if claim.beside else [results.fullest(claim.experiment)]
    if not sets:
        return Verdict(claim, NOT_RUN, reason=claim.needs)
    results = sets[0]
    try:
        provenance = results.provenance(claim.experiment)
        frames = {name: results.table(claim.experiment, name) for name in provenance["tables"]}
    except Missing as missing:
        return Verdict(claim, NOT_RUN, reason=str(missing))
    if claim.scales and provenance["scale"] not in claim.scales:
        return Verdict(claim, NOT_RUN, reason=f"a {provenance['scale']} run is too small to judge it")
    measured = measure(claim.metric, frames)
    if math.isnan(measured):
        return Verdict(claim, NOT_RUN, reason=claim.needs or "the tables hold no such rows")
    if reason := not_comparable(claim, provenance):
        return Verdict(claim, NOT_JUDGED, measured, reason)
    verdict = compare(claim, measured)
    if claim.kind == COMPARISON and verdict == REFUTED and compare(claim, best(claim, frames, measured)) != REFUTED:
        verdict = REPRODUCED
    return Verdict(claim, verdict, measured)


def not_comparable(claim: Claim, provenance: Mapping[str, Any]) -> str:
    """Why a speed that was measured says nothing about the claim; empty for facts, and where it does."""
    if claim.kind == FACT:
        return ""
    if calibration.busy(provenance.get("calibration", ())):
        return "the machine was busy"
    reference = tables.provenance(DEFAULT / claim.experiment)
    if claim.kind == RATE and reference and not calibration.alike(provenance, reference):
        return "a rate on other hardware than that of the reference results"
    return ""


def best(claim: Claim, frames: Mapping[str, pd.DataFrame], measured: float) -> float:
    """The value most in favour of the claim that the metric takes while every time varies within its interval.

    One time after another is set to that end of its interval which the claim prefers; so it holds for metrics that rise or fall
    with each time alone, as ratios and medians do.
    """
    sign = -1 if claim.at_most is not None else 1
    for name, frame in frames.items():
        ends = next((pair for pair in BOUNDS if set(pair) <= set(frame.columns)), None)
        if ends is None or name not in claim.metric:
            continue
        column = frame.columns[frame.columns.get_loc(ends[0]) - 1]  # the median stands before its interval
        for row, end in itertools.product(range(len(frame)), ends):
            moved = frames[name].copy()
            moved.loc[moved.index[row], column] = frame[end].iloc[row]
            changed = measure(claim.metric, {**frames, name: moved})
            if sign * changed > sign * measured:
                frames, measured = {**frames, name: moved}, changed
    return measured


def measure(metric: str, frames: Mapping[str, pd.DataFrame]) -> float:
    """The value of a metric; NaN where the tables lack what it asks for."""
    try:
        return float(eval(metric, {"pd": pd, "np": np, "nan": math.nan, **frames}))
    except (NameError, KeyError, IndexError):
        return math.nan


def compare(claim: Claim, measured: float) -> str:
    """The verdict on a number: within the tolerance of what is claimed, better than that, or worse."""
    if claim.equals is not None:
        return REPRODUCED if abs(measured - claim.equals) <= claim.tolerance * abs(claim.equals) else REFUTED
    bound, sign = (claim.at_least, 1) if claim.at_least is not None else (claim.at_most, -1)
    assert bound is not None, claim.id
    slack = claim.tolerance * abs(bound)
    if sign * (measured - bound) > slack:
        return EXCEEDED
    return REPRODUCED if sign * (measured - bound) >= -slack else REFUTED


def judge_all(results: Results) -> list[Verdict]:
    return [judge(claim, results) for claim in load()]


def frame(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """The claims table that is written and that the paper shows."""
    return pd.DataFrame(
        {
            "id": v.claim.id, "origin": v.claim.origin, "statement": v.claim.statement.strip(), "source": v.claim.source,
            "experiment": v.claim.experiment, "kind": v.claim.kind, "implementation": v.claim.implementation,
            "claimed": v.claim.claimed, "measured": v.measured, "unit": v.claim.unit,
            "verdict": v.verdict, "remark": v.reason or v.claim.remark.strip(), "cost": v.claim.cost,
        }
        for v in verdicts
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m artifact.claims", description="Judge every claim by results.")
    parser.add_argument("id", nargs="*", metavar="ID", help="judge these claims only, and write nothing (default: all)")
    parser.add_argument("--results", type=Path, default=DEFAULT, help="results folder (default: results/reference)")
    options = parser.parse_args(arguments)
    return exit_code(lambda: _judged(options.results, options.id))


def _judged(folder: Path, chosen: Sequence[str]) -> int:
    results, known = tables.at(folder), {claim.id: claim for claim in load()}
    for unknown in set(chosen) - set(known):
        raise UserError(f"unknown claim '{unknown}': one of {', '.join(known)}")
    verdicts = [judge(known[name], results) for name in chosen or known]
    if not chosen:
        record.write_files(folder, {"claims.csv": frame(verdicts).to_csv(index=False)})
    show(verdicts, Screen(150))
    if failed := refuted_facts(verdicts):
        print(f"error: refuted claims of ours: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


def refuted_facts(verdicts: Sequence[Verdict]) -> list[str]:
    """Those of ours; they fail the command."""
    return [v.claim.id for v in verdicts if v.claim.origin == OURS and v.claim.kind == FACT and v.verdict == REFUTED]


def show(verdicts: Sequence[Verdict], console: Console) -> None:
    """Print the verdicts as a table, and how many there are of each."""
    colour: dict[str, Any] = {REPRODUCED: "green", EXCEEDED: "green", REFUTED: "red", NOT_RUN: "dim", NOT_JUDGED: "dim"}
    for origin, title in ((PRIOR_WORK, "Claims of prior work"), (OURS, "Our claims")):
        table = Table("claim", "statement", "claimed", "measured", "verdict", "remark", title=title, show_lines=True)
        shown = [v for v in verdicts if v.claim.origin == origin]
        for v in shown:
            measured = f"{number(v.measured)} {v.claim.unit}" if v.verdict != NOT_RUN else "–"
            word = f"[{colour[v.verdict]}]{v.verdict}[/]"
            why = v.claim.remark.strip() if v.verdict == REFUTED else v.reason
            table.add_row(v.claim.id, v.claim.statement.strip(), v.claim.claimed, measured, word, why)
        if shown:
            console.print(table)
    counts = pd.Series([v.verdict for v in verdicts]).value_counts()
    console.print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
