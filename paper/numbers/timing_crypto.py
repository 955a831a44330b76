"""The numbers and tables of the paper's section on timing."""

from typing import Any

import pandas as pd

from artifact.words import number, quantity
from experiments.harness.tables import Results
from experiments.timing_crypto.policies import EVICTIONS, POLICIES, Policy
from paper import numbers

EXPERIMENT, JUDGE = "timing_crypto", "gpu_compute"
_CONTROLS = ("aes_scan", "aes_bitsliced")
_SHUFFLED = "aes_ttable_shuffled"
_PRIMITIVES = "primitives"


def build(results: Results) -> dict[str, Any]:
    """As `numbers` says."""
    own = [part(results) for part in (_vectors, _proven, _leaks, _alignment, _noisy, _recovery, _costs)]
    return numbers.joined({"evictions": EVICTIONS}, *own)


def _vectors(results: Results) -> dict[str, Any]:
    vectors, cases = results.table(EXPERIMENT, "vectors"), results.table("conformance", "cases")
    return {
        "vectors": vectors["cases"].sum(),
        "vectors_wrong": (vectors["cases"] - vectors["passed"]).sum(),
        "timing_cases": cases.loc[cases["kind"] == "timing", "cases"].sum(),
    }


def _proven(results: Results) -> dict[str, Any]:
    known, found = (results.table(EXPERIMENT, name) for name in ("functions", "constant_time"))
    naive = found[(found["implementation"] == _PRIMITIVES) & ~found["function"].str.startswith("ct_")]
    proven = naive.assign(proven=naive["verdict"] == "proven").groupby("function")["proven"].agg(["any", "all"])
    levels = list(found["level"].drop_duplicates())
    named = found.replace({"implementation": {_PRIMITIVES: "primitives, ct_*"}})
    named.loc[naive.index, "implementation"] = "primitives, naive"
    return {
        "known_functions": known["function"].nunique(),
        "known_verdicts": len(known),
        "levels": known["level"].nunique(),
        "false_proven": (known["outcome"] == "false_proven").sum(),
        "false_alarms_taint": (known["outcome"] == "false_alarm").sum(),
        "secrets_tried": found["secrets_tried"].max(),
        "naive_functions": len(proven),
        "naive_broken": (~proven["all"]).sum(),
        "naive_mixed": (proven["any"] & ~proven["all"]).sum(),
        "constant_levels": [levels],
        "constant": [_constant_row(name, own, levels) for name, own in named.groupby("implementation", sort=False)],
    }


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
        traces = [plain["distinct_pcs"], plain["distinct_accesses"]]
        rows.append([str(name), plain["between_cycles"], *cached.reindex(POLICIES), *traces])
    return {
        "flat_sd": flat["within_sd"].max(),
        "early_min": early["cycles_min"].min(),
        "early_max": early["cycles_max"].max(),
        "leak_secrets": own["secrets"].max(),
        "cached_secrets": own[own["timing"] == "cache"]["secrets"].max(),
        "timing_calls": (others["secrets"] * others["repeats"]).sum(),
        "timing_disagreements": others["disagreements"].sum(),
        "leaks": rows,
    }


def _alignment(results: Results) -> dict[str, Any]:
    """Leaks of tables that do not begin with a line, and of the same ones that do."""
    if "sweep" not in results.provenance(EXPERIMENT)["tables"]:
        return {}
    sweep = results.table(EXPERIMENT, "sweep")
    plain = Policy()
    same = sweep[(sweep["policy"] == plain.name) & (sweep["line_bytes"] == plain.line_bytes)]
    of = same.groupby(["implementation", same["table_offset"] > 0])["between_cycles"].max()
    names, where = {"aes_ttable": "ttable", "aes_sbox": "sbox"}, {False: "aligned", True: "offset"}
    return {f"{names[i]}_{where[k]}": v for (i, k), v in of.items() if i in names}


def _noisy(results: Results) -> dict[str, Any]:
    dudect, variance = results.table(EXPERIMENT, "dudect"), results.table(EXPERIMENT, "variance")
    rows = []
    for (machine, condition), own in dudect.groupby(["machine", "condition"], sort=False):
        last = own[own["measurements"] == own["measurements"].max()]
        spread = f"{number(last['max_t'].min())} – {number(last['max_t'].max())}"
        where = f"{machine}, {last['clock'].iloc[0]}"
        rows.append([where, str(condition), last["measurements"].iloc[0], last["max_t"].median(), spread])
    constant = dudect[(dudect["machine"] != "native") & (dudect["implementation"] == "compare_constant")]
    last = constant[constant["measurements"] == constant["measurements"].max()]
    outside = {f"outside_{m}": own["max_t"].median() for m, own in last.groupby("machine")}
    return {**outside, "native_cv": variance["variation"].median(), "dudect": rows}


def _recovery(results: Results) -> dict[str, Any]:
    if "recovery" not in results.provenance(EXPERIMENT)["tables"]:
        return {}
    recovery = results.table(EXPERIMENT, "recovery")
    best = {i: own[own["encryptions"] == own["encryptions"].max()] for i, own in recovery.groupby("implementation")}
    control = pd.concat([best[i] for i in _CONTROLS if i in best] or [recovery.iloc[:0]])
    values: dict[str, Any] = {"control_found": control["found"].sum(), "control_tried": len(control)}
    if _SHUFFLED in best:
        values |= {"shuffled_found": best[_SHUFFLED]["found"].sum(), "shuffled_tried": len(best[_SHUFFLED])}
    for name, implementation in (("keys", "aes_ttable"), ("sbox", "aes_sbox")):
        if implementation in best:
            own = best[implementation]
            values |= {
                f"{name}_line": own["line_bytes"].iloc[0],
                f"{name}_encryptions": own["encryptions"].iloc[0],
                f"{name}_found": own["found"].sum(),
                f"{name}_tried": len(own),
                f"{name}_time": quantity(own["time_s"].median(), "s"),
            }
    return values


def _costs(results: Results) -> dict[str, Any]:
    worst = results.table("benchmarks", "ratios").groupby("baseline")["value"].max()
    kinds = {"taint": "with taint", "trace": "with a trace", "cache": "with a cache"}
    return {f"cost_{kind}": f"{worst[baseline]:.2f}" for kind, baseline in kinds.items() if baseline in worst}
