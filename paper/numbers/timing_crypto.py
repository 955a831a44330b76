"""The numbers and tables of the paper's section on timing."""

from typing import Any

import pandas as pd

from artifact.words import number, quantity
from experiments.harness.tables import Results
from experiments.timing_crypto.policies import EVICTIONS, POLICIES, Policy
from paper import numbers

EXPERIMENT, JUDGE = "timing_crypto", "gpu_compute"
_CONTROLS = ("aes_scan", "aes_bitsliced")
_PRIMITIVES = "primitives"


def build(results: Results) -> dict[str, Any]:
    """As `numbers.build`."""
    own = [part(results) for part in (_vectors, _proven, _leaks, _alignment, _noisy, _recovery, _costs)]
    return numbers.joined([{"values": {"evictions": number(EVICTIONS)}}, *own])


def _vectors(results: Results) -> dict[str, Any]:
    vectors, cases = results.table(EXPERIMENT, "vectors"), results.table("conformance", "cases")
    timing = cases[cases["kind"] == "timing"]
    return {
        "values": {
            "vectors": number(vectors["cases"].sum()),
            "vectors_wrong": number((vectors["cases"] - vectors["passed"]).sum()),
            "timing_cases": number(timing["cases"].sum()),
        }
    }


def _proven(results: Results) -> dict[str, Any]:
    known, found = (results.table(EXPERIMENT, name) for name in ("functions", "constant_time"))
    naive = found[(found["implementation"] == _PRIMITIVES) & ~found["function"].str.startswith("ct_")]
    proven = naive.assign(proven=naive["verdict"] == "proven").groupby("function")["proven"].agg(["any", "all"])
    levels = list(found["level"].drop_duplicates())
    named = found.assign(
        implementation=found["implementation"].where(found["implementation"] != _PRIMITIVES, "primitives, ct_*")
    )
    named.loc[naive.index, "implementation"] = "primitives, naive"
    values = {
        "known_functions": number(known["function"].nunique()),
        "known_verdicts": number(len(known)),
        "levels": number(known["level"].nunique()),
        "false_proven": number((known["outcome"] == "false_proven").sum()),
        "false_alarms_taint": number((known["outcome"] == "false_alarm").sum()),
        "wrong_lines": number((known["outcome"] == "wrong_lines").sum()),
        "secrets_tried": number(found["secrets_tried"].max()),
        "naive_functions": number(len(proven)),
        "naive_broken": number((~proven["all"]).sum()),
        "naive_mixed": number((proven["any"] & ~proven["all"]).sum()),
    }
    rows = [_constant_row(name, own, levels) for name, own in named.groupby("implementation", sort=False)]
    return {"values": values, "tables": {"constant": rows, "constant_levels": [levels]}}


def _constant_row(name: str, own: pd.DataFrame, levels: list[str]) -> list[str]:
    shares = []
    for level in levels:
        verdicts = own[own["level"] == level]["verdict"]
        shares.append(f"{(verdicts == 'proven').sum()} of {len(verdicts)}")
    worst = own[own["verdict"] != "proven"].sort_values("violations", ascending=False, kind="stable")
    return [name.replace("_", " "), *shares, "–" if worst.empty else str(worst.iloc[0]["first_line"])]


def _leaks(results: Results) -> dict[str, Any]:
    leaks = results.table(EXPERIMENT, "leaks")
    flat, own = leaks[leaks["timing"] == "flat"], leaks[leaks["backend"] == JUDGE]
    others = leaks[leaks["backend"] != JUDGE]  # those that were compared with another machine
    early = flat[(flat["implementation"] == "compare_early") & (flat["backend"] == JUDGE)]
    rows = []
    for name, part in own.groupby("implementation", sort=False):
        plain = part[part["timing"] == "flat"].iloc[0]
        cached = part[part["timing"] == "cache"].set_index("policy")["between_cycles"]
        cells = [number(cached[p]) if p in cached.index else "–" for p in POLICIES]
        traces = [number(plain["distinct_pcs"]), number(plain["distinct_accesses"])]
        rows.append([str(name), number(plain["between_cycles"]), *cells, *traces])
    values = {
        "flat_sd": number(flat["within_sd"].max()),
        "early_min": number(early["cycles_min"].min()),
        "early_max": number(early["cycles_max"].max()),
        "leak_secrets": number(own["secrets"].max()),
        "cached_secrets": number(own[own["timing"] == "cache"]["secrets"].max()),
        "timing_calls": number((others["secrets"] * others["repeats"]).sum()),
        "timing_disagreements": number(others["disagreements"].sum()),
    }
    return {"values": values, "tables": {"leaks": rows}}


