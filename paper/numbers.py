"""Every number and table of the paper, from recorded results; `main.typ` types none of its own.

`values` are pieces of prose such as "1.08 ms", `tables` are rows of text. What a results folder does not hold is "not run".
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from artifact import claims
from artifact.words import number, quantity
from experiments.harness.tables import DEFAULT, Results
from paper import synthesis, timing

NOT_RUN = "not run"
_KINDS = ("value", "trap", "timing", "soft limit", "gradient")


def build(results: Results) -> dict[str, Any]:
    """`{"values": {name: text}, "tables": {name: rows}}`. Raises UserError where an experiment is missing or damaged."""
    own = (
        _conformance, _alu, _latency, _benchmarks, _profile, _soft_step, timing.build, synthesis.build, _claims, _origin,
    )  # fmt: skip
    parts = [of(results) for of in own]
    values: dict[str, str] = {}
    tables: dict[str, list[list[str]]] = {}
    for part in (*parts, _elsewhere()):
        values |= part["values"]
        tables |= part["tables"]
    return {"values": values, "tables": tables}


def _conformance(results: Results) -> dict[str, Any]:
    cases = results.table("conformance", "cases")
    totals = cases.groupby(["backend", "kind"], sort=False)[["cases", "passed"]].sum()
    rows = [
        [backend, *(_share(totals.loc[(backend, kind)]) if (backend, kind) in totals.index else "–" for kind in _KINDS)]
        for backend in cases["backend"].drop_duplicates()
    ]
    values = {
        "machines": str(cases["backend"].nunique()),
        "cases": number(cases["cases"].sum()),
        "failed": number(cases["failed"].sum()),
    }
    return {"values": values, "tables": {"conformance": rows}}


def _share(row: pd.Series) -> str:
    passed, cases = number(row["passed"]), number(row["cases"])
    return passed if passed == cases else f"{passed} of {cases}"


def _alu(results: Results) -> dict[str, Any]:
    components = results.table("alu_verification", "components", "weight_margin")
    proofs, faults, operations = (results.table("alu_verification", t) for t in ("proofs", "faults", "operations"))
    decoder = results.table("alu_verification", "decoder")
    weakest = components.loc[components["weight_margin"].idxmin()]
    injected, control = faults[faults["fault"] != "none"], faults[faults["fault"] == "none"]
    caught = injected["detected_by"].fillna("")
    injected = injected.assign(enumeration=caught.str.contains("enumeration"), proof=caught.str.contains("proof"))
    evidence = operations.groupby(["backend", "bits", "evidence"], sort=False)
    values = {
        "components": number(len(components)),
        "component_inputs": number(components["rows"].sum()),
        "component_mismatches": number(components["mismatches"].sum()),
        "decoder_cases": number(decoder["cases"].sum()),
        "decoder_mismatches": number(decoder["mismatches"].sum()),
        "unsaturated": number(components["unsaturated"].sum()),
        "weight_margin": number(weakest["weight_margin"]),
        "weakest_component": weakest["component"].replace("_", " "),
        "lemmas": number(len(proofs)),
        "lemmas_hold": number((proofs["result"] == "holds").sum()),
        "proven": number(operations.query("evidence == 'proven' and mismatches == 0")["operation"].nunique()),
        "proof_time": quantity(proofs["time_s"].sum(), "s"),
        "faults": number(len(injected)),
        "faults_found": number(injected["detected"].sum()),
        "false_alarms": number(control["detected"].sum()),
        "operations": number(operations["operation"].nunique()),
        "pairs": number(operations["cases"].sum()),
        "mismatches": number(operations["mismatches"].sum()),
    }
    tables = {
        "components": [
            [r.component.replace("_", " "), *map(number, (r.rows, r.mismatches, r.smallest_margin, r.weight_margin))]
            for r in components.itertuples()
        ],
        "evidence": [
            [b, str(bits), e, str(g["operation"].nunique()), _cases(e, g), number(g["mismatches"].sum())]
            for (b, bits, e), g in evidence
        ],
        "faults": [
            [kind, *(number(x) for x in (len(g), g["detected"].sum(), g["enumeration"].sum(), g["proof"].sum()))]
            for kind, g in injected.groupby("fault", sort=False)
        ],
        "proofs": [
            [lemma, method, result, number(len(g)), quantity(g["time_s"].sum(), "s")]
            for (lemma, method, result), g in proofs.groupby(["lemma", "method", "result"], sort=False)
        ],
    }
    return {"values": values, "tables": tables}


def _cases(evidence: str, rows: pd.DataFrame) -> str:
    """Pairs tried; a proof tries none and holds for all."""
    return "all" if evidence == "proven" else number(rows["cases"].sum())


def _latency(results: Results) -> dict[str, Any]:
    latency = results.table("alu_verification", "latency")
    neural = latency[latency["backend"] == "torch_neural"]
    large = int(latency["batch"].max())
    time_s = neural.set_index(["operation", "batch"])["median_s"]

    def one(operation: str, batch: int) -> float:
        return time_s.get((operation, batch), float("nan")) / batch

    shown = [
        op
        for op in ("add", "sub", "slt", "and", "sll", "sra", "mul", "mulh", "div", "rem")
        if (op, large) in time_s.index
    ]
    values = {
        "large_batch": number(large),
        "add_alone": quantity(one("add", 1), "s"),
        "mul_alone": quantity(one("mul", 1), "s"),
        "mul_over_add_alone": number(one("mul", 1) / one("add", 1)),
        "mul_over_add_batched": number(one("mul", large) / one("add", large)),
        "add_rate_batched": quantity(1 / one("add", large), "/s"),
    }
    rows = [[op, quantity(one(op, 1), "s"), quantity(one(op, large), "s")] for op in shown]
    return {"values": values, "tables": {"latency": rows}}


def _benchmarks(results: Results) -> dict[str, Any]:
    throughput, ratios = results.table("benchmarks", "throughput"), results.table("benchmarks", "ratios")
    median = throughput.groupby(["backend", "batch"], sort=False)["instructions_per_s"].median()
    batches = sorted(throughput["batch"].unique())
    rows = [
        [backend, *(quantity(median[backend, b], "/s") if (backend, b) in median.index else "–" for b in batches)]
        for backend in throughput["backend"].drop_duplicates()
    ]
    values = {f"{backend}_at_{batch}": quantity(speed, "/s") for (backend, batch), speed in median.items()}
    tables = {
        "throughput": rows,
        "throughput_batches": [[number(b) for b in batches]],
        "ratios": [[r.name, str(r.baseline), f"{r.value:.2f}", f"{r.low:.2f} – {r.high:.2f}"] for r in _rows(ratios)],
    }
    return {"values": values, "tables": tables}


def _profile(results: Results) -> dict[str, Any]:
    """Time by kind of instruction on each machine, and how far a step of the tensor computer is from what it must do."""
    profile, floor = results.table("benchmarks", "profile"), results.table("benchmarks", "floor").iloc[0]
    time_s = 1 / profile.pivot(index="instruction", columns="backend", values="instructions_per_s")
    machines = list(profile["backend"].drop_duplicates())
    rows = [[i, *(quantity(time_s.loc[i, m], "s") for m in machines)] for i in profile["instruction"].drop_duplicates()]
    throughput = results.table("benchmarks", "throughput")
    speed = throughput.groupby(["backend", "batch"])["instructions_per_s"].median()
    tensor, compiled = speed[floor["backend"], 1], speed["gpu_compute", 1]
    values = {
        "step_operations": number(floor["operations_per_step"]),
        "step_bytes": number(floor["bytes_per_step"]),
        "step_time": quantity(1 / tensor, "s"),
        "step_operations_per_ns": number(floor["operations_per_step"] * tensor / 1e9),
        "step_over_compiled": number(compiled / tensor),
    }
    if (floor["backend"], 256) in speed.index:
        values["step_time_256"] = quantity(1 / speed[floor["backend"], 256], "s")
    return {"values": values, "tables": {"profile": rows, "profile_machines": [machines]}}


def _soft_step(results: Results) -> dict[str, Any]:
    """Speed of the soft machine, where the benchmarks recorded it."""
    if "soft_step" not in results.provenance("benchmarks")["tables"]:
        return {"values": {}, "tables": {"soft_step": []}}
    step = results.table("benchmarks", "soft_step")
    rows = [[r.backend, r.relaxation, r.dtype, quantity(r.program_example_steps_per_s, "/s")] for r in _rows(step)]
    return {"values": {}, "tables": {"soft_step": rows}}


def _elsewhere() -> dict[str, Any]:
    """Throughput in the reference results of other hardware, `results/reference-…`, where there are any."""
    rows = []
    for results in map(Results, sorted(DEFAULT.parent.glob(f"{DEFAULT.name}-*"))):
        if "benchmarks" not in results.experiments():
            continue
        throughput = results.table("benchmarks", "throughput")
        hardware = results.provenance("benchmarks")["machine"]
        median = throughput.groupby(["backend", "batch"], sort=False, as_index=False)["instructions_per_s"].median()
        for r in _rows(median.loc[median.groupby("backend")["batch"].idxmax()]):
            rows.append(
                [hardware["gpu"] or hardware["cpu"], r.backend, number(r.batch), quantity(r.instructions_per_s, "/s")]
            )
    return {"values": {}, "tables": {"elsewhere": rows}}


def _rows(table: pd.DataFrame):
    """Rows as named tuples without the index, whose names may then be any column's."""
    return table.itertuples(index=False, name="Row")


