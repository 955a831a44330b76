"""Claims, paper, report and the door: what they say follows from the tables, and what is missing is said."""

import re
import subprocess
import sys
import tomllib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import made_up
from artifact import adopt, appendix, build_report, claims, words
from artifact.claims import EXCEEDED, NOT_RUN, REFUTED, REPRODUCED, Claim
from backends.interface import UserError
from experiments.harness import record, tables
from experiments.harness.provenance import ROOT
from experiments.harness.tables import DEFAULT, Results
from figures import __main__ as figures
from paper import __main__ as paper
from paper import numbers


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = made_up.results(tmp_path_factory.mktemp("results"))
    assert figures.main(["--results", str(folder)]) == 0
    return folder


def claim(**said) -> Claim:
    return Claim("c", "ours", "s", "here", "conformance", "1", **said)


@given(st.floats(1e-9, 1e9), st.floats(0, 0.9), st.floats(0.01, 100))
def test_verdicts_are_ordered(bound, tolerance, factor):
    """Better than the claim beyond the tolerance is exceeded, worse beyond it refuted, and mirrored for `at_most`."""
    rank = [REFUTED, REPRODUCED, EXCEEDED]
    measured = bound * factor
    least = rank.index(claims.compare(claim(at_least=bound, tolerance=tolerance), measured))
    most = rank.index(claims.compare(claim(at_most=bound, tolerance=tolerance), measured))
    assert least + most == 2
    if abs(factor - 1) > tolerance * 1.001 + 1e-12:
        assert least == (2 if factor > 1 else 0)


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1))
def test_equality_is_within_tolerance(value, tolerance):
    wanted = claim(equals=value, tolerance=tolerance)
    assert claims.compare(wanted, value) == REPRODUCED
    assert claims.compare(wanted, value + 0.9 * tolerance * abs(value)) == REPRODUCED
    assert claims.compare(wanted, value + 1.1 * tolerance * abs(value) + 1) == REFUTED


def test_claims_are_whole():
    found = claims.load()
    assert len({c.id for c in found}) == len(found)
    for c in found:
        assert sum(v is not None for v in (c.at_least, c.at_most, c.equals)) == 1, c.id
        assert c.origin in claims.ORIGINS, c.id
        assert (ROOT / "experiments" / "conf" / "experiment" / f"{c.experiment}.yaml").exists(), c.id
        assert c.claimed


def at_scale(results, folder, scale):
    """A copy of results that says it was made at another scale."""
    for experiment in results.experiments():
        facts = results.provenance(experiment)
        copied = {t: results.table(experiment, t) for t in facts["tables"]}
        record.write(folder / experiment, {**facts, "scale": scale}, copied)
    return Results(folder)


def test_every_metric_finds_its_rows(results, tmp_path):
    at_scale(Results(results), tmp_path / "longer", "full")
    at_scale(Results(results), tmp_path / "accelerator", "quick")
    made = at_scale(Results(results), tmp_path / "made", "full")
    made_up.belongs(tmp_path / "longer", "made", "minute")
    made_up.belongs(tmp_path / "accelerator", "made", "hardware")
    verdicts = claims.judge_all(made)
    missing = {v.claim.id for v in verdicts if v.verdict == NOT_RUN}
    assert not missing
    assert all(np.isfinite(v.measured) for v in verdicts if v.verdict != NOT_RUN)


def test_a_small_run_judges_no_timing(results, tmp_path):
    at_scale(Results(results), tmp_path / "longer", "smoke")
    made = at_scale(Results(results), tmp_path / "made", "smoke")
    made_up.belongs(tmp_path / "longer", "made", "minute")
    timed = [v for v in claims.judge_all(made) if v.claim.scales]
    assert timed
    assert all(v.verdict == NOT_RUN and "too small" in v.reason for v in timed)


def test_multiplication_claim_reads_the_latencies():
    wanted = next(c for c in claims.load() if c.id == "ncpu-mul-12x")
    for ratio in (0.5, 12.0, 20.0):
        latency = pd.DataFrame(
            [("torch_neural", "add", 1, ratio * 1e-4), ("torch_neural", "mul", 1, 1e-4), ("torch_neural", "mul", 8, 1.0)],
            columns=["backend", "operation", "batch", "median_s"],
        )
        measured = claims.measure(wanted.metric, {"latency": latency})
        assert measured == pytest.approx(ratio)
        assert claims.compare(wanted, measured) == {0.5: REFUTED, 12.0: REPRODUCED, 20.0: EXCEEDED}[ratio]


