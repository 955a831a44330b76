"""Numbers of the paper's section on the neural arithmetic."""

from typing import Any

import pandas as pd

from artifact.words import number, quantity
from experiments.harness.tables import Results
from paper import numbers

EXPERIMENT = "alu_verification"


def build(results: Results) -> dict[str, Any]:
    """As `numbers.build`."""
    return numbers.joined([part(results) for part in (_components, _evidence, _latency)])


def _components(results: Results) -> dict[str, Any]:
    components, decoder, proofs = (results.table(EXPERIMENT, t) for t in ("components", "decoder", "proofs"))
    weakest = components.loc[components["weight_margin"].idxmin()]
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
        "proof_time": quantity(proofs["time_s"].sum(), "s"),
    }
    tables = {
        "components": [
            [r.component.replace("_", " "), *map(number, (r.rows, r.mismatches, r.smallest_margin, r.weight_margin))]
            for r in components.itertuples()
        ],
        "proofs": [
            [lemma, method, result, number(len(g)), quantity(g["time_s"].sum(), "s")]
            for (lemma, method, result), g in proofs.groupby(["lemma", "method", "result"], sort=False)
        ],
    }
    return {"values": values, "tables": tables}


def _evidence(results: Results) -> dict[str, Any]:
    faults, operations = (results.table(EXPERIMENT, t) for t in ("faults", "operations"))
    injected, control = faults[faults["fault"] != "none"], faults[faults["fault"] == "none"]
    caught = injected["detected_by"].fillna("")
    injected = injected.assign(enumeration=caught.str.contains("enumeration"), proof=caught.str.contains("proof"))
    values = {
        "proven": number(operations.query("evidence == 'proven' and mismatches == 0")["operation"].nunique()),
        "faults": number(len(injected)),
        "faults_found": number(injected["detected"].sum()),
        "false_alarms": number(control["detected"].sum()),
        "operations": number(operations["operation"].nunique()),
        "pairs": number(operations["cases"].sum()),
        "mismatches": number(operations["mismatches"].sum()),
    }
    tables = {
        "evidence": [
            [b, str(bits), e, str(g["operation"].nunique()), _cases(e, g), number(g["mismatches"].sum())]
            for (b, bits, e), g in operations.groupby(["backend", "bits", "evidence"], sort=False)
        ],
        "faults": [
            [kind, *(number(x) for x in (len(g), g["detected"].sum(), g["enumeration"].sum(), g["proof"].sum()))]
            for kind, g in injected.groupby("fault", sort=False)
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
        op for op in ("add", "sub", "slt", "and", "sll", "sra", "mul", "mulh", "div", "rem") if (op, large) in time_s.index
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