def _claims(results: Results) -> dict[str, Any]:
    verdicts = claims.judge_all(results)
    rows = {
        whose: [
            [v.claim.statement.strip(), v.claim.claimed, _measured(v), v.verdict]
            for v in verdicts
            if v.claim.whose == whose
        ]
        for whose in ("seed", "ours")
    }
    values = {
        f"{whose}_{verdict.split()[0]}": str(sum(r[-1] == verdict for r in rows[whose]))
        for whose in rows
        for verdict in (claims.REPRODUCED, claims.EXCEEDED, claims.REFUTED, claims.NOT_RUN)
    }
    values |= {f"{whose}_claims": str(len(rows[whose])) for whose in rows}
    return {"values": values, "tables": {f"{whose}_claims": rows[whose] for whose in rows}}


def _measured(verdict: claims.Verdict) -> str:
    return "–" if verdict.verdict == claims.NOT_RUN else f"{number(verdict.measured)} {verdict.claim.unit}".strip()


def _origin(results: Results) -> dict[str, Any]:
    """Where the numbers come from; a reader must be able to tell one machine's tables from another's."""
    provenance: Mapping[str, Mapping[str, Any]] = {e: results.provenance(e) for e in results.experiments()}
    first = next(iter(provenance.values()))
    commits = sorted({str(p["code"]["commit"])[:10] + ("+" if p["code"]["dirty"] else "") for p in provenance.values()})
    rows = [
        [e, p["scale"], quantity(p["wall_time_s"], "s"), quantity(p["peak_memory_bytes"], "B")]
        for e, p in provenance.items()
    ]
    values = {
        "scale": " and ".join(dict.fromkeys(p["scale"] for p in provenance.values())),
        "cpu": first["machine"]["cpu"],
        "cores": str(first["machine"]["cores"]),
        "gpu": first["machine"]["gpu"] or "no graphics processor",
        "commit": ", ".join(commits) + (" (+: changed since)" if any("+" in c for c in commits) else ""),
        "versions": ", ".join(
            f"{k} {v}" for k, v in first["packages"].items() if k in ("python", "jax", "torch", "numba")
        ),
    }
    return {"values": values, "tables": {"costs": rows}}