def test_a_refuted_claim_of_ours_fails_and_one_of_prior_work_does_not(results, tmp_path, capsys):
    made_up.results(tmp_path)
    assert claims.main(["--results", str(tmp_path)]) == 0
    verdicts = tables.read(tmp_path / "claims.csv").set_index("id")["verdict"]
    assert verdicts["ncpu-every-input"] == REFUTED
    facts, cases = Results(tmp_path).provenance("conformance"), Results(tmp_path).table("conformance", "cases")
    cases.loc[0, ["passed", "failed"]] = (999, 1)
    record.write(tmp_path / "conformance", facts, {"cases": cases})
    capsys.readouterr()
    assert claims.main(["--results", str(tmp_path)]) == 1
    assert "our-machines-agree" in capsys.readouterr().err


def test_nothing_run_is_nothing_claimed(tmp_path):
    assert {v.verdict for v in claims.judge_all(Results(tmp_path))} == {NOT_RUN}


@pytest.mark.parametrize("main", [claims.main, paper.main, figures.main])
def test_no_such_results_folder(main, capsys):
    assert main(["--results", "/nowhere"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "/nowhere" in error


def test_damaged_results_are_named(tmp_path, capsys):
    made_up.results(tmp_path)
    (tmp_path / "conformance" / "provenance.json").write_text("{")
    for main in (claims.main, paper.main):
        assert main(["--results", str(tmp_path)]) == 2
        assert "provenance.json is damaged" in capsys.readouterr().err


@given(st.floats(1e-9, 1e12))
def test_a_number_in_words_is_the_number(value):
    text = words.number(value).replace(",", "")
    assert float(text) == pytest.approx(value, rel=0.006)
    size = {"G": 1e9, "M": 1e6, "k": 1e3, "m": 1e-3, "µ": 1e-6, "n": 1e-9}
    digits, unit = words.quantity(value, "s").split(" ")
    assert float(digits.replace(",", "")) * size.get(unit[:-1], 1) == pytest.approx(value, rel=0.006)


def test_paper_is_the_same_bytes_and_shows_the_numbers(results, tmp_path):
    for name in ("1.pdf", "2.pdf"):
        assert paper.main(["--results", str(results), "--out", str(tmp_path / name)]) == 0
    first = (tmp_path / "1.pdf").read_bytes()
    assert first == (tmp_path / "2.pdf").read_bytes()
    assert first.startswith(b"%PDF")
    assert numbers.build(Results(results))["values"]["cases"] == "16,000"


def test_paper_types_no_number_that_is_not_there(results):
    source = "".join(file.read_text() for file in (ROOT / "paper").rglob("*.typ"))
    values = numbers.build(Results(results))
    assert set(re.findall(r'#n\("(\w+)"\)', source)) <= set(values["values"])
    assert set(re.findall(r"data\.tables\.(\w+)", source)) <= set(values["tables"])


def test_paper_has_no_markup_in_raw_text():
    """Between backticks nothing is evaluated: a number there would be shown as its markup."""
    for file in (ROOT / "paper").rglob("*.typ"):
        raw = re.findall(r"`([^`\n]*)`", file.read_text(encoding="utf-8"))
        assert not [text for text in raw if re.search(r"#\w+\(", text)], file


def test_paper_cites_what_it_lists():
    source = "".join(file.read_text() for file in (ROOT / "paper").rglob("*.typ"))
    listed = set(re.findall(r"@\w+\{(\w+),", (ROOT / "paper" / "refs.bib").read_text()))
    assert listed <= set(re.findall(r"@(\w+)", source))


def test_paper_needs_its_figures(tmp_path, capsys):
    made_up.results(tmp_path)
    assert paper.main(["--results", str(tmp_path)]) == 2
    assert "python -m figures" in capsys.readouterr().err


def test_report_shows_every_claim_and_needs_no_network(results, tmp_path):
    out = tmp_path / "report.html"
    assert build_report.main(["--results", str(results), "--out", str(out)]) == 0
    html = out.read_text()
    assert all(c.id in html for c in claims.load())
    assert html.count("data:image/svg+xml") + html.count("<svg") >= 3
    assert not re.findall(r"""(?:src|href)=["']?https?:""", html)
    assert "Traceback" not in html
    assert not re.findall(r"#\w+\(\"|\{\{|\*\*\w", re.sub(r"<(style|svg).*?</\1>", "", html, flags=re.DOTALL))


def test_report_of_nothing(tmp_path, capsys):
    assert build_report.main(["--results", str(tmp_path)]) == 2
    assert "no results of conformance" in capsys.readouterr().err


def test_appendix_is_current():
    text = appendix.APPENDIX.read_text()
    assert appendix.filled(text, Results(tables.DEFAULT)) == text, "python -m artifact.appendix refreshes it"


def test_appendix_has_a_row_an_experiment(results):
    table = appendix.costs(Results(results)).splitlines()
    assert len(table) == 2 + len(Results(results).experiments())
    assert "made up, 2 cores" in table[-1]
    assert "12.5 s" in table[-1]


def test_adopted_results_are_the_same_and_whole(results, tmp_path):
    assert adopt.main(["--from", str(results), "--to", str(tmp_path)]) == 0
    for name in Results(results).experiments():
        tables.check(tmp_path / name)
        assert Results(tmp_path).provenance(name) == Results(results).provenance(name)
    facts = Results(results).provenance("conformance")
    record.write(tmp_path / "conformance", {**facts, "code": {"commit": "1", "dirty": True}}, {})
    with pytest.raises(UserError, match="uncommitted"):
        adopt.adopt(tmp_path, tmp_path / "reference")
    assert not (tmp_path / "reference").exists()


def test_runs_of_a_sweep_are_joined(results, tmp_path):
    """Two jobs that share a seed: each row is there once, and the first job's row is the one that stays."""
    whole = Results(results).table("synthesis", "runs")
    facts = Results(results).provenance("synthesis")
    first, second = (tmp_path / "runs" / name for name in ("first", "second"))
    record.write(first, {**facts, "wall_time_s": 2.0}, {"runs": whole[whole.seed <= 1]})
    record.write(second, {**facts, "wall_time_s": 3.0}, {"runs": whole[whole.seed >= 1].assign(evaluations=-1)})
    assert adopt.main(["--runs", str(first), str(second), "--to", str(tmp_path / "joined")]) == 0
    joined = Results(tmp_path / "joined")
    runs, order = joined.table("synthesis", "runs"), ["task", "method", "seed"]
    assert runs[order].sort_values(order).to_numpy().tolist() == whole[order].sort_values(order).to_numpy().tolist()
    assert (runs.evaluations[runs.seed > 1] == -1).all() and (runs.evaluations[runs.seed <= 1] >= 0).all()
    assert joined.provenance("synthesis")["wall_time_s"] == 5.0
    assert [run["wall_time_s"] for run in joined.provenance("synthesis")["runs"]] == [2.0, 3.0]


def test_runs_that_cannot_be_joined_are_refused(results, tmp_path, capsys):
    for folders, reason in ((["synthesis", "conformance"], "one experiment"), (["nothing"], "no finished run")):
        asked = ["--runs", *(str(results / name) for name in folders), "--to", str(tmp_path / "joined")]
        assert adopt.main(asked) == 2
        assert reason in capsys.readouterr().err
    assert not (tmp_path / "joined").exists()


def test_a_claim_may_be_judged_by_results_beside_the_others(results, tmp_path):
    claim = claims.Claim("longer", "ours", "", "", "conformance", "len(cases)", at_least=1, beside="minute")
    own = tmp_path / "mine"
    assert claims.judge(claim, Results(own)).verdict == claims.NOT_RUN
    for name in ("mine", "longer"):
        adopt.adopt(results, tmp_path / name)
    made_up.belongs(tmp_path / "longer", "mine", "minute")
    assert claims.judge(claim, Results(own)).verdict == claims.EXCEEDED


def test_a_manifest_that_is_wrong_is_one_line(results, tmp_path, capsys):
    adopt.adopt(results, tmp_path / "mine")
    manifest = tmp_path / "manifest.yaml"
    for text, named in (
        ("gone: {title: t, scale: full, hardware: h}", "gone"),
        ("mine: {title: t, size: full}", "size"),
        ("mine: {title: t, scale: full, hardware: h, of: mine, role: friend}", "friend"),
        ("mine: [", "manifest.yaml"),
    ):
        manifest.write_text(text)
        assert claims.main(["--results", str(tmp_path / "mine")]) == 2
        err = capsys.readouterr().err
        assert named in err and "manifest.yaml" in err and err.count("\n") == 1


def test_constraints_agree():
    pins = {}
    for name in ("311", "312"):
        lines = (ROOT / f"constraints-py{name}.txt").read_text().splitlines()
        pins[name] = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    assert pins["312"].items() <= pins["311"].items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    assert {re.match(r"[\w-]+", w)[0] for w in wanted} <= set(pins["312"])


def test_make_help_names_every_target():
    done = subprocess.run(["make", "help", f"PYTHON={sys.executable}"], cwd=ROOT, capture_output=True, text=True, check=True)
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.M)[1].split()
    assert all(re.search(rf"^  {target} ", done.stdout, re.M) for target in targets)


def test_citation_file_is_what_the_format_asks():
    found = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(found)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (found["version"], found["license"]) == (project["version"], project["license"])


RATE = claims.Claim("rate", "ours", "", "", "conformance", "speeds.value.max()", at_least=100, kind=claims.RATE)
COMPARISON = claims.Claim(
    "side by side", "ours", "", "", "conformance", "speeds.value.max()", at_least=100, kind=claims.COMPARISON
)


def speeds(value: float, low: float, high: float) -> dict[str, pd.DataFrame]:
    return {"speeds": pd.DataFrame([("a", value, low, high), ("b", 1, 1, 1)], columns=["name", "value", "low", "high"])}


@pytest.mark.parametrize("sign", [1, -1])
def test_the_best_of_a_comparison_is_an_end_of_its_interval(sign):
    least, most = (100, None) if sign > 0 else (None, 100)
    quotient = "speeds.value.iloc[0] / speeds.value.iloc[1]"
    claim = replace(COMPARISON, metric=quotient, at_least=least, at_most=most)
    tables_ = {"speeds": pd.DataFrame({"value": [6.0, 2.0], "low": [4.0, 1.0], "high": [8.0, 4.0]})}
    assert claims.best(claim, tables_, 3.0) == (8.0 if sign > 0 else 1.0)


CALM, BUSY = ({"when": "", "loop_s": 0.1, "share": share, "busy_s": 1.0, "own_s": 1.0, "at_s": 1.0} for share in (1.0, 0.7))


@pytest.mark.parametrize(
    ("claim", "facts", "verdict"),
    [
        (RATE, {"calibration": [CALM]}, REFUTED),
        (RATE, {"calibration": [CALM, BUSY]}, claims.NOT_JUDGED),
        (RATE, {"calibration": [CALM, CALM | {"loop_s": 0.2}]}, claims.NOT_JUDGED),
        (RATE, {"cpu": "another"}, claims.NOT_JUDGED),
        (COMPARISON, {"cpu": "another"}, REFUTED),
        (COMPARISON, {"calibration": [BUSY]}, claims.NOT_JUDGED),
        (replace(RATE, kind=claims.FACT), {"cpu": "another", "calibration": [BUSY]}, REFUTED),
    ],
)
def test_speeds_are_judged_where_they_mean_something(monkeypatch, claim, facts, verdict):
    reference = Results(DEFAULT).provenance("conformance")
    machine = reference["machine"] | ({"cpu": facts["cpu"]} if "cpu" in facts else {})
    made = reference | {"machine": machine, "tables": {"speeds": {}}, "calibration": facts.get("calibration", [])}
    monkeypatch.setattr(Results, "provenance", lambda *_: made)
    monkeypatch.setattr(Results, "table", lambda *_: speeds(90, 80, 95)["speeds"])
    found = claims.judge(claim, Results(DEFAULT))
    assert found.verdict == verdict
    assert bool(found.reason) == (verdict == claims.NOT_JUDGED)


def test_a_comparison_falls_short_only_with_its_whole_interval(monkeypatch):
    for high, verdict in ((99.0, REFUTED), (101.0, REPRODUCED)):
        monkeypatch.setattr(Results, "table", lambda *_, high=high: speeds(90, 80, high)["speeds"])
        monkeypatch.setattr(Results, "provenance", lambda *_: {"tables": {"speeds": {}}, "scale": "quick"})
        assert claims.judge(COMPARISON, Results(DEFAULT)).verdict == verdict


def test_a_refuted_speed_of_ours_fails_nothing():
    verdicts = [claims.Verdict(claim, REFUTED) for claim in (RATE, COMPARISON, replace(RATE, kind=claims.FACT, id="fact"))]
    assert claims.refuted_facts(verdicts) == ["fact"]