def _alignment(results: Results) -> dict[str, Any]:
    """Leaks of tables that do not begin with a line, and of the same ones that do."""
    if "sweep" not in results.provenance(EXPERIMENT)["tables"]:
        return {}
    sweep = results.table(EXPERIMENT, "sweep")
    plain = Policy()
    same = sweep[(sweep["policy"] == plain.name) & (sweep["line_bytes"] == plain.line_bytes)]
    of = same.groupby(["implementation", same["table_offset"] > 0])["between_cycles"].max()
    names = {"aes_ttable": "ttable", "aes_sbox": "sbox"}
    where = {False: "aligned", True: "offset"}
    return {"values": {f"{names[i]}_{where[k]}": number(v) for (i, k), v in of.items() if i in names}}


def _noisy(results: Results) -> dict[str, Any]:
    dudect, variance = results.table(EXPERIMENT, "dudect"), results.table(EXPERIMENT, "variance")
    rows = []
    for (machine, condition), own in dudect.groupby(["machine", "condition"], sort=False):
        last = own[own["measurements"] == own["measurements"].max()]
        spread = f"{number(last['max_t'].min())} – {number(last['max_t'].max())}"
        where = f"{machine}, {last['clock'].iloc[0]}"
        count = number(last["measurements"].iloc[0])
        rows.append([where, str(condition), count, number(last["max_t"].median()), spread])
    constant = dudect[(dudect["machine"] != "native") & (dudect["implementation"] == "compare_constant")]
    last = constant[constant["measurements"] == constant["measurements"].max()]
    values = {f"outside_{m}": number(own["max_t"].median()) for m, own in last.groupby("machine")}
    values["native_cv"] = number(variance["variation"].median())
    return {"values": values, "tables": {"dudect": rows}}


def _recovery(results: Results) -> dict[str, Any]:
    if "recovery" not in results.provenance(EXPERIMENT)["tables"]:
        return {}
    recovery = results.table(EXPERIMENT, "recovery")
    best = {i: own[own["encryptions"] == own["encryptions"].max()] for i, own in recovery.groupby("implementation")}
    control = pd.concat([best[i] for i in _CONTROLS if i in best] or [recovery.iloc[:0]])
    values = {"control_found": number(control["found"].sum()), "control_tried": number(len(control))}
    if "aes_ttable" in best:
        own = best["aes_ttable"]
        values |= {
            "attack_encryptions": number(own["encryptions"].iloc[0]),
            "keys_found": number(own["found"].sum()),
            "keys_tried": number(len(own)),
            "attack_time": quantity(own["time_s"].median(), "s"),
        }
    if "aes_sbox" in best:
        own = best["aes_sbox"]
        values |= {
            "sbox_line": number(own["line_bytes"].iloc[0]),
            "sbox_encryptions": number(own["encryptions"].iloc[0]),
            "sbox_found": number(own["found"].sum()),
            "sbox_tried": number(len(own)),
        }
    return {"values": values}


def _costs(results: Results) -> dict[str, Any]:
    ratios = results.table("benchmarks", "ratios")
    kinds = {"taint": "with taint", "trace": "with a trace", "cache": "with a cache"}
    worst = {kind: ratios[ratios["baseline"] == baseline]["value"] for kind, baseline in kinds.items()}
    return {"values": {f"cost_{kind}": f"{value.max():.2f}" for kind, value in worst.items() if len(value)}}
