"""Numbers of the paper's section on the neural arithmetic."""

from typing import Any

from artifact.words import quantity
from experiments.harness.tables import Results
from paper import numbers

EXPERIMENT = "alu_verification"
_SHOWN = ("add", "sub", "slt", "and", "sll", "sra", "mul", "mulh", "div", "rem")


def build(results: Results) -> dict[str, Any]:
    """As `numbers` says."""
    return numbers.joined(*(part(results) for part in (_components, _evidence, _latency)))


def _components(results: Results) -> dict[str, Any]:
    components, decoder, proofs = (results.table(EXPERIMENT, t) for t in ("components", "decoder", "proofs"))
    weakest = components.loc[components["weight_margin"].idxmin()]
    return {
        "component_count": len(components),
        **components[["rows", "mismatches", "unsaturated"]].sum().add_prefix("component_"),
        **decoder[["cases", "mismatches"]].sum().add_prefix("decoder_"),
        "weight_margin": weakest["weight_margin"],
        "weakest_component": weakest["component"].replace("_", " "),
        "lemmas": len(proofs),
        "lemmas_hold": (proofs["result"] == "holds").sum(),
        "proof_time": quantity(proofs["time_s"].sum(), "s"),
        "components": [
            [r.component.replace("_", " "), r.rows, r.mismatches, r.smallest_margin, r.weight_margin]
            for r in components.itertuples()
        ],
        "proofs": [
            [lemma, method, result, len(g), quantity(g["time_s"].sum(), "s")]
            for (lemma, method, result), g in proofs.groupby(["lemma", "method", "result"], sort=False)
        ],
    }


def _evidence(results: Results) -> dict[str, Any]:
    faults, operations = (results.table(EXPERIMENT, t) for t in ("faults", "operations"))
    injected, control = faults[faults["fault"] != "none"], faults[faults["fault"] == "none"]
    caught = injected["detected_by"].fillna("")
    injected = injected.assign(enumeration=caught.str.contains("enumeration"), proof=caught.str.contains("proof"))
    return {
        "proven": operations.query("evidence == 'proven' and mismatches == 0")["operation"].nunique(),
        "fault_count": len(injected),
        "faults_found": injected["detected"].sum(),
        "false_alarms": control["detected"].sum(),
        "operations": operations["operation"].nunique(),
        **operations[["cases", "mismatches"]].sum().add_prefix("operation_"),
        "evidence": [  # a proof tries no pairs and holds for all
            [b, bits, e, g["operation"].nunique(), "all" if e == "proven" else g["cases"].sum(), g["mismatches"].sum()]
            for (b, bits, e), g in operations.groupby(["backend", "bits", "evidence"], sort=False)
        ],
        "faults": [
            [kind, len(g), *g[["detected", "enumeration", "proof"]].sum()] for kind, g in injected.groupby("fault", sort=False)
        ],
    }


def _latency(results: Results) -> dict[str, Any]:
    latency = results.table("alu_verification", "latency")
    neural = latency[latency["backend"] == "torch_neural"]
    large = int(latency["batch"].max())
    time_s = neural.set_index(["operation", "batch"])["median_s"]

    def one(operation: str, batch: int) -> float:
        return time_s.get((operation, batch), float("nan")) / batch

    shown = [op for op in _SHOWN if (op, large) in time_s.index]
    return {
        "large_batch": large,
        "add_alone": quantity(one("add", 1), "s"),
        "mul_alone": quantity(one("mul", 1), "s"),
        "mul_over_add_alone": one("mul", 1) / one("add", 1),
        "mul_over_add_batched": one("mul", large) / one("add", large),
        "add_rate_batched": quantity(1 / one("add", large), "/s"),
        "latency": [[op, quantity(one(op, 1), "s"), quantity(one(op, large), "s")] for op in shown],
    }
